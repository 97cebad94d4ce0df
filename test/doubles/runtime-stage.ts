import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { InboxRow } from "../../src/core/delivery.ts";
import { RoostError } from "../../src/core/error.ts";
import type { EventId, MxcUri } from "../../src/core/id.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { processChannel } from "../../src/plugins/channel/process-channel.ts";
import { workerChannel } from "../../src/plugins/channel/worker-channel.ts";
import { confinedCommand } from "../../src/plugins/confinement/confinement.ts";
import { permittedFetch } from "../../src/plugins/http/permitted-fetch.ts";
import { PythonParent } from "../../src/plugins/python/parent.ts";
import { RemoteRuntime, type RuntimeTiming } from "../../src/plugins/remote/remote-runtime.ts";
import { roles } from "../../src/roles.ts";
import { botId, CollectingLogger, instance, messageOf } from "./delivery.ts";
import { temporaryFolder } from "./folder.ts";
import { misbehaving } from "./misbehaving-plugin.ts";

export const mainFile = join(import.meta.dir, "../../src/main.ts");

export interface StageOptions {
  readonly config?: JsonObject;
  readonly timing?: Partial<RuntimeTiming>;
  /** In a worker: which of its plugins. */
  readonly plugin?: string;
  /** In a process: files of the plugin, or in TypeScript those that are others. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A plugin in a real worker or a real confined process, its host's services played by arrays. */
export class RuntimeStage {
  readonly #folder = temporaryFolder();
  readonly databaseFile = join(this.#folder.path, "data.db");
  readonly sends: { key: string; content: JsonObject }[] = [];
  readonly defers: { key: string; atMs: number }[] = [];
  readonly printed: string[] = [];
  readonly exits: RoostError[] = [];
  answer: () => Promise<EventId> = async () => "$sent" as EventId;
  upload = (): Promise<MxcUri> => Promise.reject(new RoostError("too-large", "no uploads here"));
  readonly runtime: RemoteRuntime;
  #parent: PythonParent | undefined;

  /** Of a plugin in Python, `python` is the interpreter that it runs in. */
  constructor(kind: "worker" | "process" | { readonly python: string }, options: StageOptions = {}) {
    const isProcess = kind === "process";
    const folder = this.#folder.path;
    this.runtime = new RemoteRuntime({
      id: instance,
      setUp: {
        ...{ instance, userId: botId, prefix: "!", webUrl: "http://127.0.0.1/", folder },
        plugin: options.plugin ?? "misbehaving",
        config: options.config ?? {},
        databaseFile: this.databaseFile,
        module: isProcess
          ? { file: join(this.#write({ ...misbehaving, ...options.files }), "bot.ts"), exportName: "Bot" }
          : undefined,
        python:
          typeof kind === "string"
            ? undefined
            : {
                code: this.#write(options.files ?? {}),
                overlayFile: join(folder, "overlay.json"),
                webappUrl: "http://127.0.0.1/",
                homeserverUrl: "https://matrix.example.org",
              },
        fetchesByHost: isProcess,
      },
      openChannel:
        kind === "worker" ? openWorker() : isProcess ? this.#openProcess() : this.#openPython(kind.python),
      services: {
        send: (_row, _type, content, key) => {
          this.sends.push({ key, content });
          return this.answer();
        },
        post: () => this.answer(),
        defer: (_row, key, atMs) => void this.defers.push({ key, atMs }),
        upload: () => this.upload(),
        takeTurn: () => ({ granted: true }),
        hold: () => {},
        count: () => {},
        fetch: permittedFetch(["allowed.example", "localhost"]),
        rooms: async () => [],
        uploadLimitBytes: async () => 1000,
        setTyping: () => {},
        call: () => Promise.resolve({ status: 404, body: {} }),
        download: () => Promise.resolve(),
        setWishes: () => {},
      },
      log: new CollectingLogger(),
      onExit: (error) => void this.exits.push(error),
      ...(options.timing === undefined ? {} : { timing: options.timing }),
    });
  }

  get replies(): unknown[] {
    return this.sends.map(({ content }) => content.body);
  }

  say(body: string, content: JsonObject = {}): Promise<void> {
    const event = messageOf("$1", "", { content: { msgtype: "m.text", body, ...content } });
    const row: InboxRow = { ...event, id: 1, instance, account: botId, key: "", runAtMs: 0, crashes: 0 };
    return this.runtime.run(row, event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stop();
    await this.#parent?.close();
    this.#folder[Symbol.dispose]();
  }

  #write(files: Readonly<Record<string, string>>): string {
    const code = join(this.#folder.path, "code");
    mkdirSync(code);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(code, name), text);
    return code;
  }

  #openPython(python: string) {
    const folder = this.#folder.path;
    const onPrint = (line: string) => void this.printed.push(line);
    this.#parent = new PythonParent({ python, folder: join(folder, "python"), onPrint });
    return this.#parent.channel({
      ...{ folder, readOnly: [], network: false, onPrint },
      memoryLimitBytes: 200 * 2 ** 20,
    });
  }

  #openProcess() {
    const folder = this.#folder.path;
    const self = [process.execPath, mainFile] as const;
    const rules = {
      ...{ readWrite: [folder], readOnly: [dirname(dirname(mainFile))], network: false },
      host: process.pid,
    };
    return processChannel({
      command: confinedCommand([...self, roles.confine], rules, [...self, roles.plugin]),
      env: {},
      folder,
      memoryLimitBytes: 200 * 2 ** 20,
      onPrint: (line) => void this.printed.push(line),
    });
  }
}

function openWorker() {
  return workerChannel(() => new Worker(new URL("./bot-worker.ts", import.meta.url).href, { env: {} }));
}
