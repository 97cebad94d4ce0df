/** Lets one contender do the job and measures it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Burst, Contender, Job, JobRequest, Outcome, SyncTimes } from "./job.ts";
import { percentile } from "./percentile.ts";
import { Program } from "./process.ts";

export interface Load {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  readonly cpuMsPerEvent: number;
  readonly lost: number;
  readonly doubled: number;
}

export interface Figures {
  readonly startMs: number;
  readonly idleMegabytes: number;
  /** What its data folder takes once all is answered. */
  readonly diskMegabytes: number;
  readonly steady: Load;
  readonly burstOneRoom: Load;
  readonly burstAllRooms: Load;
  /** The pace of `steady` once more, when the bursts have had all that is compiled at run time compiled: a host runs for weeks. */
  readonly steadyAgain: Load;
}

/** What was measured of one contender, with one account in ten rooms and with ten accounts in a room each. */
export interface Result {
  readonly name: string;
  readonly one: Figures;
  readonly ten: Figures;
}

export interface Effort {
  readonly starts: number;
  readonly idleMs: number;
  readonly steadyEvents: number;
  readonly burstEvents: number;
}

/** Starts the contender with the accounts, each in the rooms; several times for the start, the last of them for the rest. */
export async function measure(
  contender: Contender,
  homeserverUrl: string,
  request: JobRequest,
  effort: Effort,
): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "roost-bench-"));
  try {
    await ask(homeserverUrl, "begin", request);
    const command = await contender.prepare(describeJob(homeserverUrl, request, folder));
    const startsMs: number[] = [];
    for (let start = 1; start < effort.starts; start++) {
      const { program, startMs } = await startProgram(command, folder, homeserverUrl, request);
      startsMs.push(startMs);
      await program.stop();
    }
    const { program, startMs } = await startProgram(command, folder, homeserverUrl, request);
    startsMs.push(startMs);
    try {
      const load = (burst: Omit<Burst, "patienceMs">) =>
        measureLoad(program, homeserverUrl, { ...burst, patienceMs: 20_000 });
      const steady = { events: effort.steadyEvents, perSecond: 40, allRooms: false };
      await untilAllAnswer(homeserverUrl, request);
      await Bun.sleep(effort.idleMs);
      const idleMegabytes = program.residentMegabytes();
      const loads = {
        steady: await load(steady),
        burstOneRoom: await load({ events: effort.burstEvents, allRooms: false }),
        burstAllRooms: await load({ events: effort.burstEvents, allRooms: true }),
        steadyAgain: await load(steady),
      };
      const diskMegabytes = sizeMegabytes(folder);
      return { startMs: percentile(startsMs, 0.5), idleMegabytes, diskMegabytes, ...loads };
    } catch (error) {
      throw new Error(`${contender.name} failed; it said:\n${program.output()}`, { cause: error });
    } finally {
      await program.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function describeJob(
  homeserverUrl: string,
  { accounts, roomsPerAccount }: JobRequest,
  folder: string,
): Job {
  return {
    homeserverUrl,
    folder,
    accounts: Array.from({ length: accounts }, (_, index) => ({
      userId: `@bot${index}:bench.test`,
      accessToken: `token-${index}`,
      rooms: Array.from({ length: roomsPerAccount }, (_, room) => `!room${index}x${room}:bench.test`),
    })),
  };
}

/** Resolves once every account has asked for its first sync. */
export async function startProgram(
  command: readonly string[],
  folder: string,
  homeserverUrl: string,
  request: JobRequest,
) {
  await ask(homeserverUrl, "begin", request);
  const program = new Program(command, folder);
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 50) {
    const times = (await ask(homeserverUrl, "syncs", {})) as SyncTimes;
    const synced = times.filter((time) => time !== null);
    if (synced.length === times.length) return { program, startMs: Math.max(...synced) - program.startedMs };
    if (program.hasEnded) break;
    await Bun.sleep(50);
  }
  await program.stop();
  throw new Error(`${command.join(" ")} did not sync all its accounts; it said:\n${program.output()}`);
}

/**
 * Resolves once every room gets its reply: bots may start for longer than the first sync takes, and maubot throws away what its
 * first sync after a start brings, so what is said until then is not counted for anybody.
 */
async function untilAllAnswer(homeserverUrl: string, request: JobRequest): Promise<void> {
  const events = request.accounts * request.roomsPerAccount;
  for (let attempt = 1; attempt <= 20; attempt++) {
    const { lost } = (await ask(homeserverUrl, "run", {
      events,
      allRooms: true,
      patienceMs: 1_500,
    })) as Outcome;
    if (lost === 0) return;
  }
  throw new Error("Some of its rooms get no reply, half a minute after its start.");
}

function sizeMegabytes(folder: string): number {
  const kilobytes = Number.parseInt(Bun.spawnSync(["du", "-sk", folder]).stdout.toString(), 10);
  return (kilobytes * 1024) / 1e6;
}

async function measureLoad(program: Program, homeserverUrl: string, burst: Burst): Promise<Load> {
  const beforeMs = program.cpuMs();
  const outcome = (await ask(homeserverUrl, "run", burst)) as Outcome;
  const cpuMs = program.cpuMs() - beforeMs;
  return {
    p50Ms: percentile(outcome.latenciesMs, 0.5),
    p99Ms: percentile(outcome.latenciesMs, 0.99),
    perSecond: (burst.events - outcome.lost) / (outcome.durationMs / 1000),
    cpuMsPerEvent: cpuMs / burst.events,
    lost: outcome.lost,
    doubled: outcome.doubled,
  };
}

export async function ask(
  homeserverUrl: string,
  what: "begin" | "run" | "syncs",
  body: object,
): Promise<unknown> {
  const answer = await fetch(`${homeserverUrl}/bench/${what}`, {
    method: "POST",
    body: JSON.stringify(body),
    timeout: false,
  });
  return answer.json();
}
