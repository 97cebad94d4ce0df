import { dirname, resolve } from "node:path";
import type { UserId } from "../core/id.ts";
import type { Source } from "./accounts.ts";
import { ConfigFile } from "./file.ts";
import { findIncludes } from "./includes.ts";
import { type ParsedFile, ParsedFiles } from "./parsed-files.ts";
import { pluginSecretNames } from "./plugin-secrets.ts";
import type { PluginSettings } from "./plugins.ts";
import { includeSchema, mainRest, mainSchema, secretPlaces } from "./schema.ts";
import type { Texts } from "./text.ts";

export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly plugins: PluginSettings;
  /** Stand in for files on disk. */
  readonly texts?: Texts;
  /** What is known of the files from reading them before. */
  readonly parsed?: ParsedFiles;
  /** For a check where the secrets are not, such as the build of a NixOS system. */
  readonly withoutSecrets?: boolean | undefined;
  /** Whether an account has logged in before, from this data folder. Without it nothing is said about accounts that cannot. */
  readonly hasLoggedIn?: (dataDir: string, userId: UserId) => boolean;
}

export type MainSettings = NonNullable<ReturnType<typeof readMain>>;

/** The files a config consists of. `sources` begins with the main file; `folders` are those where more may appear. */
export interface ReadSources {
  readonly main: ConfigFile;
  /** Undefined if nothing of the main file can be understood: then there are no others. */
  readonly settings: MainSettings | undefined;
  readonly sources: readonly Source[];
  readonly dataDir: string;
  readonly folders: readonly string[];
}

export function readSources(file: string, options: LoadOptions): ReadSources {
  const { env, texts } = options;
  const read = fileReader(options);
  const main = read(file);
  const settings = readMain(main);
  if (settings === undefined) return { main, settings, sources: [], dataDir: "", folders: [] };
  const dataDir = locateData(main, settings, env);
  const includes = findIncludes(main, settings.include ?? [`${dataDir}/instances.d/*.yaml`], texts);
  const others = includes.files.map((name) => readInclude(read(name)));
  return {
    main,
    settings,
    sources: [{ file: main, sections: settings }, ...others],
    dataDir,
    folders: includes.folders,
  };
}

function readMain(main: ConfigFile) {
  if (main.isEmpty) main.report({ path: [], message: "the file is empty: it needs at least homeserver.url" });
  return main.settings(mainSchema, mainRest);
}

function fileReader({ plugins, texts, parsed = new ParsedFiles() }: LoadOptions) {
  const names = pluginSecretNames(plugins);
  const isSecret = secretPlaces(names);
  const key = JSON.stringify([...names].map((name) => name ?? null));
  return (file: string): ConfigFile => {
    const parse = (text: string): ParsedFile => parsed.parse(file, text, isSecret, key);
    return ConfigFile.read(file, parse, texts);
  };
}

function readInclude(file: ConfigFile): Source {
  if (file.isEmpty) file.report({ path: [], severity: "warning", message: "the file is empty" });
  for (const key of file.names()) {
    if (!Object.hasOwn(mainSchema.shape, key) || Object.hasOwn(includeSchema.shape, key)) continue;
    file.report({
      path: [key],
      atKey: true,
      message: "belongs in the main file: an included file holds accounts and instances only",
    });
  }
  return { file, sections: file.settings(includeSchema, includeSchema) };
}

function locateData(main: ConfigFile, settings: MainSettings, env: LoadOptions["env"]): string {
  const state = env.STATE_DIRECTORY?.split(":")[0];
  return resolve(dirname(main.name), settings.data_dir ?? (state || "data"));
}
