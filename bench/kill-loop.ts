/**
 * Kills a host with -9 at random moments under traffic, again and again, and counts what was lost and what was answered twice.
 * Two echo bots share an account; an Instagram bot has one of its own, with posts that are cached on a second run, and with
 * refusals. With `--faults` the homeserver misbehaves too, in another way each round. Every database is checked at the end.
 * `bun bench/kill-loop.ts [ROUNDS] [--faults]`.
 */
import { Database } from "bun:sqlite";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { FaultAnswer } from "../src/sandbox/faults.ts";
import type { Homeserver } from "../src/sandbox/homeserver.ts";
import { ReplayedInstagram } from "../src/sandbox/instagram.ts";
import type { WireEvent } from "../src/sandbox/room-event.ts";
import { replyTarget } from "../test/doubles/reply-target.ts";
import { SandboxScene } from "../test/doubles/sandbox-scene.ts";

/** After the last kill the loop waits as long as answers come in; it gives up once none has for so long. */
const patienceMs = 60_000;
const tellEveryMs = 5_000;

interface KillTally {
  readonly rounds: number;
  readonly asked: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** What SQLite's integrity_check says of the host's databases, where it is not `ok`. */
  readonly corrupt: readonly string[];
  /** From the last start until nothing was outstanding, or the loop gave up. */
  readonly finishMs: number;
  /** How many were outstanding then. */
  readonly outstanding: number;
  /** The longest that anybody waited, over as many kills as came in between. */
  readonly slowestMs: number;
}

const yaml = (room: string, origin: string) => `
accounts:
  "@echo:sandbox": {}
  "@insta:sandbox": {}
instances:
  first: { plugin: echo, account: "@echo:sandbox", sends_per_minute: 1000000, rooms: ["${room}"] }
  second: { plugin: echo, account: "@echo:sandbox", sends_per_minute: 1000000, rooms: ["${room}"], prefix: "?" }
  insta: { plugin: instagram, account: "@insta:sandbox", sends_per_minute: 1000000, rooms: ["${room}"], config: { origin: "${origin}", budget: { burst: 100, seconds: 1 } } }
`;

/** One way to misbehave, till the faults are cleared. */
type Misbehaviour = (homeserver: Homeserver) => void;

const sends = /\/send\//;
const syncs = /\/sync$/;
const anything = /./;

function answering(path: RegExp, answer: FaultAnswer, times?: number): Misbehaviour {
  return ({ faults }) => void faults.inject({ path, answer, ...(times === undefined ? {} : { times }) });
}

const misbehaviours: readonly Misbehaviour[] = [
  answering(sends, { kind: "lost-answer" }, 10),
  answering(sends, { kind: "half" }, 10),
  answering(sends, { kind: "rate-limited", retryAfterMs: 100 }, 10),
  answering(sends, { kind: "hang" }),
  answering(syncs, { kind: "half" }, 3),
  answering(syncs, { kind: "lost-answer" }, 3),
  answering(anything, { kind: "html", status: 502 }),
  answering(anything, { kind: "drop" }, 10),
  answering(anything, { kind: "delay", delayMs: 200 }),
  answering(anything, { kind: "mislabelled", contentType: "text/plain" }),
  ({ faults }) => faults.limitTimeline(1),
  ({ faults }) => faults.disorderEvents(),
  ({ faults }) => faults.repeatEvents(20),
  ({ faults }) => faults.forgetSince(),
];

interface Question {
  readonly text: string;
  readonly bot: string;
  readonly askedAtMs: number;
}

/** What was asked and is not yet answered, and what was answered twice; read as it arrives at the homeserver. */
class Answers {
  readonly open = new Map<string, Question>();
  readonly doubled: string[] = [];
  readonly #seen = new Set<string>();
  readonly #asked = new Map<string, Question>();
  slowestMs = 0;

