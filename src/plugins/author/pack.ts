import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { parseDocument } from "yaml";
import type { JsonObject } from "../../core/json.ts";
import { openArchive, type PluginFiles } from "../archive/archive.ts";
import { checkCode } from "../archive/code.ts";
import { type Manifest, readManifest } from "../archive/manifest.ts";
import { quote, refuse } from "../archive/refusal.ts";
import { openFolder } from "../archive/source-folder.ts";
import { settingsSchemaOf } from "../catalog/built-in.ts";
import { type Inspection, inspectPlugin } from "../catalog/entry.ts";
import { loadPluginModule } from "../runtime/plugin-module.ts";

export interface PackedPlugin {
  /** Such as `hello-v0.1.0.mbp`. */
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inspection: Inspection;
}

/** The same for every archive, so that the same plugin is the same bytes. A zip archive's dates begin here, in local time. */
const entryDate = "1980-01-01T00:00:00";

/**
 * Makes an archive of an author's folder: a TypeScript plugin becomes one file with its npm packages inside, and the schema of its
 * settings and what it answers to are written into the manifest, for which its module is run here. The result passes the checks of an upload.
 *
 * @throws RoostError `plugin-refused` with the bundler's words, or saying what an upload would be refused for.
 */
export async function packPlugin(folder: string, python: string | undefined): Promise<PackedPlugin> {
  const files = await openFolder(folder);
  if (!files.names.includes("maubot.yaml")) {
    refuse(`There is no maubot.yaml in ${folder}. Begin a plugin with: roost plugin new NAME`);
  }
  const manifest = readManifest(await files.read("maubot.yaml"));
  const code = await checkCode(files, manifest, python);
  const entries = new Map<string, Uint8Array>();
  for (const name of files.names) {
    if (isKept(name, manifest) || (code.language === "python" && isModule(name, manifest)))
      entries.set(name, await files.read(name));
  }
  if (code.language === "typescript") {
    const bundle = await bundleModule(folder, code.mainFile);
    entries.set(`${manifest.mainModule.replaceAll(".", "/")}.js`, bundle);
    entries.set("maubot.yaml", await manifestFor(files, manifest, await describeModule(bundle, manifest)));
  }
  const bytes = zip(entries);
  const file = `${manifest.id}-v${manifest.version}.mbp`;
  return { file, bytes, inspection: await inspectPlugin(openArchive(bytes), file, python) };
}

function isKept(name: string, { extraFiles }: Manifest): boolean {
  if (name === "maubot.yaml" || name === "base-config.yaml" || /^LICENSE(?:\.\w+)?$/.test(name)) return true;
  return extraFiles.some((pattern) => new Bun.Glob(pattern).match(name));
}

function isModule(name: string, { modules }: Manifest): boolean {
  const paths = modules.map((module) => module.replaceAll(".", "/"));
  return paths.some((path) => name === `${path}.py` || name.startsWith(`${path}/`));
}

/** By a child whose working directory is the folder: the bundle names its sources by their paths from there. */
async function bundleModule(folder: string, mainFile: string): Promise<Uint8Array> {
  const child = Bun.spawn(
    [process.execPath, "build", `./${mainFile}`, "--target=bun", "--format=esm", "--external=roost"],
    { cwd: folder, env: { BUN_BE_BUN: "1", NO_COLOR: "1" }, stdin: "ignore", stderr: "pipe" },
  );
  const [code, words, status] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited]);
  if (status === 0) return code;
  return refuse(
    `${mainFile} cannot be bundled:\n${words.trim()}\nCorrect it; a package that is not found is added with: npm install NAME`,
  );
}

interface Described {
  readonly settings: JsonObject;
  readonly answersTo: readonly string[];
}

/** What the plugin says of itself, where its manifest does not. */
async function describeModule(bundle: Uint8Array, manifest: Manifest): Promise<Described> {
  const { mainModule, mainClass } = manifest;
  const scratch = await mkdtemp(join(tmpdir(), "roost-pack-"));
  try {
    const file = join(scratch, `${mainModule}.js`);
    await Bun.write(file, bundle);
    const { config, answersTo } = await loadPluginModule({ file, exportName: mainClass });
    return {
      settings: manifest.settings ?? settingsSchemaOf(config),
      answersTo: manifest.answersTo.length > 0 ? manifest.answersTo : answersTo("!"),
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function manifestFor(
  files: PluginFiles,
  { mainModule }: Manifest,
  { settings, answersTo }: Described,
): Promise<Uint8Array> {
  const document = parseDocument(new TextDecoder().decode(await files.read("maubot.yaml")));
  document.set("modules", [mainModule]);
  document.setIn(["roost", "settings"], document.createNode(settings, { aliasDuplicateObjects: false }));
  if (answersTo.length > 0) document.setIn(["roost", "answers_to"], document.createNode(answersTo));
  return new TextEncoder().encode(document.toString());
}

function zip(entries: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const clash = sorted.find(([name], at) => sorted[at - 1]?.[0].toLowerCase() === name.toLowerCase());
  if (clash !== undefined) refuse(`Two files are called ${quote(clash[0])}. Rename one.`);
  return zipSync(Object.fromEntries(sorted), { level: 9, mtime: entryDate });
}
