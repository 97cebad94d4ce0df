import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { ConfigFile } from "./file.ts";
import type { Texts } from "./text.ts";

const wildcard = /[*?[\]{}]/;

/**
 * The files that patterns name, in the order of the patterns and then of the names, each once, never the main file nor hidden
 * ones. `folders` are those where more may appear. A folder that is not there yet is empty.
 */
export function findIncludes(
  main: ConfigFile,
  patterns: readonly string[],
  texts: Texts = new Map(),
): { readonly files: readonly string[]; readonly folders: readonly string[] } {
  const files = new Map<string, string>();
  const isThere = (file: string) => !texts.has(file) || texts.get(file) !== undefined;
  const folders = new Set<string>();
  for (const [index, pattern] of patterns.entries()) {
    const path = isAbsolute(pattern) ? pattern : join(dirname(main.name), pattern);
    const folder = dirname(path);
    if (wildcard.test(folder) && !existsSync(folder)) {
      const message =
        "only the file name may have wildcards, not its folder: list each folder on a line of its own";
      main.report({ path: ["include", index], message });
      folders.add(resolve(folder));
      continue;
    }
    if (!wildcard.test(basename(path))) {
      files.set(resolve(path), path);
      continue;
    }
    folders.add(resolve(folder));
    const glob = new Bun.Glob(basename(path));
    const names = listFolder(folder, (message) => main.report({ path: ["include", index], message }));
    const stood = [...texts.keys()]
      .filter((file) => dirname(file) === resolve(folder))
      .map((file) => basename(file));
    const found = new Set([...names, ...stood].filter((name) => isThere(resolve(folder, name))));
    for (const name of [...found].filter((name) => !name.startsWith(".") && glob.match(name)).sort()) {
      files.set(resolve(folder, name), join(folder, name));
    }
  }
  files.delete(resolve(main.name));
  return { files: [...files.values()], folders: [...folders] };
}

function listFolder(folder: string, report: (message: string) => void): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ENOENT") report(`the folder ${folder} cannot be read (${code}): check its owner and mode`);
    return [];
  }
}
