import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Homeserver } from "../../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../../src/sandbox/sandbox-user.ts";
import { until } from "./delivery.ts";
import { temporaryFolder } from "./folder.ts";
import { freePort, HostProcess } from "./host.ts";
import { archiveOf } from "./plugin-archive.ts";

export interface SandboxStageOptions {
  /** Each has an account and a room of its own. */
  readonly bots: readonly string[];
  /** Lie in the plugins folder before the host starts, by the archive's name. */
  readonly plugins?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The YAML of a bot's instance, without account; `rooms` too unless it is said. */
  readonly instance: (bot: string) => string;
  /** What else the config says. */
  readonly yaml?: string;
  readonly env?: Record<string, string>;
  /** How to start Roost, if otherwise than usual. */
  readonly command?: readonly string[];
}

/** A real host whose bots sit in rooms of a sandbox homeserver, each in its own, with Ada. */
export class SandboxStage {
  readonly #folder = temporaryFolder();
  readonly #rooms = new Map<string, string>();
  readonly homeserver = new Homeserver({
    serverName: "sandbox",
    dialect: "synapse",
    registrationToken: "letmein",
  });
  readonly host: HostProcess;
  readonly ada: SandboxUser;

  private constructor(port: number, env: Record<string, string>, command: readonly string[] | undefined) {
    this.host = new HostProcess(join(this.#folder.path, "host"), port, env, command);
    this.ada = this.homeserver.createUser("ada");
  }

  /** Resolves when the host has been started, not when its bots run. */
  static async open({
    bots,
    plugins = {},
    instance,
    yaml = "",
    env = {},
    command,
  }: SandboxStageOptions): Promise<SandboxStage> {
    const stage = new SandboxStage(await freePort(), env, command);
    const { homeserver, host, ada } = stage;
    await homeserver.open();
    mkdirSync(stage.pluginFile(""), { recursive: true });
    for (const [name, files] of Object.entries(plugins))
      writeFileSync(stage.pluginFile(name), archiveOf(files));
    for (const bot of bots) stage.#rooms.set(bot, ada.createRoom({ name: bot, public: true }));
    const accounts = bots.map((bot) => `"@${bot}:sandbox": {}`).join(", ");
    const instances = bots.map((bot) => {
      const said = instance(bot);
      const rooms = said.includes("rooms:") ? "" : `, rooms: ["${stage.roomOf(bot)}"]`;
      return `  ${bot}: { account: "@${bot}:sandbox", ${said}${rooms} }\n`;
    });
    host.configure(homeserver.url, `${yaml}accounts: { ${accounts} }\ninstances:\n${instances.join("")}`);
    host.start();
    return stage;
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
      .filter((event) => event.sender === `@${bot}:sandbox` && event.type === type);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.kill();
    await this.homeserver.close();
    this.#folder[Symbol.dispose]();
  }
}
