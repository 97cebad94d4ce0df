/** A host on a real Synapse with two bots in a room, an admin room, and somebody who asks both steadily. */
import { stringAt } from "../../src/core/json.ts";
import { until } from "./delivery.ts";
import type { HostProcess } from "./host.ts";
import { replyTarget } from "./reply-target.ts";
import type { Synapse } from "./synapse.ts";
import { SynapseScene } from "./synapse-scene.ts";

export class SynapseTalk {
  readonly synapse: Synapse;
  readonly host: HostProcess;
  readonly #scene: SynapseScene;
  readonly #room: string;
  readonly #adminRoom: string;

  private constructor(scene: SynapseScene, room: string, adminRoom: string) {
    this.synapse = scene.synapse;
    this.host = scene.host;
    this.#scene = scene;
    this.#room = room;
    this.#adminRoom = adminRoom;
  }

  /** Resolves when both bots run and have answered in the room. */
  static async open(python: string): Promise<SynapseTalk> {
    const scene = await SynapseScene.open(python);
    const [room, adminRoom] = [await scene.openRoom(), await scene.openRoom()];
    const instances = names.map(
      (name) =>
        `  ${name}: { plugin: echo, account: "${scene.userId(name)}", rooms: ["${room}"], prefix: "${prefixOf(name)}" }\n`,
    );
    const accounts = names.map((name) => `  "${scene.userId(name)}": {}\n`);
    await scene.configure(
      `admin: { account: "${scene.userId("roost")}", room: "${adminRoom}" }\naccounts:\n${accounts.join("")}instances:\n${instances.join("")}`,
    );
    scene.host.start();
    await Promise.all(names.map((name) => scene.host.untilInstance(name, "running", 30_000)));
    await scene.joined(room, ...names);
    const talk = new SynapseTalk(scene, room, adminRoom);
    await talk.converse(30_000);
    return talk;
  }

  /** Asks both bots by turns, as often as it goes, until the returned function is called; what fails while Synapse is away is dropped. */
  talk(everyMs: number): () => Promise<void> {
    const abort = new AbortController();
    const talking = (async () => {
      for (let count = 0; !abort.signal.aborted; count++) {
        const text = `${prefixOf(names[count % 2] ?? "first")}echo ${count}`;
        await this.#scene.anna.say(this.#room, text).catch(() => {});
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
    const history = await this.#scene.anna.history(this.#room);
    const counts = new Map<string, number>();
    for (const { type, sender, eventId } of history) {
      if (type === "m.room.message" && sender === this.#scene.anna.userId) counts.set(eventId, 0);
    }
    for (const { content } of history) {
      const target = replyTarget(content) ?? "";
      const known = counts.get(target);
      if (known !== undefined) counts.set(target, known + 1);
    }
    return counts;
  }
  /** Asks both bots something and resolves when they have answered. */
  async converse(timeoutMs: number): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const asked = await this.#scene.anna.say(this.#room, `${prefixOf(name)}echo still there?`);
        await until("it has answered", async () => ((await this.#counts()).get(asked) ?? 0) > 0, timeoutMs);
      }),
    );
  }
  async untilAllAnswered(timeoutMs: number): Promise<void> {
    await until("all are answered", async () => (await this.tally()).unanswered === 0, timeoutMs);
  }

  /** What stands in the admin room, edits left out. */
  async adminMessages(): Promise<string[]> {
    const history = await this.#scene.anna.history(this.#adminRoom);
    return history
      .filter(({ sender, type }) => sender === this.#scene.userId("roost") && type === "m.room.message")
      .filter(({ content }) => stringAt(content["m.relates_to"], "rel_type") !== "m.replace")
      .map(({ content }) => String(content.body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scene[Symbol.asyncDispose]();
  }
}

const names = ["first", "second"];

function prefixOf(name: string): string {
  return name === "first" ? "!" : "?";
}
