import { readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { objectAt } from "../../core/json.ts";
import { openArchive } from "../../plugins/archive/archive.ts";
import { packPlugin } from "../../plugins/author/pack.ts";
import { type Inspection, inspectPlugin } from "../../plugins/catalog/entry.ts";
import { PythonInterpreter } from "../../plugins/python/interpreter.ts";
import { dataDirOf } from "../data-dir.ts";
import { exitCode, type Terminal } from "../terminal.ts";
import type { PluginOptions } from "./plugin.ts";
import { checkTypes } from "./types.ts";

/** `roost plugin check [DIR|FILE.mbp]`: what an upload of it would say, and of a folder in TypeScript whether its types fit. */
export async function check(what = ".", options: PluginOptions, terminal: Terminal): Promise<number> {
  const found = statSync(what, { throwIfNoEntry: false });
  if (found === undefined) return missing(what, terminal);
  const inspection = found.isDirectory()
    ? (await packPlugin(resolve(what), pythonOf(options, terminal))).inspection
    : await inspectPlugin(openArchive(readFileSync(what)), basename(what), pythonOf(options, terminal));
  const isSource = found.isDirectory() && inspection.info.language === "typescript";
  const types = isSource ? await checkTypes(resolve(what), terminal) : undefined;
  const status = types?.state === "wrong" ? exitCode.problem : exitCode.fine;
  if (options.json) {
    terminal.out(JSON.stringify({ ...report(inspection), types: types ?? null }));
    return status;
  }
  if (status === exitCode.fine) sayAll(inspection, terminal);
  if (types?.state === "fit") terminal.out("Types:     they fit");
  if (types?.state === "wrong") terminal.err(types.faults);
  if (types?.state === "unchecked") terminal.err(`Types were not checked: ${types.why}`);
  return status;
}

/** `roost plugin build [DIR]`: writes ID-vVERSION.mbp into the current folder. The same sources give the same bytes. */
export async function build(folder = ".", options: PluginOptions, terminal: Terminal): Promise<number> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return missing(folder, terminal);
  const { file, bytes, inspection } = await packPlugin(resolve(folder), pythonOf(options, terminal));
  writeFileSync(file, bytes);
  if (options.json) terminal.out(JSON.stringify({ ...report(inspection), file }));
  else {
    sayAll(inspection, terminal);
    terminal.out(`Written to ${file} (${Math.ceil(bytes.byteLength / 1000)} kB).`);
  }
  return exitCode.fine;
}

function missing(what: string, terminal: Terminal): number {
  terminal.err(`There is no ${what}. Begin a plugin with: roost plugin new NAME`);
  return exitCode.usage;
}

/** The interpreter that runs Python plugins with this machine's config, else the system's. */
export function pythonOf(options: PluginOptions, terminal: Terminal): string | undefined {
  const searchPath = terminal.env.PATH ?? "";
  try {
    const dataDir = dataDirOf(options, terminal);
    return new PythonInterpreter({ named: undefined, dataDir, searchPath }).find();
  } catch {
    return Bun.which("python3", { PATH: searchPath }) ?? undefined;
  }
}

function report({ info, manifest, mainFile, warnings }: Inspection) {
  const { id, version, language, dependencies, settingsSchema, entries, obstacle, answersTo } = info;
  const { permissions } = manifest;
  return {
    ...{ id, version, language, mainFile, entries, permissions, dependencies, answersTo },
    ...{ settings: settingsSchema ?? null, obstacle: obstacle ?? null, warnings },
  };
}

function sayAll({ info, manifest, warnings }: Inspection, terminal: Terminal): void {
  const { network } = manifest.permissions;
  const settings = Object.keys(objectAt(info.settingsSchema, "properties") ?? {});
  terminal.out(`${info.id} ${info.version} (${info.language}) is fine.`);
  terminal.out(`Answers:   ${info.answersTo.join(", ") || "not told"}`);
  terminal.out(`Settings:  ${settings.join(", ") || "none"}`);
  if (info.language === "typescript")
    terminal.out(
      `Network:   ${typeof network === "boolean" ? (network ? "any host" : "none") : network.join(", ")}`,
    );
  for (const sentence of [...warnings, ...(info.obstacle === undefined ? [] : [info.obstacle])])
    terminal.err(sentence);
}
