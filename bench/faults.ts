/**
 * `npm run bench:faults [-- --only NAME] [--json] [--lanes N]`: tries every fault on a real host with three bots under steady
 * traffic and says what became of it. Exit 1 if anything was lost, doubled, given up on or silent. Under 10 minutes with two
 * faults at a time; figures of the others' latencies are best with `--lanes 1`.
 */
import { parseArgs } from "node:util";
import { temporaryFolder } from "../test/doubles/folder.ts";
import { databaseFaults } from "./lab/database-faults.ts";
import { compileLabExecutable } from "./lab/executable.ts";
import { renderFaults } from "./lab/fault-table.ts";
import { homeserverFaults } from "./lab/homeserver-faults.ts";
import { processFaults } from "./lab/process-faults.ts";
import { type Finding, type LabFault, tryFault } from "./lab/trial.ts";

const faults: readonly LabFault[] = [...homeserverFaults, ...processFaults, ...databaseFaults];

/** So many at a time, the longest first; the findings come in the order of the faults. */
async function tryAll(
  chosen: readonly LabFault[],
  lanes: number,
  executable: string,
  say: (line: string) => void,
): Promise<Finding[]> {
  const findings = new Map<string, Finding>();
  const waiting = chosen.toSorted((one, other) => other.lastsMs - one.lastsMs);
  const lane = async () => {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      const finding = await tryFault(fault, executable).catch((error) =>
        failed(fault.name, fault.victim, error),
      );
      findings.set(fault.name, finding);
      const verdict = finding.wrong.length === 0 ? "fine" : finding.wrong.join("; ");
      say(`  ${findings.size} of ${chosen.length} ${fault.name}: ${verdict}`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return chosen.flatMap(({ name }) => findings.get(name) ?? []);
}

/** The trial itself did not come to its end. */
function failed(name: string, victim: string, error: unknown): Finding {
  const nothing = { asked: 0, lost: 0, doubled: 0, refused: 0, worstMs: 0, said: "" };
  const unknown = { detectedMs: undefined, recoveredMs: undefined, othersBeforeMs: [], othersDuringMs: [] };
  return { name, victim, ...nothing, ...unknown, wrong: [`not tried: ${String(error)}`] };
}

const { only, json, lanes } = parseArgs({
  options: { only: { type: "string" }, json: { type: "boolean" }, lanes: { type: "string", default: "2" } },
}).values;
const chosen = faults.filter(({ name }) => only === undefined || name.includes(only));
if (chosen.length === 0) {
  console.error(`--only takes (a part of) one of: ${faults.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
using folder = temporaryFolder();
console.error(`Trying ${chosen.length} faults ...`);
const executable = await compileLabExecutable(folder.path);
const findings = await tryAll(chosen, Number(lanes), executable, (line) => console.error(line));
console.log(json ? JSON.stringify(findings, undefined, 2) : renderFaults(findings));
process.exit(findings.some(({ wrong }) => wrong.length > 0) ? 1 : 0);
