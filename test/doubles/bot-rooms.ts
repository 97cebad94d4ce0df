import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Homeserver } from "../../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../../src/sandbox/sandbox-user.ts";
import { until } from "./delivery.ts";
import type { HostProcess } from "./host.ts";
import { archiveOf } from "./plugin-archive.ts";
import { SandboxScene, type SceneOptions } from "./sandbox-scene.ts";

interface BotRoomsOptions extends Pick<SceneOptions, "env" | "command"> {
  /** Each has an account and a room of its own. */
  readonly bots: readonly string[];
  /** Lie in the plugins folder before the host starts, by the archive's name. */
  readonly plugins?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The YAML of a bot's instance, without account; `rooms` too unless it is said. */
  readonly instance: (bot: string) => string;
  /** What else the config says. */
  readonly yaml?: string;
}

/** A real host whose bots sit in rooms of a sandbox homeserver, each in its own, with Ada. */
export class BotRooms {
  readonly #scene: SandboxScene;
  readonly #rooms: ReadonlyMap<string, string>;

  private constructor(scene: SandboxScene, rooms: ReadonlyMap<string, string>) {
    this.#scene = scene;
    this.#rooms = rooms;
  }

  /** Resolves when the host has been started, not when its bots run. */
  static async open({ bots, plugins = {}, instance, yaml = "", ...how }: BotRoomsOptions): Promise<BotRooms> {
    const scene = await SandboxScene.open(how);
    const rooms = new Map(bots.map((bot) => [bot, scene.ada.createRoom({ name: bot, public: true })]));
    const botRooms = new BotRooms(scene, rooms);
    mkdirSync(botRooms.pluginFile(""), { recursive: true });
    for (const [name, files] of Object.entries(plugins))
      writeFileSync(botRooms.pluginFile(name), archiveOf(files));
    const accounts = bots.map((bot) => `"${userId(bot)}": {}`).join(", ");
    const instances = bots.map((bot) => {
      const said = instance(bot);
      const where = said.includes("rooms:") ? "" : `, rooms: ["${rooms.get(bot)}"]`;
      return `  ${bot}: { account: "${userId(bot)}", ${said}${where} }\n`;
    });
    scene.configure(`${yaml}accounts: { ${accounts} }\ninstances:\n${instances.join("")}`);
    scene.host.start();
    return botRooms;
  }

  get homeserver(): Homeserver {
    return this.#scene.homeserver;
  }

  get ada(): SandboxUser {
    return this.#scene.ada;
  }

  get host(): HostProcess {
    return this.#scene.host;
  }

  pluginFile(name: string): string {
    return join(this.host.dataDir, "plugins", name);
  }

  roomOf(bot: string): string {
    return this.#rooms.get(bot) ?? "";
  }

  /** Ada writes in the bot's room; answers the event's id. */
  say(bot: string, body: string): string {
    return this.ada.say(this.roomOf(bot), body);
  }

  sent(bot: string, type = "m.room.message") {
    return this.homeserver
      .timeline(this.roomOf(bot))
      .filter((event) => event.sender === userId(bot) && event.type === type);
  }

  replies(bot: string): string[] {
    return this.sent(bot).map(({ content }) => String(content.body));
  }

  answered(bot: string, body: string | RegExp): Promise<void> {
    return until(`${bot} answers ${body}`, () =>
      this.replies(bot).some((reply) => reply.match(body) !== null),
    );
  }

  told(sentence: string): Promise<void> {
    return until(`it is told: ${sentence}`, () => this.host.output.includes(sentence));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scene[Symbol.asyncDispose]();
  }
}

function userId(bot: string): string {
  return `@${bot}:sandbox`;
}
