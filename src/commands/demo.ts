import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sentenceOf } from "../core/error.ts";
import type { RoomId } from "../core/id.ts";
import { App } from "../host/app.ts";
import { consoleSink } from "../log/console.ts";
import { LogRouter } from "../log/router.ts";
import { Homeserver } from "../sandbox/homeserver.ts";
import { ReplayedInstagram } from "../sandbox/instagram.ts";
import type { Offer } from "../sandbox/instagram-offers.ts";
import type { WireEvent } from "../sandbox/room-event.ts";
import type { SandboxUser } from "../sandbox/sandbox-user.ts";
import { exitCode, type Terminal } from "./terminal.ts";

const bot = "@instagram:sandbox";
const token = "demo-registration-token";
const answerWithinMs = 10_000;

/**
 * `roost demo`: a homeserver, an Instagram and a bot in one process, all on loopback; a scripted user pastes links and the
 * conversation is printed as it happens. With `once` it then ends: 0 if every expected reply came, else 1.
 */
export async function demo(
  options: { once?: boolean | undefined; port: string },
  terminal: Terminal,
): Promise<number> {
  if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65_535) {
    terminal.err("--port must be a number from 0 to 65535.");
    return exitCode.usage;
  }
  const stopped = terminal.stopRequested();
  const folder = mkdtempSync(join(tmpdir(), "roost-demo-"));
  const homeserver = new Homeserver({
    serverName: "sandbox",
    dialect: "conduwuit",
    registrationToken: token,
  });
  const instagram = new ReplayedInstagram();
  const router = new LogRouter();
  router.addSink(
    consoleSink((line) => terminal.err(line.trimEnd()), "text"),
    "WARN",
  );
  const configFile = join(folder, "config.yaml");
  const app = new App({ configFile, env: {}, version: terminal.version, router, self: terminal.self });
  try {
    await homeserver.open();
    instagram.open();
    const you = homeserver.createUser("you");
    const room = you.createRoom({ name: "Kites and pictures", public: true });
    const quiet = you.createRoom({ name: "Not for bots", public: true });
    const password = randomBytes(9).toString("base64url");
    const admin = `admin: { username: admin, password_hash: '${await Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 })}' }\n`;
    writeFileSync(configFile, admin + demoYaml(homeserver.url, instagram.origin, room, folder, options.port));
    terminal.out(
      `A homeserver (${homeserver.url}) and an Instagram (${instagram.origin}) of our own are up. Starting the bot ...`,
    );
    await app.open();
    await homeserver.waitForEvent(
      room,
      (event) => event.sender === bot && event.content.membership === "join",
      answerWithinMs,
    );
    terminal.out(`${bot} has registered itself with the registration token and joined the room.\n`);
    const conversation = new Conversation(homeserver, you, [room, quiet], terminal);
    const missing = await Promise.race([converse(conversation, instagram.catalogue), stopped]);
    if (missing === undefined) return options.once ? exitCode.problem : exitCode.fine;
    terminal.out(missing === 0 ? "Every expected reply came." : `${missing} expected replies did not come.`);
    if (options.once) return missing === 0 ? exitCode.fine : exitCode.problem;
    homeserver.openRoomPage({ room, user: you, links: instagram.catalogue });
    terminal.out(`\nThe page:                http://127.0.0.1:${options.port}/`);
    terminal.out(`Log in there as:         admin, with the password ${password}`);
    terminal.out(`The room, to type into:  ${homeserver.url}/`);
    terminal.out("\nStop with Ctrl-C.");
    await stopped;
    return exitCode.fine;
  } catch (error) {
    terminal.err(`The demo could not go on: ${sentenceOf(error)}`);
    return exitCode.problem;
  } finally {
    await app.close();
    await instagram.close();
    await homeserver.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function demoYaml(homeserver: string, origin: string, room: RoomId, folder: string, port: string): string {
  return `homeserver: { url: "${homeserver}", registration_token: "${token}" }
server: { port: ${port} }
data_dir: ${JSON.stringify(join(folder, "data"))}
accounts:
  "${bot}": { displayname: Instagram }
instances:
  instagram:
    plugin: instagram
    account: "${bot}"
    rooms: ["${room}"]
    config: { origin: "${origin}", budget: { burst: 100, seconds: 1 } }
`;
}

/** Pastes every offered link, one after the other; answers how many replies were missing or too many. */
async function converse(conversation: Conversation, offers: readonly Offer[]): Promise<number> {
  let wrong = 0;
  for (const offer of offers) wrong += await conversation.paste(offer);
  const [first] = offers;
  if (first !== undefined) {
    wrong += await conversation.paste(first, "the same link again: nothing is fetched or uploaded");
    conversation.pasteElsewhere(first);
  }
  return wrong + conversation.countUnexpected(offers);
}

/** The room as the scripted user lives through it. */
class Conversation {
  readonly #homeserver: Homeserver;
  readonly #user: SandboxUser;
  readonly #room: RoomId;
  readonly #quietRoom: RoomId;
  readonly #terminal: Terminal;

  constructor(
    homeserver: Homeserver,
    user: SandboxUser,
    rooms: readonly [RoomId, RoomId],
    terminal: Terminal,
  ) {
    this.#homeserver = homeserver;
    this.#user = user;
    [this.#room, this.#quietRoom] = rooms;
    this.#terminal = terminal;
  }

  async paste(offer: Offer, remark?: string): Promise<number> {
    const { out } = this.#terminal;
    out(`you        ${offer.url}${remark === undefined ? "" : `   (${remark})`}`);
    const askedAt = performance.now();
    const question = this.#user.say(this.#room, offer.url);
    let missing = 0;
    for (const { msgtype, says } of offer.replies) {
      const isReply = (event: WireEvent) =>
        this.#answers(event, question) && event.content.msgtype === msgtype && bodyOf(event).includes(says);
      try {
        const reply = await this.#homeserver.waitForEvent(this.#room, isReply, answerWithinMs);
        out(`instagram  ${describe(reply)}   (${((performance.now() - askedAt) / 1000).toFixed(2)} s)`);
      } catch {
        out(`instagram  MISSING: ${msgtype} with "${says}"`);
        missing++;
      }
    }
    if (offer.replies.length === 0) out("           (no answer: this is not a link)");
    out("");
    return missing;
  }

  pasteElsewhere(offer: Offer): void {
    this.#terminal.out(`you        ${offer.url}   (in a room that no instance lists: silence)\n`);
    this.#user.say(this.#quietRoom, offer.url);
  }

  /** Replies to what should meet with silence. Answers are in order, so those to come before the last one are there. */
  countUnexpected(offers: readonly Offer[]): number {
    const silent = offers.filter((offer) => offer.replies.length === 0).map((offer) => offer.url);
    const timeline = this.#homeserver.timeline(this.#room);
    const asked = timeline
      .filter((event) => silent.includes(bodyOf(event)))
      .map((event) => String(event.event_id));
    const answers = timeline.filter((event) => asked.some((question) => this.#answers(event, question)));
    const elsewhere = this.#homeserver.timeline(this.#quietRoom).filter((event) => event.sender === bot);
    return answers.length + elsewhere.length;
  }

  /** Whether an event replies to the question, stands in the thread under such a reply, or edits one. */
  #answers(event: WireEvent, question: string): boolean {
    const target = targetOf(event);
    if (target === undefined || target === question) return target === question;
    const between = this.#homeserver.timeline(this.#room).find(({ event_id }) => event_id === target);
    return between !== undefined && this.#answers(between, question);
  }
}

function bodyOf(event: WireEvent): string {
  return String(event.content.body ?? "");
}

function targetOf(event: WireEvent): string | undefined {
  const relation = event.content["m.relates_to"] as
    | { "m.in_reply_to"?: { event_id?: string }; rel_type?: string; event_id?: string }
    | undefined;
  return relation?.rel_type === "m.replace" ? relation.event_id : relation?.["m.in_reply_to"]?.event_id;
}

/** What sets an event apart from a plain reply. */
function wayOf(event: WireEvent): string {
  if (event.content["m.new_content"] !== undefined) return "[edits its message] ";
  const relation = event.content["m.relates_to"] as { rel_type?: string } | undefined;
  return relation?.rel_type === "m.thread" ? "[in the thread] " : "";
}

function describe(event: WireEvent): string {
  const lines = bodyOf(event)
    .split("\n")
    .filter((line) => line !== "");
  const picture = event.content.msgtype === "m.image" ? "[picture] " : "";
  return (
    wayOf(event) +
    picture +
    lines.map((line) => (line.length > 90 ? `${line.slice(0, 89)}…` : line)).join("\n           ")
  );
}
