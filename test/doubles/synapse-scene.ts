import { join } from "node:path";
import { until } from "./delivery.ts";
import { temporaryFolder } from "./folder.ts";
import { findFreePort } from "./free-port.ts";
import { HostProcess } from "./host.ts";
import { MatrixUser } from "./matrix-user.ts";
import { Synapse } from "./synapse.ts";

interface SceneParts {
  readonly synapse: Synapse;
  readonly anna: MatrixUser;
  readonly host: HostProcess;
  readonly folder: ReturnType<typeof temporaryFolder>;
}

/** A real Synapse with somebody on it, and a host that is neither configured nor started. */
export class SynapseScene {
  readonly synapse: Synapse;
  readonly anna: MatrixUser;
  readonly host: HostProcess;
  readonly #folder: ReturnType<typeof temporaryFolder>;

  private constructor(parts: SceneParts) {
    this.synapse = parts.synapse;
    this.anna = parts.anna;
    this.host = parts.host;
    this.#folder = parts.folder;
  }

  static async open(python: string): Promise<SynapseScene> {
    const synapse = new Synapse(python);
    await synapse.start();
    const anna = await MatrixUser.register(synapse.url, "anna", await synapse.makeRegistrationToken());
    const folder = temporaryFolder();
    const host = new HostProcess(join(folder.path, "host"), await findFreePort());
    return new SynapseScene({ synapse, anna, host, folder });
  }

  userId(name: string): string {
    return `@${name}:${this.synapse.serverName}`;
  }

  /** A room that anybody may join. */
  openRoom(): Promise<string> {
    return this.anna.createRoom({ preset: "public_chat" });
  }

  /** Writes the host's config, with a token for so many registrations: `yaml` follows the parts that every test needs. */
  async configure(yaml: string, registrations: number | null = null): Promise<void> {
    this.host.configure(this.synapse.url, yaml, await this.synapse.makeRegistrationToken(registrations));
  }

  /** What was said before an account joined is history to it. */
  joined(room: string, ...names: string[]): Promise<void> {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/joined_members`;
    const haveJoined = async () => {
      const members = Object.keys((await this.anna.request("GET", path)).joined ?? {});
      return names.every((name) => members.includes(this.userId(name)));
    };
    return until(`${names} have joined`, haveJoined, 30_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.kill();
    await this.synapse[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}
