import { isAlias, isMap, isNode, visit, type YAMLMap } from "yaml";
import { z } from "zod";
import { RoostError } from "../../core/error.ts";
import { isObject, type JsonObject } from "../../core/json.ts";
import { compareVersions } from "./manifest-version.ts";
import { parseBoundedYaml } from "./manifest-yaml.ts";
import { pluginLimits, quote, refuse } from "./refusal.ts";

/** The version of maubot whose plugins Roost runs: what `maubot:` in a manifest is compared with. */
export const maubotVersion = "0.6.0";

/** What a plugin's `maubot.yaml` says. */
export interface Manifest {
  /** Safe as a part of a file name, as is the version. */
  readonly id: string;
  readonly version: string;
  readonly modules: readonly string[];
  readonly mainModule: string;
  /** The class in a Python module; the export in a TypeScript one. */
  readonly mainClass: string;
  readonly license: string | undefined;
  readonly extraFiles: readonly string[];
  readonly hasConfig: boolean;
  readonly hasDatabase: boolean;
  readonly databaseType: "sqlalchemy" | "asyncpg";
  readonly hasWebapp: boolean;
  /** PEP 508, as written. */
  readonly dependencies: readonly string[];
  readonly softDependencies: readonly string[];
  /** What the author says it is written in; told from the modules' files when left out. */
  readonly language: "typescript" | "python" | undefined;
  readonly permissions: Permissions;
  /** What makes it answer, with the usual prefix. */
  readonly answersTo: readonly string[];
  /** JSON Schema of the settings, as the author gave it. */
  readonly settings: JsonObject | undefined;
  /** Keys that mean nothing here, as sentences. */
  readonly warnings: readonly string[];
}

/** What a confined TypeScript plugin asks for and the admin agrees to at upload. */
export interface Permissions {
  /** Hosts it may reach, such as `api.example.org`; true for any. */
  readonly network: boolean | readonly string[];
}

const version = z
  .string({ error: 'must be text: write it in quotes, such as "1.0.0"' })
  .max(64, "is longer than 64 characters")
  .regex(/^v?[0-9][0-9A-Za-z]*(?:[-._+][0-9A-Za-z]+)*$/, 'must be a version such as "1.2.3"');
const moduleName = z
  .string({ error: "must be a list of module names" })
  .max(200, "holds a name of more than 200 characters")
  .regex(
    /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$/,
    "must hold names of modules such as bot, without path or ending",
  );
