/**
 * `npm run bench [-- --only NAME] [--quick] [--json]`: the same job for a bare loop, for maubot and for dist/roost with a bot in a
 * worker, in a confined process, and with the one that maubot runs; one after another on a homeserver that does nothing.
 * Absolute figures differ from machine to machine; the ratios are what counts.
 */
import { parseArgs } from "node:util";
import { bareLoop } from "./bare-loop.ts";
import { startHomeserver } from "./homeserver-process.ts";
import type { Contender, JobRequest } from "./job.ts";
import { maubot } from "./maubot.ts";
import { type Effort, type Figures, measure, type Result } from "./measure.ts";
import { roost, roostProcess, roostPython } from "./roost.ts";
import { renderTable } from "./table.ts";

const contenders: readonly Contender[] = [bareLoop, maubot, roost, roostProcess, roostPython];
const thorough: Effort = { starts: 5, idleMs: 5_000, steadyEvents: 400, burstEvents: 5_000 };
const quick: Effort = { starts: 1, idleMs: 1_000, steadyEvents: 80, burstEvents: 1_000 };

async function runAll(
  chosen: readonly Contender[],
  effort: Effort,
  say: (line: string) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const contender of chosen) {
    const lack = await contender.findLack();
    if (lack !== undefined) {
      say(`skipped: ${contender.name}: ${lack.why}`);
      continue;
    }
    say(`measuring ${contender.name}, one account ...`);
    const one = await measureOnFreshHomeserver(contender, { accounts: 1, roomsPerAccount: 10 }, effort);
    say(`measuring ${contender.name}, ten accounts ...`);
    const ten = await measureOnFreshHomeserver(contender, { accounts: 10, roomsPerAccount: 1 }, effort);
    results.push({ name: contender.name, one, ten });
  }
  return results;
}

async function measureOnFreshHomeserver(
  contender: Contender,
  request: JobRequest,
  effort: Effort,
): Promise<Figures> {
  await using homeserver = await startHomeserver();
  return await measure(contender, homeserver.url, request, effort);
}

const {
  only,
  json,
  quick: isQuick,
} = parseArgs({
  options: { only: { type: "string" }, json: { type: "boolean" }, quick: { type: "boolean" } },
}).values;
const chosen = contenders.filter(({ name }) => only === undefined || name.startsWith(only));
if (chosen.length === 0) {
  console.error(`--only takes one of: ${contenders.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const results = await runAll(chosen, isQuick ? quick : thorough, (line) => console.error(line));
console.log(json ? JSON.stringify(results, undefined, 2) : renderTable(results));
