/** A host on a real Synapse with two bots in a room, an admin room, and somebody who asks both steadily. */
import { join } from "node:path";
import { stringAt } from "../../src/core/json.ts";
import { until } from "./delivery.ts";
import { temporaryFolder } from "./folder.ts";
import { findFreePort } from "./free-port.ts";
import { HostProcess } from "./host.ts";
import { MatrixUser, type SeenEvent } from "./matrix-user.ts";
import { Synapse } from "./synapse.ts";

export class SynapseScene {
  readonly synapse: Synapse;
  readonly host: HostProcess;
  readonly #folder: ReturnType<typeof temporaryFolder>;
  readonly #anna: MatrixUser;
  readonly #room: string;
  readonly #adminRoom: string;

  private constructor(parts: {
    synapse: Synapse;
    host: HostProcess;
    folder: ReturnType<typeof temporaryFolder>;
    anna: MatrixUser;
    room: string;
    adminRoom: string;
  }) {
    this.synapse = parts.synapse;
    this.host = parts.host;
    this.#folder = parts.folder;
    this.#anna = parts.anna;
    this.#room = parts.room;
    this.#adminRoom = parts.adminRoom;
  }

  /** Resolves when both bots run and have answered in the room. */
  static async open(python: string): Promise<SynapseScene> {
    const synapse = new Synapse(python);
    await synapse.start();
    const registration = await synapse.makeRegistrationToken();
    const anna = await MatrixUser.register(synapse.url, "anna", registration);
    const folder = temporaryFolder();
    const host = new HostProcess(join(folder.path, "host"), await findFreePort());
    const room = await anna.createRoom({ preset: "public_chat" });
    const adminRoom = await anna.createRoom({ preset: "public_chat" });
    const scene = new SynapseScene({ synapse, host, folder, anna, room, adminRoom });
    const instances = names.map(
      (name) =>
        `  ${name}: { plugin: echo, account: "${scene.#userId(name)}", rooms: ["${room}"], prefix: "${prefixOf(name)}" }\n`,
    );
    const accounts = names.map((name) => `  "${scene.#userId(name)}": {}\n`);
    host.configure(
      synapse.url,
      `admin: { account: "${scene.#userId("roost")}", room: "${adminRoom}" }\naccounts:\n${accounts.join("")}instances:\n${instances.join("")}`,
      registration,
    );
    host.start();
    await Promise.all(names.map((name) => host.untilInstance(name, "running", 30_000)));
    // What was said before a bot joined is history to it.
    await until("both have joined", () => scene.#haveJoined(), 30_000);
    await scene.converse(30_000);
    return scene;
  }

  #userId(name: string): string {
    return `@${name}:${this.synapse.serverName}`;
  }

  /** Asks both bots by turns, as often as it goes, until the returned function is called; what fails while Synapse is away is dropped. */
  talk(everyMs: number): () => Promise<void> {
    const abort = new AbortController();
    const talking = (async () => {
      for (let count = 0; !abort.signal.aborted; count++) {
        const text = `${prefixOf(names[count % 2] ?? "first")}echo ${count}`;
        await this.#anna.say(this.#room, text).catch(() => {});
        await Bun.sleep(everyMs);
      }
    })();
    return () => {
      abort.abort();
      return talking;
    };
  }

  /** How often each question that reached the room was answered. */
  async tally(): Promise<{ asked: number; unanswered: number; doubled: number }> {
    const all = [...(await this.#counts()).values()];
    return {
      asked: all.length,
      unanswered: all.filter((count) => count === 0).length,
      doubled: all.filter((count) => count > 1).length,
    };
  }
  /** By question, how often it was answered. */
  async #counts(): Promise<Map<string, number>> {
    const history = await this.#anna.history(this.#room);
    const counts = new Map<string, number>();
    for (const { type, sender, eventId } of history) {
      if (type === "m.room.message" && sender === this.#anna.userId) counts.set(eventId, 0);
    }
    for (const event of history) {
      const target = targetOf(event);
      const known = counts.get(target);
      if (known !== undefined) counts.set(target, known + 1);
    }
    return counts;
  }
  async #haveJoined(): Promise<boolean> {
    const history = await this.#anna.history(this.#room);
    const joined = new Set(
      history.filter(({ type }) => type === "m.room.member").map(({ sender }) => sender),
    );
    return names.every((name) => joined.has(this.#userId(name)));
  }
  /** Asks both bots something and resolves when they have answered. */
  async converse(timeoutMs: number): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const asked = await this.#anna.say(this.#room, `${prefixOf(name)}echo still there?`);
        await until("it has answered", async () => ((await this.#counts()).get(asked) ?? 0) > 0, timeoutMs);
      }),
    );
  }
  async untilAllAnswered(timeoutMs: number): Promise<void> {
    await until("all are answered", async () => (await this.tally()).unanswered === 0, timeoutMs);
  }

  /** What stands in the admin room, edits left out. */
  async adminMessages(): Promise<string[]> {
    const history = await this.#anna.history(this.#adminRoom);
    return history
      .filter(({ sender, type }) => sender === this.#userId("roost") && type === "m.room.message")
      .filter(({ content }) => stringAt(content["m.relates_to"], "rel_type") !== "m.replace")
      .map(({ content }) => String(content.body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.kill();
    await this.synapse[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

const names = ["first", "second"];

function prefixOf(name: string): string {
  return name === "first" ? "!" : "?";
}

function targetOf({ content }: SeenEvent): string {
  const relation = content["m.relates_to"] as { "m.in_reply_to"?: object } | undefined;
  return stringAt(relation?.["m.in_reply_to"], "event_id") ?? "";
}