const requirement = z
  .string({ error: 'must be a list of requirements such as "pillow>=10"' })
  .max(300, "holds a requirement of more than 300 characters")
  .regex(
    /^\s*[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?\s*(?:[[<>=!~;@(].*)?$/,
    'must hold requirements such as "pillow>=10"',
  );
const flag = z.boolean({ error: "must be true or false" }).nullish();
const listOf = <Item extends z.ZodType>(item: Item, error: string) =>
  z.array(item, { error }).max(200, "is too long");
/** What is left empty in a list, as maubot lets it, is nothing. */
const gappyListOf = <Item extends z.ZodType>(item: Item, error: string) =>
  z.preprocess(
    (value) => (Array.isArray(value) ? value.filter((each) => each !== null) : value),
    listOf(item, error).nullish(),
  );
const host = z
  .string({ error: "must hold host names" })
  .regex(/^(?:\*\.)?[\w-]+(?:\.[\w-]+)*(?::\d{1,5})?$/, "must hold host names such as api.example.org");

const roostShape = {
  runtime: z.enum(["typescript", "python"], { error: "must be typescript or python" }).optional(),
  permissions: z
    .strictObject(
      {
        network: z
          .union([z.boolean(), listOf(host, "must be a list of host names")], {
            error: "must be true, false or a list of host names",
          })
          .default(false),
      },
      { error: "must be a mapping whose only key is network" },
    )
    .nullish(),
  answers_to: listOf(
    z.string({ error: "must be a list of texts" }).max(100, "holds a text of more than 100 characters"),
    'must be a list of texts such as "!hello"',
  ).nullish(),
  settings: z
    .looseObject(
      {
        type: z.literal("object", { error: "must be object" }),
        properties: z.record(z.string(), z.json(), { error: "must be a mapping" }).optional(),
      },
      { error: "must be a JSON Schema of type object" },
    )
    .nullish(),
};
const shape = {
  id: z
    .string({ error: "must be text such as org.example.bot" })
    .max(128, "is longer than 128 characters")
    .regex(
      /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/,
      "must be a name such as org.example.bot: letters and digits, joined by . _ or -",
    ),
  version,
  modules: listOf(moduleName, "must be a list of module names").min(1, "must name at least one module"),
  main_class: z
    .string({ error: "must be the name of a class such as Bot or module/Bot" })
    .max(200, "is longer than 200 characters")
    .regex(/^(?:[A-Za-z_][\w.-]*\/)?[A-Za-z_]\w*$/, "must be the name of a class such as Bot or module/Bot"),
  maubot: version.nullish(),
  license: z
    .string({ error: "must be text such as MIT" })
    .max(200, "is longer than 200 characters")
    .nullish(),
  config: flag,
  webapp: flag,
  database: flag,
  database_type: z.enum(["sqlalchemy", "asyncpg"], { error: "must be asyncpg or sqlalchemy" }).nullish(),
  extra_files: gappyListOf(
    z.string({ error: "must be a list of file names" }),
    "must be a list of file names",
  ),
  dependencies: gappyListOf(requirement, 'must be a list of requirements such as "pillow>=10"'),
  soft_dependencies: gappyListOf(requirement, 'must be a list of requirements such as "pillow>=10"'),
  roost: z
    .looseObject(roostShape, { error: "must be a mapping of runtime, permissions, settings and answers_to" })
    .nullish(),
};
const schema = z.looseObject(shape, { error: "must be a mapping of keys such as id and version" });

/**
 * Reads a `maubot.yaml`. Unknown keys are tolerated, with a warning each.
 *
 * @throws RoostError `plugin-refused` naming every key that is missing or wrong.
 */
export function readManifest(bytes: Uint8Array): Manifest {
  const data = parse(bytes);
  const result = schema.safeParse(data);
  if (!result.success) {
    const faults = result.error.issues.slice(0, 10).map((issue) => describe(issue, data));
    refuse(`maubot.yaml is not valid: ${faults.join("; ")}. Correct it and build the plugin again.`);
  }
  const found = result.data;
  const [module, mainClass] = splitMain(found.main_class);
  const mainModule = module ?? found.modules.at(-1) ?? "";
  if (!found.modules.includes(mainModule)) {
    refuse(
      `main_class in maubot.yaml names the module ${quote(mainModule)}, which is not in modules. Add it there.`,
    );
  }
  if (found.maubot && compareVersions(found.maubot, maubotVersion) > 0) {
    refuse(
      `The plugin wants maubot ${found.maubot} or newer; Roost runs plugins of maubot ${maubotVersion}. Use an older version of the plugin.`,
    );
  }
  const settings = z.record(z.string(), z.json()).safeParse(found.roost?.settings);
  return {
    id: found.id,
    version: found.version,
    modules: found.modules,
    mainModule,
    mainClass,
    license: found.license || undefined,
    extraFiles: found.extra_files ?? [],
    hasConfig: found.config ?? false,
    hasDatabase: found.database ?? false,
    databaseType: found.database_type ?? "sqlalchemy",
    hasWebapp: found.webapp ?? false,
    dependencies: found.dependencies ?? [],
    softDependencies: found.soft_dependencies ?? [],
    language: found.roost?.runtime,
    permissions: { network: found.roost?.permissions?.network ?? false },
    answersTo: found.roost?.answers_to ?? [],
    settings: settings.data,
    warnings: [...unknownKeys(found, shape, ""), ...unknownKeys(found.roost ?? {}, roostShape, "roost.")],
  };
}

function splitMain(text: string): [module: string | undefined, name: string] {
  const slash = text.indexOf("/");
  return slash < 0 ? [undefined, text] : [text.slice(0, slash), text.slice(slash + 1)];
}

function parse(bytes: Uint8Array): unknown {
  if (bytes.byteLength > pluginLimits.manifestBytes) {
    refuse(
      `maubot.yaml has ${bytes.byteLength} bytes; ${pluginLimits.manifestBytes} is the limit. Shorten it.`,
    );
  }
  const tooDeep = "maubot.yaml cannot be read: it is not UTF-8, or nested too deeply. Write it anew.";
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const { document, lineOf } = parseBoundedYaml(text) ?? refuse(tooDeep);
    const [error] = document.errors;
    if (error !== undefined) {
      const reason = quote(error.message);
      refuse(`maubot.yaml is not valid YAML at line ${lineOf(error.pos[0])}: ${reason}. Correct it.`);
    }
    visit(document, (_, node) => {
      if (isAlias(node) || (isNode(node) && "anchor" in node && node.anchor)) {
        refuse(
          "maubot.yaml uses a YAML anchor or alias (& or *), which Roost does not follow. Write the value out.",
        );
      }
      if (isMap(node)) checkKeys(node);
    });
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    if (error instanceof RoostError) throw error;
    return refuse(tooDeep, error);
  }
}

function checkKeys(map: YAMLMap): void {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const name = String(key);
    if (seen.has(name)) refuse(`maubot.yaml says ${quote(name)} twice. Remove one of them.`);
    seen.add(name);
  }
}

/** The key by its path and what is wrong with it; values are not repeated. */
function describe(issue: z.core.$ZodIssue, data: unknown): string {
  const path = issue.path.map(String).join(".");
  const value = issue.path.reduce<unknown>(
    (at, step) => (isObject(at) || Array.isArray(at) ? Reflect.get(at, step) : undefined),
    data,
  );
  if (path === "") return issue.message;
  return `${quote(path)} ${value === undefined ? "is missing" : issue.message}`;
}

function unknownKeys(found: object, known: object, prefix: string): string[] {
  return Object.keys(found)
    .filter((key) => !Object.hasOwn(known, key))
    .slice(0, 20)
    .map((key) => `maubot.yaml has an unknown key ${quote(prefix + key)}, which is ignored.`);
}
