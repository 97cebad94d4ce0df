/**
 * `bun bench/side-by-side.ts [--rate N] [--seconds N] [--rounds N] [--json]`: whether instances harm each other. Three loaded
 * ones against one alone, and the other two of three while the third spins for ever, with the answers of `/healthz` meanwhile.
 * One account, one room and the same load for each instance; all by turns, so that what else the machine does harms all alike.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { temporaryFolder } from "../test/doubles/folder.ts";
import { findFreePort } from "../test/doubles/free-port.ts";
import { startHomeserver } from "./homeserver-process.ts";
import type { Burst, Job, Outcome } from "./job.ts";
import { compileLabExecutable } from "./lab/executable.ts";
import { ask, describeJob, startProgram } from "./measure.ts";
import { percentile } from "./percentile.ts";

interface Effort {
  readonly perInstance: number;
  readonly seconds: number;
}

/** One way to run it; the latencies of all its turns together. */
interface Case {
  readonly name: string;
  readonly instances: number;
  /** Which are loaded and measured. */
  readonly loaded: readonly number[];
  readonly spinning?: number;
  readonly latenciesMs: number[];
  readonly healthMs: number[];
  /** How many processors the host kept busy; one more while a bot spins. */
  readonly busy: number[];
  lost: number;
}

const cases: readonly Case[] = [
  { name: "one alone", instances: 1, loaded: [0], latenciesMs: [], healthMs: [], busy: [], lost: 0 },
  {
    name: "three, all loaded",
    instances: 3,
    loaded: [0, 1, 2],
    latenciesMs: [],
    healthMs: [],
    busy: [],
    lost: 0,
  },
  {
    name: "three, two loaded, one idle",
    instances: 3,
    loaded: [0, 1],
    latenciesMs: [],
    healthMs: [],
    busy: [],
    lost: 0,
  },
  {
    name: "three, two loaded, one spinning",
    instances: 3,
    loaded: [0, 1],
    spinning: 2,
    latenciesMs: [],
    healthMs: [],
    busy: [],
    lost: 0,
  },
];

function writeConfig(job: Job, port: number, spinning: number | undefined): string {
  const config = {
    homeserver: { url: job.homeserverUrl },
    server: { host: "127.0.0.1", port },
    data_dir: join(job.folder, "data"),
    accounts: Object.fromEntries(
      job.accounts.map(({ userId, accessToken }) => [userId, { access_token: accessToken }]),
    ),
    instances: Object.fromEntries(
      job.accounts.map(({ userId, rooms }, index) => [
        `bot${index}`,
        {
          plugin: "lab",
          account: userId,
          rooms,
          sends_per_minute: 100_000,
          config: { spins: index === spinning },
        },
      ]),
    ),
  };
  const file = join(job.folder, "config.yaml");
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

async function runCase(each: Case, executable: string, { perInstance, seconds }: Effort): Promise<void> {
  await using homeserver = await startHomeserver();
  const folder = mkdtempSync(join(tmpdir(), "roost-bench-"));
  const request = { accounts: each.instances, roomsPerAccount: 1 };
  const port = await findFreePort();
  await ask(homeserver.url, "begin", request);
  const config = writeConfig(describeJob(homeserver.url, request, folder), port, each.spinning);
  const command = [executable, "serve", "--config", config];
  const { program } = await startProgram(command, folder, homeserver.url, request);
  const run = async (burst: Omit<Burst, "allRooms">) =>
    (await ask(homeserver.url, "run", { ...burst, allRooms: true })) as Outcome;
  const perSecond = perInstance * each.loaded.length;
  try {
    // What a new process does once is not what is compared.
    await run({ events: perSecond * 2, perSecond, accounts: each.loaded, patienceMs: 10_000 });
    if (each.spinning !== undefined) {
      await run({ events: 1, accounts: [each.spinning], patienceMs: 100 });
    }
    const [beganMs, cpuMs] = [performance.now(), program.cpuMs()];
    const watch = watchHealth(port, each.healthMs);
    const outcome = await run({
      events: perSecond * seconds,
      perSecond,
      accounts: each.loaded,
      patienceMs: 20_000,
    });
    await watch();
    each.busy.push((program.cpuMs() - cpuMs) / (performance.now() - beganMs));
    each.latenciesMs.push(...outcome.latenciesMs);
    each.lost += outcome.lost + outcome.doubled;
  } finally {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asks ten times a second, until the returned function is called. */
function watchHealth(port: number, healthMs: number[]): () => Promise<void> {
  const abort = new AbortController();
  const watch = async () => {
    while (!abort.signal.aborted) {
      const askedAtMs = performance.now();
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
      await answer.text();
      healthMs.push(performance.now() - askedAtMs);
      await Bun.sleep(100);
    }
  };
  const watching = watch();
  return () => {
    abort.abort();
    return watching;
  };
}

const { rate, seconds, rounds, json } = parseArgs({
  options: {
    rate: { type: "string", default: "40" },
    seconds: { type: "string", default: "12" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean" },
  },
}).values;
const effort = { perInstance: Number(rate), seconds: Number(seconds) };
using folder = temporaryFolder();
const executable = await compileLabExecutable(folder.path);
for (let round = 1; round <= Number(rounds); round++) {
  for (const each of cases) {
    console.error(`  round ${round} of ${rounds}: ${each.name} ...`);
    await runCase(each, executable, effort);
  }
}
const results = cases.map(({ name, latenciesMs, healthMs, busy, lost }) => ({
  name,
  p50Ms: percentile(latenciesMs, 0.5),
  p99Ms: percentile(latenciesMs, 0.99),
  healthP99Ms: percentile(healthMs, 0.99),
  healthWorstMs: Math.max(...healthMs),
  busy: percentile(busy, 0.5),
  lost,
}));
if (json) {
  console.log(JSON.stringify({ perSecondAndInstance: effort.perInstance, results }, undefined, 2));
} else {
  console.log(`${effort.perInstance} messages a second for each loaded instance\n`);
  console.log(
    "| case | p50 (ms) | p99 (ms) | against | p50 | p99 | /healthz p99 (ms) | longest | processors busy | lost or doubled |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const [index, { name, p50Ms, p99Ms, healthP99Ms, healthWorstMs, busy, lost }] of results.entries()) {
    const base = index % 2 === 1 ? results[index - 1] : undefined;
    const ratio = (value: number, of: number | undefined) =>
      of === undefined ? "" : `${(value / of).toFixed(2)}x`;
    const cells = [
      name,
      p50Ms.toFixed(2),
      p99Ms.toFixed(2),
      base?.name ?? "",
      ratio(p50Ms, base?.p50Ms),
      ratio(p99Ms, base?.p99Ms),
      healthP99Ms.toFixed(1),
      healthWorstMs.toFixed(1),
      busy.toFixed(2),
      lost,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
process.exitCode = results.some(({ lost }) => lost > 0) ? 1 : 0;
