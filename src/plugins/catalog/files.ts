import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openArchive, type PluginFiles } from "../archive/archive.ts";
import { pluginLimits, refuse } from "../archive/refusal.ts";
import { openFolder } from "../archive/source-folder.ts";

/** The files of a plugin on disk, an archive or a folder. @throws RoostError `plugin-refused`. */
export async function openFiles(path: string): Promise<PluginFiles> {
  const found = await stat(path);
  if (found.isDirectory()) return openFolder(path);
  if (!found.isFile()) refuse("It is neither a file nor a folder. Remove it.");
  if (found.size > pluginLimits.totalBytes) {
    refuse(`It has more than ${pluginLimits.totalBytes / 1e6} MB. Leave out what the plugin does not need.`);
  }
  return openArchive(await readFile(path));
}

/** Writes a plugin's files into a folder, in the place of all that was there: what an instance runs. @throws RoostError `plugin-refused`. */
export async function unpackPlugin(path: string, folder: string): Promise<void> {
  const files = await openFiles(path);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of files.names) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await files.read(name));
  }
}
