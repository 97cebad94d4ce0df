import type { JsonObject } from "../../core/json.ts";
import type { PluginInfo } from "../../core/plugin-info.ts";
import type { PluginFiles } from "../archive/archive.ts";
import { checkCode } from "../archive/code.ts";
import { type Manifest, readManifest } from "../archive/manifest.ts";
import { inferSettings } from "../archive/manifest-settings.ts";
import { pluginLimits, quote, refuse } from "../archive/refusal.ts";

/** An uploaded or dropped plugin. */
export interface CatalogEntry {
  /** Its `instances` are for the host to fill in: the catalog does not know them. */
  readonly info: PluginInfo;
  readonly manifest: Manifest;
  /** The archive or folder that its admin sees. */
  readonly path: string;
  /** What its instances run from, whatever becomes of `path`. */
  readonly copy: string;
  /** Of what it consists of: equal for equal plugins. */
  readonly digest: string;
  readonly isFolder: boolean;
  /** The folder within the archive that holds the plugin, such as `repository-main/`; usually empty. */
  readonly root: string;
  /** The main module's file, relative to `root`. */
  readonly mainFile: string;
  /** What its admin should know, as sentences. */
  readonly warnings: readonly string[];
}

export type Inspection = Omit<CatalogEntry, "path" | "copy" | "digest" | "isFolder">;

/**
 * Validates a plugin from end to end without running any of it. `file` is the name to show; `python` the interpreter's absolute
 * path, undefined when there is none.
 *
 * @throws RoostError `plugin-refused`. Missing dependencies are no refusal here: they are the info's `obstacle`.
 */
export async function inspectPlugin(
  files: PluginFiles,
  file: string,
  python: string | undefined,
): Promise<Inspection> {
  if (!files.names.includes("maubot.yaml")) {
    refuse("The plugin has no maubot.yaml at its top. Build it with `mbc build` or `roost plugin build`.");
  }
  await files.verify();
  const manifest = readManifest(await files.read("maubot.yaml"));
  const code = await checkCode(files, manifest, python);
  const base = await readBaseConfig(files);
  const settingsSchema =
    manifest.settings ?? (base.text === undefined ? undefined : inferSettings(base.text));
  const isUntold = base.text !== undefined && settingsSchema === undefined;
  const info: PluginInfo = {
    id: manifest.id,
    version: manifest.version,
    origin: "uploaded",
    language: code.language,
    file,
    sizeBytes: files.sizeBytes,
    license: manifest.license,
    modules: manifest.modules,
    answersTo: code.answersTo,
    hasDatabase: manifest.hasDatabase,
    hasWebapp: manifest.hasWebapp,
    dependencies: code.dependencies,
    entries: files.names,
    instances: [],
    settingsSchema: settingsSchema satisfies JsonObject | undefined,
    baseConfig: base.text,
    permissions: { network: manifest.permissions.network, agreed: false },
    obstacle: code.obstacle,
  };
  const warnings = [
    ...manifest.warnings,
    ...base.warnings,
    ...(isUntold ? ["Its base-config.yaml cannot be shown as a form: edit the settings as YAML."] : []),
    ...code.warnings,
  ];
  return { info, manifest, root: files.root, mainFile: code.mainFile, warnings };
}

async function readBaseConfig(
  files: PluginFiles,
): Promise<{ readonly text: string | undefined; readonly warnings: readonly string[] }> {
  const name = "base-config.yaml";
  if (!files.names.includes(name)) return { text: undefined, warnings: [] };
  const bytes = await files.read(name);
  if (bytes.byteLength > pluginLimits.baseConfigBytes) {
    refuse(`${quote(name)} has more than ${pluginLimits.baseConfigBytes} bytes. Shorten it.`);
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), warnings: [] };
  } catch {
    return { text: undefined, warnings: ["Its base-config.yaml is not UTF-8 and is left out."] };
  }
}
