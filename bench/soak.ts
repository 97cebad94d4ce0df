/**
 * `bun bench/soak.ts [--messages N] [--per-second N] [--json]`: a week of three bots on one real host, with every fault that the
 * host survives twice, in random order. The week has 7 x 2,000 messages, which is plenty for rooms of people; the quiet between
 * them is left out, nothing else: faults, outages and recoveries take the time they take. So downtime is counted in real seconds
 * against seven real days.
 *
 * Half as much goes before it, every fault once: memory at the start is that of a host which has seen all that the week brings.
 * A new process has smaller heaps, less compiled code and fewer pages of the executable in memory.
 *
 * Memory is taken at rest, as found and once more after all four heaps (the main thread's, three workers') are told to collect
 * their garbage. Bun collects old objects only now and then, so that what is found swings by a tenth to either side from one rest to the
 * next without any trend; the second figure is what is in use, and is what has to be flat within 5 %. About 12 minutes.
 * Exit 1 if anything was lost or doubled, or a bound is passed.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { until } from "../test/doubles/delivery.ts";
import { temporaryFolder } from "../test/doubles/folder.ts";
import { databaseFaults } from "./lab/database-faults.ts";
import { downMs, WatchedStates } from "./lab/downtime.ts";
import { compileLabExecutable } from "./lab/executable.ts";
import { homeserverFaults } from "./lab/homeserver-faults.ts";
import { Lab, names } from "./lab/lab.ts";
import { doubled, latenciesOf, type Question, unanswered } from "./lab/ledger.ts";
import { processFaults } from "./lab/process-faults.ts";
import type { LabFault } from "./lab/trial.ts";
import { percentile } from "./percentile.ts";

const weekMs = 7 * 24 * 3_600_000;
const promisedMs = 5_000;
/** What a fault took is given back within some 12 s. */
const idleMs = 20_000;
/** Until freed pages are given back. */
const collectMs = 3_000;
/** The host lives on through these, so that its memory can be followed; and nothing is refused for good. */
const survived: readonly LabFault[] = [
  ...homeserverFaults.filter(({ lastsMs, refuses }) => lastsMs <= 6_000 && refuses !== true),
  ...processFaults.filter(({ name }) => ["handler throws", "worker crashes once"].includes(name)),
  ...databaseFaults.filter(({ name }) => name === "database locked"),
];

interface Use {
  readonly megabytes: number;
  /** Of these, what is the process's own and not pages of the executable. */
  readonly anonymousMegabytes: number;
  /** The most there ever was, with pages of the executable. */
  readonly peakMegabytes: number;
  readonly handles: number;
}

function useOf(pid: number): Use {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytesOf = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024) / 1e6;
  return {
    megabytes: megabytesOf("VmRSS"),
    anonymousMegabytes: megabytesOf("RssAnon"),
    peakMegabytes: megabytesOf("VmHWM"),
    handles: readdirSync(`/proc/${pid}/fd`).length,
  };
}

function sizeBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ value }) => value);
}

interface Rest {
  readonly found: Use;
  readonly collected: Use;
}

/** Everything is answered, then nothing happens for a while: so memory is compared at equal rest. */
async function rest(lab: Lab): Promise<Rest> {
  await until("everything is answered", () => unanswered(lab.ledger.all) === 0, 60_000).catch(() => {});
  await Bun.sleep(idleMs);
  const found = useOf(lab.host.pid);
  for (const name of names) lab.provoke(name, "!collect");
  process.kill(lab.host.pid, "SIGUSR2");
  await Bun.sleep(collectMs);
  return { found, collected: useOf(lab.host.pid) };
}

interface Happened {
  readonly name: string;
  readonly fromMs: number;
}