  get asked(): number {
    return this.#asked.size;
  }
  ask(eventId: string, text: string, bot: string): void {
    const question = { text, bot, askedAtMs: performance.now() };
    this.#asked.set(eventId, question);
    this.open.set(eventId, question);
  }
  note({ sender, content }: WireEvent): void {
    const target = replyTarget(content) ?? "";
    const question = this.#asked.get(target);
    if (question === undefined || question.bot !== sender) return;
    const answer = `${target} ${sender} ${bodyOf(content)}`;
    if (this.#seen.has(answer)) this.doubled.push(answer);
    this.#seen.add(answer);
    if (this.open.delete(target))
      this.slowestMs = Math.max(this.slowestMs, performance.now() - question.askedAtMs);
  }

  /** Resolves once all is answered, or when no answer has come in for long enough to call the rest lost. */
  async finish(progress: (line: string) => void): Promise<void> {
    let [outstanding, changedMs, toldMs] = [this.open.size, performance.now(), performance.now()];
    while (this.open.size > 0 && performance.now() - changedMs < patienceMs) {
      await Bun.sleep(50);
      if (performance.now() - toldMs >= tellEveryMs) {
        progress(`  ${this.open.size} outstanding`);
        toldMs = performance.now();
      }
      if (this.open.size === outstanding) continue;
      [outstanding, changedMs] = [this.open.size, performance.now()];
    }
  }
}

async function killLoop(
  rounds: number,
  progress: (line: string) => void,
  { faults = false } = {},
): Promise<KillTally> {
  await using scene = await SandboxScene.open({ dialect: "conduwuit" });
  const { homeserver, ada, host } = scene;
  const instagram = new ReplayedInstagram();
  await instagram.open();
  const room = ada.createRoom({ public: true });
  const links = linksOf(instagram);
  scene.configure(yaml(room, instagram.origin));
  const answers = new Answers();
  const unlisten = homeserver.onEvent((event) => answers.note(event));
  const ask = (text: string, bot: string) => answers.ask(ada.say(room, text), text, bot);

  host.start();
  for (const bot of ["@echo:sandbox", "@insta:sandbox"]) await scene.joined(room, bot);
  for (let round = 1; round <= rounds; round++) {
    homeserver.faults.clear();
    if (faults) misbehaviours[round % misbehaviours.length]?.(homeserver);
    const endsAtMs = Date.now() + 50 + Math.random() * 900;
    while (Date.now() < endsAtMs) {
      ask(`!echo ${answers.asked}`, "@echo:sandbox");
      ask(`?echo ${answers.asked}`, "@echo:sandbox");
      if (answers.asked % 5 === 0) ask(links[answers.asked % links.length] ?? "", "@insta:sandbox");
      await Bun.sleep(Math.random() * 40);
    }
    await host.kill();
    host.start();
    if (round % 10 === 0) progress(`  ${round} of ${rounds} kills, ${answers.asked} asked`);
  }
  homeserver.faults.clear();
  const outstanding = answers.open.size;
  const startedMs = performance.now();
  await answers.finish(progress);
  const finishMs = performance.now() - startedMs;
  // An answer that is given twice may come late.
  await Bun.sleep(2_000);
  await host.kill();
  unlisten();
  await instagram.close();
  return {
    rounds,
    asked: answers.asked,
    lost: [...answers.open.values()].map(({ text }) => text),
    doubled: answers.doubled,
    corrupt: checkDatabases(host.dataDir),
    finishMs,
    outstanding,
    slowestMs: answers.slowestMs,
  };
}

/** Those that are answered, and not with a promise to try again. */
function linksOf({ catalogue }: ReplayedInstagram): string[] {
  return catalogue
    .filter(
      ({ url, replies }) =>
        replies.length > 0 &&
        !url.includes(" ") &&
        !replies.some(({ says }) => says.includes("trying again")),
    )
    .map(({ url }) => url);
}

/** Tells a carousel's pictures apart, and nothing else. */
function bodyOf(content: { readonly [key: string]: unknown }): string {
  return String(content.body).slice(0, 4);
}

function checkDatabases(dataDir: string): string[] {
  const files = readdirSync(dataDir, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".db"))
    .flatMap((file) => {
      const db = new Database(join(dataDir, file));
      try {
        const answers = db.query("PRAGMA integrity_check").values();
        return answers.map(([answer]) => String(answer)).filter((answer) => answer !== "ok");
      } catch (error) {
        return [`${file}: ${String(error)}`];
      } finally {
        db.close();
      }
    });
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { faults: { type: "boolean" } },
  });
  const tally = await killLoop(Number(positionals[0] ?? 100), console.error, values);
  const { rounds, asked, lost, doubled, corrupt, finishMs, outstanding, slowestMs } = tally;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  console.log(`
| kills | asked | lost | doubled | corrupt | outstanding at the last start | answered after it | slowest answer |
| --- | --- | --- | --- | --- | --- | --- | --- |
| ${rounds} | ${asked} | ${lost.length} | ${doubled.length} | ${corrupt.length} | ${outstanding} | ${seconds(finishMs)} | ${seconds(slowestMs)} |`);
  const wrong = [...lost, ...doubled, ...corrupt];
  for (const line of wrong.slice(0, 20)) console.log(`  ${line}`);
  process.exit(wrong.length === 0 ? 0 : 1);
}
