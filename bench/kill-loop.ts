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
import { Homeserver } from "../src/sandbox/homeserver.ts";
import { ReplayedInstagram } from "../src/sandbox/instagram.ts";
import { until } from "../test/doubles/delivery.ts";
import { temporaryFolder } from "../test/doubles/folder.ts";
import { freePort, HostProcess } from "../test/doubles/host.ts";

export interface KillTally {
  readonly rounds: number;
  readonly asked: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** What SQLite's integrity_check says of the host's databases, where it is not `ok`. */
  readonly corrupt: readonly string[];
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

export async function killLoop(
  rounds: number,
  progress: (line: string) => void,
  { faults = false } = {},
): Promise<KillTally> {
  using folder = temporaryFolder();
  const homeserver = new Homeserver({
    serverName: "sandbox",
    dialect: "conduwuit",
    registrationToken: "letmein",
  });
  const instagram = new ReplayedInstagram();
  await homeserver.open();
  await instagram.open();
  await using host = new HostProcess(join(folder.path, "host"), await freePort());
  const ada = homeserver.createUser("ada");
  const room = ada.createRoom({ public: true });
  const links = instagram.catalogue
    .filter(
      ({ url, replies }) =>
        replies.length > 0 &&
        !url.includes(" ") &&
        !replies.some(({ says }) => says.includes("trying again")),
    )
    .map(({ url }) => url);
  host.configure(homeserver.url, yaml(room, instagram.origin));

  // Everything that was asked, by the id of the asking event, with who has to answer it.
  const asked = new Map<string, { readonly text: string; readonly bot: string }>();
  const ask = (text: string, bot: string) => void asked.set(ada.say(room, text), { text, bot });
  const answersTo = () => {
    const answers = new Map<string, number>();
    for (const event of homeserver.timeline(room)) {
      const relation = event.content["m.relates_to"] as
        | { "m.in_reply_to"?: { event_id?: string } }
        | undefined;
      const target = relation?.["m.in_reply_to"]?.event_id;
      if (target !== undefined)
        answers.set(
          `${target} ${event.sender} ${bodyOf(event.content)}`,
          1 + (answers.get(`${target} ${event.sender} ${bodyOf(event.content)}`) ?? 0),
        );
    }
    return answers;
  };

  host.start();
  await until("both have joined", () =>
    ["@echo:sandbox", "@insta:sandbox"].every((user) => homeserver.memberships(room).get(user) === "join"),
  );
  for (let round = 1; round <= rounds; round++) {
    homeserver.faults.clear();
    if (faults) misbehaviours[round % misbehaviours.length]?.(homeserver);
    const endsAtMs = Date.now() + 50 + Math.random() * 900;
    while (Date.now() < endsAtMs) {
      ask(`!echo ${asked.size}`, "@echo:sandbox");
      ask(`?echo ${asked.size}`, "@echo:sandbox");
      if (asked.size % 5 === 0) ask(links[asked.size % links.length] ?? "", "@insta:sandbox");
      await Bun.sleep(Math.random() * 40);
    }
    await host.kill();
    host.start();
    if (round % 10 === 0) progress(`  ${round} of ${rounds} kills, ${asked.size} asked`);
  }
  homeserver.faults.clear();
  const unanswered = () => {
    const answers = [...answersTo().keys()];
    const known = new Set(answers.map((key) => key.split(" ", 2).join(" ")));
    return [...asked].filter(([id, { bot }]) => !known.has(`${id} ${bot}`)).map(([, { text }]) => text);
  };
  await until("everything is answered", () => unanswered().length === 0, 60_000).catch(() => {});
  const doubled = [...answersTo()].filter(([, count]) => count > 1).map(([key]) => key);
  await host.kill();
  const corrupt = checkDatabases(host.dataDir);
  const tally = { rounds, asked: asked.size, lost: unanswered(), doubled, corrupt };
  await instagram.close();
  await homeserver.close();
  return tally;
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
  const tally = await killLoop(Number(positionals[0] ?? 100), console.log, values);
  const { rounds, asked, lost, doubled, corrupt } = tally;
  console.log(
    `${rounds} kills, ${asked} messages asked: ${lost.length} lost, ${doubled.length} doubled, ${corrupt.length} corrupt.`,
  );
  const wrong = [...lost, ...doubled, ...corrupt];
  for (const line of wrong.slice(0, 20)) console.log(`  ${line}`);
  process.exit(wrong.length === 0 ? 0 : 1);
}
