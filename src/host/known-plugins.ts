import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { builtInPlugins } from "../bots/all.ts";
import { checkSettings } from "../config/issues.ts";
import type { PluginSettings } from "../config/plugins.ts";
import { readSources } from "../config/sources.ts";
import type { InstanceConfig } from "../core/config.ts";
import { RoostError } from "../core/error.ts";
import { isObject } from "../core/json.ts";
import type { HostLogger } from "../core/log.ts";
import type { PluginInfo } from "../core/plugin-info.ts";
import type { Manifest, Permissions } from "../plugins/archive/manifest.ts";
import { describeBuiltIn } from "../plugins/catalog/built-in.ts";
import { PluginCatalog } from "../plugins/catalog/catalog.ts";
import type { CatalogEntry } from "../plugins/catalog/entry.ts";
import { PythonInterpreter } from "../plugins/python/interpreter.ts";
import { askedFor, PluginAgreements } from "./management/plugin-agreements.ts";
import { pluginSettings } from "./plugin-settings.ts";

export interface KnownPluginsOptions {
  readonly configFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly log: HostLogger;
  /** Whether this is the running host, whose instances go on whatever becomes of their plugins' files. */
  readonly keepsCopies?: boolean;
}

/** Every plugin there is, built in or uploaded: what the config needs to know of them, and what people are shown. */
export class KnownPlugins implements PluginSettings {
  readonly #options: KnownPluginsOptions;
  /** Those of uploaded ones, by what they say of themselves. */
  readonly #settings = new WeakMap<Manifest, ReturnType<PluginSettings["find"]>>();
  #builtIn: readonly PluginInfo[] = [];
  #catalog: PluginCatalog | undefined;
  #python: PythonInterpreter | undefined;
  #agreements: PluginAgreements | undefined;

  constructor(options: KnownPluginsOptions) {
    this.#options = options;
  }

  /** Finds the folder of uploaded ones and reads it. Never fails: a bad one is a problem to show. */
  async open(): Promise<void> {
    const { configFile, env, version, log, keepsCopies = false } = this.#options;
    this.#builtIn = [...builtInPlugins].map(([id, plugin]) => describeBuiltIn(id, plugin, version));
    const { dataDir, main, settings } = readSources(configFile, { env, plugins: pluginSettings });
    // Without a main file that can be read there is no data folder, and nothing to run either.
    if (dataDir === "") return;
    this.#agreements = new PluginAgreements(join(dataDir, "plugins/agreed.json"));
    const named = settings?.python;
    const python = new PythonInterpreter({
      named: named === undefined ? undefined : resolve(dirname(main.name), named),
      dataDir,
      searchPath: env.PATH ?? "",
    });
    this.#python = python;
    this.#catalog = new PluginCatalog({
      folder: join(dataDir, "plugins"),
      log,
      python: () => python.find(),
      builtIn: [...builtInPlugins.keys()],
      keepsCopies,
    });
    await this.#catalog.open();
  }

  /** The uploaded ones. Throws RoostError `internal` before `open` has found their folder. */
  catalog(): PluginCatalog {
    if (this.#catalog !== undefined) return this.#catalog;
    throw new RoostError("internal", "There is no folder for plugins.");
  }

  /** The interpreter of Python plugins; undefined when there is none. */
  python(): string | undefined {
    return this.#python?.find();
  }

  /** Without the instances that use them. */
  list(): readonly PluginInfo[] {
    const uploaded = this.#catalog?.list() ?? [];
    return [...this.#builtIn, ...uploaded.map((entry) => this.#describe(entry))];
  }

  /** Undefined for one that is built in, or not there. */
  uploaded(name: string): CatalogEntry | undefined {
    return this.#catalog?.list().find(({ info }) => info.id === name);
  }

  /**
   * What an instance of it may reach: what its own `network` says, else what the plugin asks for and was agreed to.
   *
   * @throws RoostError `plugin-refused` while it was not.
   */
  networkOf(entry: CatalogEntry, { network }: InstanceConfig): Permissions["network"] {
    if (network !== undefined) return network;
    const disagreement = this.disagreementOf(entry);
    if (disagreement !== undefined) throw new RoostError("plugin-refused", disagreement);
    return permissionsOf(entry).network;
  }

  /** What it asks for and nobody has agreed to, with what to do; undefined when there is no such thing. */
  disagreementOf(entry: CatalogEntry): string | undefined {
    const asked = askedFor(permissionsOf(entry));
    if (asked === undefined || this.#isAgreed(entry)) return undefined;
    return `The plugin ${entry.info.id} asks ${asked}, and nobody has agreed to that. Agree on the page (Plugins), or write network: true or false at the instance.`;
  }

  /** Agrees to all that it asks for now. */
  agree(name: string): void {
    const entry = this.uploaded(name);
    if (entry !== undefined) this.#agreements?.agree(name, permissionsOf(entry));
  }

  #describe(entry: CatalogEntry): PluginInfo {
    const { info } = entry;
    const permissions = permissionsOf(entry);
    return {
      ...info,
      permissions: { ...permissions, agreed: this.#isAgreed(entry) },
      obstacle: info.obstacle ?? (info.language === "python" ? this.#python?.obstacle() : undefined),
    };
  }

  #isAgreed(entry: CatalogEntry): boolean {
    const { id, language } = entry.info;
    return language === "python" || this.#agreements?.covers(id, permissionsOf(entry)) === true;
  }

  /** Why no instance of it can run, as a sentence; what it lacked is looked for again. */
  async obstacleTo(name: string): Promise<string | undefined> {
    if (this.uploaded(name)?.info.obstacle !== undefined) await this.catalog().inspectAgain(name);
    return this.list().find(({ id }) => id === name)?.obstacle;
  }

  names(): readonly string[] {
    return [...this.#builtIn, ...(this.#catalog?.list() ?? []).map(({ info }) => info)].map(({ id }) => id);
  }

  /** The same object as long as the plugin is the same. */
  find(name: string): ReturnType<PluginSettings["find"]> {
    const uploaded = this.uploaded(name);
    if (uploaded === undefined) return pluginSettings.find(name);
    const settings = this.#settings.get(uploaded.manifest) ?? settingsOf(uploaded);
    this.#settings.set(uploaded.manifest, settings);
    return settings;
  }
}

/** Plugins written for maubot expect the network, and their manifests have no way to ask for it. */
function permissionsOf({ info, manifest }: CatalogEntry): Permissions {
  return info.language === "python" ? { network: true } : manifest.permissions;
}

/** Only a schema that its author wrote is kept to; one that was guessed from a base-config.yaml is no more than a form. */
function settingsOf({ info, manifest }: CatalogEntry): ReturnType<PluginSettings["find"]> {
  const { settings } = manifest;
  let schema: z.ZodType | undefined;
  return {
    schema: info.settingsSchema,
    check: (config) => {
      if (settings === undefined) return { value: isObject(config) ? config : {} };
      schema ??= z.fromJSONSchema(settings as Parameters<typeof z.fromJSONSchema>[0]);
      return checkSettings(schema, config);
    },
    answersTo: (prefix) => info.answersTo.map((text) => text.replace(/^!/, prefix)),
    isAlwaysConfined: info.language === "python",
  };
}
