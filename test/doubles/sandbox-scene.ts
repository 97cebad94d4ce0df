import { join } from "node:path";
import { Homeserver, type HomeserverOptions } from "../../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../../src/sandbox/sandbox-user.ts";
import { until } from "./delivery.ts";
import { temporaryFolder } from "./folder.ts";
import { findFreePort } from "./free-port.ts";
import { HostProcess } from "./host.ts";

const bot = "@bot:sandbox";

export interface SceneOptions extends Partial<HomeserverOptions> {
  /** Of the host. */
  readonly env?: Record<string, string>;
  /** What is started as the host, where it is not `roostCommand`. */
  readonly command?: readonly string[];
}

interface SceneParts {
  readonly homeserver: Homeserver;
  readonly ada: SandboxUser;
  readonly host: HostProcess;
  readonly folder: ReturnType<typeof temporaryFolder>;
}

/**
 * Where most tests of a whole host begin: a sandbox homeserver with somebody on it, and a host that is neither configured nor
 * started. A bot is `@bot:sandbox` where no other is named. A test file may extend it by what its host is like.
 */
export class SandboxScene {
  readonly homeserver: Homeserver;
  readonly ada: SandboxUser;
  readonly host: HostProcess;
  readonly #folder: ReturnType<typeof temporaryFolder>;

  constructor(parts: SceneParts) {
    this.homeserver = parts.homeserver;
    this.ada = parts.ada;
    this.host = parts.host;
    this.#folder = parts.folder;
  }

  /** The homeserver is called `sandbox` and speaks Synapse's dialect, unless the options say otherwise. */
  static async open<Scene extends SandboxScene>(
    this: new (
      parts: SceneParts,
    ) => Scene,
    { env, command, ...wish }: SceneOptions = {},
  ): Promise<Scene> {
    const usual = { serverName: "sandbox", dialect: "synapse", registrationToken: "letmein" } as const;
    const homeserver = new Homeserver({ ...usual, ...wish });
    await homeserver.open();
    const folder = temporaryFolder();
    const host = new HostProcess(join(folder.path, "host"), await findFreePort(), env, command);
    return new this({ homeserver, ada: homeserver.createUser("ada"), host, folder });
  }

  /** A temporary folder; the host's config and data are in `host/` below it. */
  get folder(): string {
    return this.#folder.path;
  }

  /** Writes the host's config: `yaml` follows the parts that every test needs. */
  configure(yaml: string): void {
    this.host.configure(this.homeserver.url, yaml);
  }

  joined(room: string, userId = bot): Promise<void> {
    const hasJoined = () => this.homeserver.memberships(room).get(userId) === "join";
    return until(`${userId} has joined ${room}`, hasJoined);
  }

  /** The texts of what the bot posted in the room, oldest first. */
  replies(room: string, userId = bot): unknown[] {
    return this.homeserver
      .timeline(room)
      .filter(({ sender, type }) => sender === userId && type === "m.room.message")
      .map(({ content }) => content.body);
  }

  answered(room: string, body: string, userId = bot): Promise<void> {
    return until(`${userId} says "${body}"`, () => this.replies(room, userId).includes(body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.kill();
    await this.homeserver.close();
    this.#folder[Symbol.dispose]();
  }
}
