import { dirname, join } from "node:path";
import type { InstanceConfig } from "../core/config.ts";
import { eagerCompiling } from "../core/eager-compiling.ts";
import { RoostError, sentenceOf } from "../core/error.ts";
import type { InstanceId } from "../core/id.ts";
import type { Logger } from "../core/log.ts";
import type { Isolation } from "../core/status.ts";
import type { CatalogEntry } from "../plugins/catalog/entry.ts";
import { unpackPlugin } from "../plugins/catalog/files.ts";
import type { OpenChannel } from "../plugins/channel/channel.ts";
import { processChannel } from "../plugins/channel/process-channel.ts";
import type { PluginModule, PythonSetUp } from "../plugins/channel/protocol.ts";
import { workerChannel } from "../plugins/channel/worker-channel.ts";
import { confinedCommand } from "../plugins/confinement/confinement.ts";
import { landlockVersion } from "../plugins/confinement/landlock.ts";
import { PythonParent } from "../plugins/python/parent.ts";
import { roles, workers } from "../roles.ts";
import type { KnownPlugins } from "./known-plugins.ts";
import { printedLog } from "./printed-log.ts";

export interface RuntimesOptions {
  readonly dataDir: string;
  readonly plugins: KnownPlugins;
  /** Starts this program. */
  readonly self: readonly [string, ...string[]];
  /** Where people reach an instance's own pages, with a slash at the end. */
  readonly webappUrl: (instance: InstanceId) => string;
  readonly homeserverUrl: string;
  readonly log: Logger;
}

/** What an instance is to run in. */
export interface RuntimePlan {
  readonly openChannel: OpenChannel;
  readonly module: PluginModule | undefined;
  readonly python?: PythonSetUp | undefined;
  /** The only hosts that it may reach, by asking this one; undefined where it opens connections itself, or reaches none. */
  readonly hosts: readonly string[] | undefined;
  readonly isolation: Isolation;
}

/** Chooses each instance's runtime by what its plugin is: a worker, or a process that may do what its admin has agreed to. */
export class Runtimes {
  readonly #options: RuntimesOptions;
  /** By the interpreter's path. */
  readonly #parents = new Map<string, PythonParent>();

  constructor(options: RuntimesOptions) {
    this.#options = options;
  }

  /** Unpacks an uploaded plugin anew into the instance's folder. @throws RoostError `plugin-refused`, `internal`. */
  async plan(config: InstanceConfig, log: Logger): Promise<RuntimePlan> {
    const { plugins } = this.#options;
    const obstacle = await plugins.obstacleTo(config.plugin);
    if (obstacle !== undefined) throw new RoostError("plugin-refused", obstacle);
    const entry = plugins.uploaded(config.plugin);
    if (entry === undefined)
      return { openChannel: openWorker(), module: undefined, hosts: undefined, isolation: "worker" };
    const network = plugins.networkOf(entry, config);
    const code = await this.#unpack(entry, config);
    if (entry.info.language === "python") return this.#planPython(config, code, network !== false, log);
    const module = { file: join(code, entry.mainFile), exportName: entry.manifest.mainClass };
    if (config.trusted) return { openChannel: openWorker(), module, hosts: undefined, isolation: "worker" };
    return {
      openChannel: this.#openProcess(config, network === true, log),
      module,
      hosts: typeof network === "boolean" ? undefined : network,
      isolation: isolationOfProcess(log),
    };
  }

  #planPython(config: InstanceConfig, code: string, network: boolean, log: Logger): RuntimePlan {
    const folder = join(this.#options.dataDir, "instances", config.id);
    const parent = this.#parentOf(this.#options.plugins.python() ?? "python3");
    return {
      openChannel: parent.channel({
        folder,
        readOnly: [],
        network,
        memoryLimitBytes: config.memoryMb * 1024 * 1024,
        onPrint: printedLog(log),
      }),
      module: undefined,
      hosts: undefined,
      python: {
        code,
        overlayFile: join(folder, "overlay.json"),
        webappUrl: this.#options.webappUrl(config.id),
        homeserverUrl: this.#options.homeserverUrl,
      },
      isolation: isolationOfProcess(log),
    };
  }

  /** Another interpreter gets another parent; what runs goes on in the old one. */
  #parentOf(python: string): PythonParent {
    const known = this.#parents.get(python);
    if (known !== undefined) return known;
    const { dataDir, log } = this.#options;
    const parent = new PythonParent({
      python,
      folder: join(dataDir, "python"),
      onPrint: (line) => log.info(line, { source: "python" }),
    });
    this.#parents.set(python, parent);
    return parent;
  }

  /** Ends the processes that Python plugins are forked from. */
  async close(): Promise<void> {
    for (const parent of this.#parents.values()) await parent.close();
    this.#parents.clear();
  }

  #openProcess(config: InstanceConfig, network: boolean, log: Logger): OpenChannel {
    const { self, dataDir } = this.#options;
    const folder = join(dataDir, "instances", config.id);
    // In development the program is Bun with a file of the source tree.
    const [, main] = self;
    const program = main === undefined ? [] : [dirname(dirname(main))];
    const rules = {
      readWrite: [folder],
      readOnly: program,
      network,
      host: process.pid,
    };
    return processChannel({
      command: confinedCommand([...self, roles.confine], rules, [...self, roles.plugin]),
      env: eagerCompiling,
      folder,
      memoryLimitBytes: config.memoryMb * 1024 * 1024,
      onPrint: printedLog(log),
    });
  }

  async #unpack({ copy, info }: CatalogEntry, { id }: InstanceConfig): Promise<string> {
    const code = join(this.#options.dataDir, "instances", id, "code");
    try {
      await unpackPlugin(copy, code);
      return code;
    } catch (cause) {
      if (cause instanceof RoostError) throw cause;
      const sentence = `The plugin ${info.id} cannot be unpacked: ${sentenceOf(cause)}. Check that its file is there and the disk has space left.`;
      throw new RoostError("internal", sentence, { cause });
    }
  }
}

function isolationOfProcess(log: Logger): Isolation {
  if (landlockVersion() > 0) return "confined";
  log.warn(
    "The plugin is not confined, because this kernel has no Landlock: it can read whatever Roost's user can. Use Linux 5.13 or newer with Landlock switched on, or run none but plugins you trust.",
  );
  return "unconfined";
}

function openWorker(): OpenChannel {
  return workerChannel(() => new Worker(workers.bot, { env: {}, smol: true }));
}