/** How many of these were asked since each fault began and before the next one did. */
function byFault(questions: readonly Question[], happened: readonly Happened[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { askedAtMs } of questions) {
    const name = happened.findLast(({ fromMs }) => fromMs <= askedAtMs)?.name ?? "none yet";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Faults one after another in what is left of the time, each for its own time and some quiet after it. */
async function harass(lab: Lab, untilMs: number, say: (line: string) => void): Promise<Happened[]> {
  const plan = shuffled(survived);
  const happened: Happened[] = [];
  let done = 0;
  for (const fault of plan) {
    if (performance.now() + fault.lastsMs > untilMs) continue;
    const quietMs = (untilMs - performance.now()) / (plan.length - done) - fault.lastsMs;
    await Bun.sleep(Math.max(500, quietMs * (0.5 + Math.random() / 2)));
    happened.push({ name: fault.name, fromMs: performance.now() });
    const end = await fault.begin(lab);
    await Bun.sleep(fault.lastsMs);
    await end();
    done += 1;
    if (done % 5 === 0) say(`  ${done} of ${plan.length} faults, ${lab.ledger.all.length} messages`);
  }
  return happened;
}

/** A Markdown table of figures, and one of what the process used. */
function renderSoak({
  use,
  ...figures
}: { readonly use: readonly Rest[] } & Record<string, unknown>): string {
  const text = (value: unknown) =>
    typeof value === "number" ? String(Number(value.toFixed(3))) : JSON.stringify(value);
  const lines = Object.entries(figures).map(([name, value]) => `| ${name} | ${text(value)} |`);
  const uses = use.map(({ found, collected }, index) => {
    const megabytes = [found, collected].flatMap((each) => [each.megabytes, each.anonymousMegabytes]);
    const cells = [...megabytes, found.peakMegabytes].map((each) => each.toFixed(1));
    return `| ${[["start, warm", "after half of the week", "end"][index], ...cells, found.handles].join(" | ")} |`;
  });
  return `| figure | value |
| --- | --- |
${lines.join("\n")}

| at rest (MB) | memory found | own pages | memory in use | own pages | peak so far | file handles |
| --- | --- | --- | --- | --- | --- | --- |
${uses.join("\n")}`;
}

const options = parseArgs({
  options: {
    messages: { type: "string", default: String(7 * 2_000) },
    "per-second": { type: "string", default: "35" },
    json: { type: "boolean" },
  },
}).values;
const [messages, perSecond] = [Number(options.messages), Number(options["per-second"])];
const say = (line: string) => console.error(line);
using folder = temporaryFolder();
await using lab = await Lab.open(await compileLabExecutable(folder.path));
const { pid } = lab.host;

interface Half {
  readonly faults: readonly Happened[];
  readonly use: Rest;
  /** The longest that any of the bots was not running. */
  readonly notRunningMs: number;
}

/** Half of the week: messages, every fault once, and rest, with health asked all the while. */
async function halfWeek(): Promise<Half> {
  const already = lab.ledger.all.length;
  const states = new WatchedStates(lab);
  states.open();
  lab.beginTraffic(perSecond);
  const faults = await harass(lab, performance.now() + (messages * 500) / perSecond, say);
  await until("the half is over", () => lab.ledger.all.length - already >= messages / 2, 600_000);
  lab.endTraffic();
  const use = await rest(lab);
  await states.close();
  return { faults, use, notRunningMs: states.worstMs };
}

say("Warming up ...");
const { use: before } = await halfWeek();
say(`A week: ${messages} messages, every fault twice ...`);
const began = lab.ledger.all.length;
const halves = [await halfWeek(), await halfWeek()];
const faults = halves.flatMap((half) => half.faults);
const uses = halves.map(({ use }) => use);
const notRunningMs = halves.reduce((sum, half) => sum + half.notRunningMs, 0);
const { code: backupCode } = await lab.host.command("backup");

const questions = lab.ledger.all.slice(began);
const downByAnswersMs = Math.max(
  ...names.map((name) =>
    downMs(
      questions.filter(({ instance }) => instance === name),
      promisedMs,
    ),
  ),
);
const latenciesMs = latenciesOf(questions);
const result = {
  messages: questions.length,
  faults: faults.length,
  late: byFault(
    questions.filter(({ latencyMs = 0 }) => latencyMs > promisedMs),
    faults,
  ),
  twice: byFault(
    questions.filter(({ answers }) => answers > 1),
    faults,
  ),
  lost: unanswered(lab.ledger.all),
  doubled: doubled(lab.ledger.all),
  isSameProcess: lab.host.pid === pid,
  answeredIn5sPercent: (100 * latenciesMs.filter((ms) => ms <= promisedMs).length) / questions.length,
  p50Ms: percentile(latenciesMs, 0.5),
  p99Ms: percentile(latenciesMs, 0.99),
  longestMs: Math.max(...latenciesMs),
  notRunningSeconds: notRunningMs / 1000,
  lateSeconds: downByAnswersMs / 1000,
  availabilityPercent: 100 * (1 - Math.max(notRunningMs, downByAnswersMs) / weekMs),
  use: [before, ...uses],
  stateMegabytes: sizeBytes(lab.host.dataDir) / 1e6,
  hasBackup: backupCode === 0,
};
console.log(options.json ? JSON.stringify(result, undefined, 2) : renderSoak(result));
const isFine =
  result.lost + result.doubled === 0 &&
  result.availabilityPercent >= 99.9 &&
  (uses[1]?.collected.megabytes ?? 0) <= before.collected.megabytes * 1.05 &&
  result.stateMegabytes <= 100;
process.exitCode = isFine ? 0 : 1;
