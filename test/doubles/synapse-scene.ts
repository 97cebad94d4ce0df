/** A host on a real Synapse: one bot whose password Roost keeps, one that was given a token, an admin room, and traffic. */
import { join } from "node:path";
import { stringAt } from "../../src/core/json.ts";
import { until } from "./delivery.ts";
import { temporaryFolder } from "./folder.ts";
import { freePort, HostProcess } from "./host.ts";
import { call, MatrixUser, type SeenEvent } from "./matrix-user.ts";
import { Synapse } from "./synapse.ts";

const paths = { login: "/_matrix/client/v3/login", admin: "/_synapse/admin/v2/users" };

export class SynapseScene {
  readonly synapse: Synapse;
  readonly host: HostProcess;
  readonly #folder: ReturnType<typeof temporaryFolder>;
  readonly #anna: MatrixUser;
  readonly #room: string;
  readonly #adminRoom: string;
  readonly #registration: string;

  private constructor(parts: {
    synapse: Synapse;
    host: HostProcess;
    folder: ReturnType<typeof temporaryFolder>;
    anna: MatrixUser;
    room: string;
    adminRoom: string;
    registration: string;
  }) {
    this.synapse = parts.synapse;
    this.host = parts.host;
    this.#folder = parts.folder;
    this.#anna = parts.anna;
    this.#room = parts.room;
    this.#adminRoom = parts.adminRoom;
    this.#registration = parts.registration;
  }

  /** Resolves when both bots, `kept` and `given`, run and are in the room. */
  static async open(python: string): Promise<SynapseScene> {
    const synapse = new Synapse(python);
    await synapse.start();
    const registration = await synapse.makeRegistrationToken();
    const anna = await MatrixUser.register(synapse.url, "anna", registration);
    await MatrixUser.register(synapse.url, "given", registration);
    const folder = temporaryFolder();
    const host = new HostProcess(join(folder.path, "host"), await freePort());
    const room = await anna.createRoom({ preset: "public_chat" });
    const adminRoom = await anna.createRoom({ preset: "public_chat" });
    const scene = new SynapseScene({ synapse, host, folder, anna, room, adminRoom, registration });
    await scene.giveToken();
    host.start();
    for (const bot of ["kept", "given"]) {
      await host.untilInstance(bot, "running", 30_000);
      await scene.#answered(await anna.say(room, `${prefixOf(bot)}echo hello`));
    }
    return scene;
  }

  userId(name: string): string {
    return `@${name}:${this.synapse.serverName}`;
  }

  /** Logs `given` in anew and writes its token into the YAML. */
  async giveToken(): Promise<void> {
    const { body } = await call(this.synapse.url, "POST", paths.login, {
      type: "m.login.password",
      identifier: { type: "m.id.user", user: "given" },
      password: "given-password",
    });
    const token = stringAt(body, "access_token") ?? "";
    const instance = (name: string) =>
      `  ${name}: { plugin: echo, account: "${this.userId(name)}", rooms: ["${this.#room}"], prefix: "${prefixOf(name)}" }\n`;
    this.host.configure(
      this.synapse.url,
      `admin: { account: "${this.userId("roost")}", room: "${this.#adminRoom}" }\naccounts:\n  "${this.userId("kept")}": {}\n  "${this.userId("given")}": { access_token: ${token} }\ninstances:\n${instance("kept")}${instance("given")}`,
      this.#registration,
    );
  }

  /** Asks both bots by turns, as often as it goes, until the returned function is called; what fails while Synapse is away is dropped. */
  talk(everyMs: number): () => Promise<void> {
    const abort = new AbortController();
    const talking = (async () => {
      for (let count = 0; !abort.signal.aborted; count++) {
        const text = `${prefixOf(count % 2 === 0 ? "kept" : "given")}echo ${count}`;
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
    const all = [...counts.values()];
    return {
      asked: all.length,
      unanswered: all.filter((count) => count === 0).length,
      doubled: all.filter((count) => count > 1).length,
    };
  }
  /** Asks a bot something and resolves when it has answered. */
  async converse(name: string, timeoutMs: number): Promise<void> {
    await this.#answered(await this.#anna.say(this.#room, `${prefixOf(name)}echo still there?`), timeoutMs);
  }
  async untilAllAnswered(timeoutMs: number): Promise<void> {
    await until("all are answered", async () => (await this.tally()).unanswered === 0, timeoutMs);
  }

  /** What stands in the admin room, edits left out. */
  async adminMessages(): Promise<string[]> {
    const history = await this.#anna.history(this.#adminRoom);
    return history
      .filter(({ sender, type }) => sender === this.userId("roost") && type === "m.room.message")
      .filter(({ content }) => stringAt(content["m.relates_to"], "rel_type") !== "m.replace")
      .map(({ content }) => String(content.body));
  }

  async devices(name: string): Promise<string[]> {
    const admin = await this.synapse.admin();
    const answer = await admin.request(
      "GET",
      `${paths.admin}/${encodeURIComponent(this.userId(name))}/devices`,
    );
    return (Array.isArray(answer.devices) ? answer.devices : []).map(
      (device: unknown) => stringAt(device, "device_id") ?? "",
    );
  }
  /** Deletes all of its devices, and with them its access tokens. */
  async deleteDevices(name: string): Promise<void> {
    const admin = await this.synapse.admin();
    const user = `${paths.admin}/${encodeURIComponent(this.userId(name))}`;
    await admin.request("POST", `${user}/delete_devices`, { devices: await this.devices(name) });
  }

  async #answered(eventId: string, timeoutMs = 20_000): Promise<void> {
    await this.#anna.waitFor((event) => targetOf(event) === eventId, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.kill();
    await this.synapse[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

function prefixOf(name: string): string {
  return name === "kept" ? "!" : "?";
}

function targetOf({ content }: SeenEvent): string {
  const relation = content["m.relates_to"] as { "m.in_reply_to"?: object } | undefined;
  return stringAt(relation?.["m.in_reply_to"], "event_id") ?? "";
}
