/** Two hosts with the same plugins on one real homeserver, each plugin in a room of its own on either side. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { objectAt } from "../../../src/core/json.ts";
import { until } from "../../doubles/delivery.ts";
import { MatrixUser } from "../../doubles/matrix-user.ts";
import { Synapse } from "../../doubles/synapse.ts";
import { zip } from "../../doubles/zip.ts";
import { Observer } from "./observer.ts";
import type { Side } from "./side.ts";

/** One plugin on one side. */
export interface Scene {
  /** The instance's name. */
  readonly plugin: string;
  readonly room: string;
  readonly bot: string;
  readonly person: MatrixUser;
  readonly guest: MatrixUser;
  readonly side: Side;
  /** Events that later steps refer to, by a name that a step gave. */
  readonly remembered: Map<string, string>;
}

export interface Plugin {
  readonly name: string;
  readonly type: string;
  readonly archive: Uint8Array<ArrayBuffer>;
}

/** The plugin that the folder's files make, named as the folder. */
export function pluginFrom(folder: string): Plugin {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const manifest = readFileSync(join(folder, "maubot.yaml"), "utf8");
  return {
    name: basename(folder),
    type: /^id: *(\S+)/m.exec(manifest)?.[1] ?? "",
    archive: zip(files.map((name) => ({ name, data: readFileSync(join(folder, name)) }))),
  };
}

export class Stage {
  readonly #synapse: Synapse;
  readonly #sides: readonly Side[];
  #observer: Observer | undefined;
  readonly #scenes: Scene[] = [];

  constructor(synapsePython: string, sides: readonly Side[]) {
    this.#synapse = new Synapse(synapsePython);
    this.#sides = sides;
  }

  get observer(): Observer {
    if (this.#observer === undefined) throw new Error("the stage is not open");
    return this.#observer;
  }

  /** Resolves when all bots are in their rooms. */
  async open(plugins: readonly Plugin[]): Promise<void> {
    await this.#synapse.start();
    const { url, serverName } = this.#synapse;
    const registrationToken = await this.#synapse.makeRegistrationToken();
    const person = await MatrixUser.register(url, "anna", registrationToken);
    const guest = await MatrixUser.register(url, "bert", registrationToken);
    this.#observer = new Observer(person);
    this.#observer.open();
    const names = plugins.map(({ name }) => name);
    await Promise.all(
      this.#sides.map(async (side) => {
        await side.start({ url, serverName, registrationToken }, names);
        for (const plugin of plugins) {
          const room = await person.createRoom({ name: "Conversation" });
          const bot = `@${side.letter}-${plugin.name}:${serverName}`;
          await side.api.call("POST", "/plugins/upload", plugin.archive);
          await side.addInstance(plugin.name, plugin.type);
          await person.invite(room, bot);
          await untilJoined(person, room, bot);
          this.#scenes.push({ plugin: plugin.name, room, bot, person, guest, side, remembered: new Map() });
        }
      }),
    );
  }

  /** The plugin's scenes, one a side, in the order of the sides. */
  scenesOf(plugin: string): readonly Scene[] {
    return this.#sides.flatMap((side) =>
      this.#scenes.filter((scene) => scene.side === side && scene.plugin === plugin),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#observer?.close();
    for (const side of this.#sides) await side[Symbol.asyncDispose]();
    await this.#synapse[Symbol.asyncDispose]();
  }
}

async function untilJoined(person: MatrixUser, room: string, bot: string): Promise<void> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/joined_members`;
  const isThere = async () => bot in (objectAt(await person.request("GET", path), "joined") ?? {});
  await until(`${bot} is in its room`, isThere, 30_000);
}
