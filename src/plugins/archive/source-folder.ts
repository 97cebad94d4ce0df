import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { RoostError } from "../../core/error.ts";
import type { PluginFiles } from "./archive.ts";
import { pluginLimits, quote, refuse } from "./refusal.ts";

/** Folders that tools leave beside a plugin's code. */
const ignored = new Set([".git", "node_modules", "__pycache__", ".venv"]);
/** Whether a file or folder of this name is no part of the plugin that lies around it. */
export function isLeftOut(name: string): boolean {
  return ignored.has(name);
}
/** Whatever a link there leads to never changes. */
const nixStore = "/nix/store/";

/**
 * A plugin that lies unpacked in a folder. Links may lead to other places within it and into the Nix store, nowhere else.
 *
 * @throws RoostError `plugin-refused`; `not-found` from `read`.
 */
export async function openFolder(folder: string): Promise<PluginFiles> {
  const top = await realpath(folder);
  const sizes = new Map<string, number>();
  await walk(top, "", sizes);
  const sizeBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (sizeBytes > pluginLimits.totalBytes) {
    refuse(
      `The folder holds ${Math.ceil(sizeBytes / 1e6)} MB; ${pluginLimits.totalBytes / 1e6} MB is the limit. Leave out what the plugin does not need.`,
    );
  }
  return {
    names: [...sizes.keys()].sort(),
    sizeBytes,
    root: "",
    async read(name) {
      if (!sizes.has(name)) throw new RoostError("not-found", `The plugin has no file ${quote(name)}.`);
      const path = await realpath(join(top, name));
      checkPlace(top, path, name);
      const { size } = await stat(path);
      if (size > pluginLimits.totalBytes) refuse(`The file ${quote(name)} has become too large. Shorten it.`);
      return readFile(path);
    },
    async verify() {},
  };
}

async function walk(top: string, prefix: string, sizes: Map<string, number>): Promise<void> {
  for (const child of await readdir(join(top, prefix))) {
    if (isLeftOut(child)) continue;
    const name = prefix + child;
    const path = await realpath(join(top, name));
    checkPlace(top, path, name);
    const found = await stat(path);
    if (found.isDirectory()) {
      if (name.split("/").length > 16) refuse(`The folder ${quote(name)} is nested too deeply. Flatten it.`);
      await walk(top, `${name}/`, sizes);
    } else if (found.isFile()) {
      sizes.set(name, found.size);
    } else {
      refuse(`${quote(name)} is neither a file nor a folder. Remove it.`);
    }
    if (sizes.size > pluginLimits.entries) {
      refuse(
        `The folder holds more than ${pluginLimits.entries} files. Leave out what the plugin does not need.`,
      );
    }
  }
}

function checkPlace(top: string, path: string, name: string): void {
  if (!path.startsWith(top + sep) && !path.startsWith(nixStore)) {
    refuse(`${quote(name)} is a link that leads out of the plugin's folder. Copy the file itself there.`);
  }
}
