/**
 * Kills a host with -9 at random moments under traffic, again and again, and counts what was lost and what was answered twice.
 * Two echo bots share an account; an Instagram bot has one of its own, with posts that are cached on a second run, and with
 * refusals. `bun bench/kill-loop.ts [ROUNDS]`.
 */
import { join } from "node:path";
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

export async function killLoop(rounds: number, progress: (line: string) => void): Promise<KillTally> {
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
  const unanswered = () => {
    const answers = [...answersTo().keys()];
    const known = new Set(answers.map((key) => key.split(" ", 2).join(" ")));
    return [...asked].filter(([id, { bot }]) => !known.has(`${id} ${bot}`)).map(([, { text }]) => text);
  };
  await until("everything is answered", () => unanswered().length === 0, 60_000).catch(() => {});
  const doubled = [...answersTo()].filter(([, count]) => count > 1).map(([key]) => key);
  const tally = { rounds, asked: asked.size, lost: unanswered(), doubled };
  await host.kill();
  await instagram.close();
  await homeserver.close();
  return tally;
}

/** Tells a carousel's pictures apart, and nothing else. */
function bodyOf(content: { readonly [key: string]: unknown }): string {
  return String(content.body).slice(0, 4);
}

if (import.meta.main) {
  const { rounds, asked, lost, doubled } = await killLoop(Number(process.argv[2] ?? 100), console.log);
  console.log(`${rounds} kills, ${asked} messages asked: ${lost.length} lost, ${doubled.length} doubled.`);
  for (const line of [...lost, ...doubled].slice(0, 20)) console.log(`  ${line}`);
  process.exit(lost.length + doubled.length === 0 ? 0 : 1);
}
