/**
 * `npm run bench:capacity [-- --only NAME] [--instances 1,3,10]`: what one host carries: memory, disk and pace with more and more
 * instances, each with an account and a room of its own, for each way to run a bot. The figures of docs/capacity.md; about 8 minutes.
 */
import { cpus, loadavg, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { startHomeserver } from "./homeserver-process.ts";
import { type Effort, type Figures, measure } from "./measure.ts";
import { roost, roostProcess, roostPython } from "./roost.ts";

const effort: Effort = { starts: 1, idleMs: 5_000, steadyEvents: 400, burstEvents: 2_000 };
const ways = [roost, roostProcess, roostPython];

const { only, instances } = parseArgs({
  options: { only: { type: "string" }, instances: { type: "string", default: "1,3,10,20,50" } },
}).values;

function row(
  name: string,
  count: number,
  { startMs, idleMegabytes, diskMegabytes, steady, burstAllRooms }: Figures,
) {
  const figures = [
    startMs.toFixed(0),
    idleMegabytes.toFixed(0),
    diskMegabytes.toFixed(1),
    steady.p50Ms.toFixed(1),
    steady.p99Ms.toFixed(1),
    burstAllRooms.perSecond.toFixed(0),
    steady.lost + steady.doubled + burstAllRooms.lost + burstAllRooms.doubled,
  ];
  return `| ${[name, count, ...figures].join(" | ")} |`;
}

const machine = `${cpus().length} x ${cpus()[0]?.model}, ${(totalmem() / 1e9).toFixed(0)} GB, Linux ${release()}`;
console.log(`${machine}, load ${loadavg()[0]?.toFixed(1)} at the start\n`);
console.log(
  "| bots | instances | start (ms) | idle (MB) | disk (MB) | p50 at 40/s (ms) | p99 (ms) | at most (per s) | lost or doubled |",
);
console.log("|---|---|---|---|---|---|---|---|---|");
for (const way of ways.filter(({ name }) => only === undefined || name === only)) {
  const lack = await way.findLack();
  if (lack !== undefined) {
    console.error(`skipped: ${way.name}: ${lack.why}`);
    continue;
  }
  for (const count of instances.split(",").map(Number)) {
    await using homeserver = await startHomeserver();
    const figures = await measure(way, homeserver.url, { accounts: count, roomsPerAccount: 1 }, effort);
    console.log(row(way.name, count, figures));
  }
}
