import { realpathSync } from "node:fs";
import { join } from "node:path";
import { RoostError } from "../core/error.ts";

/** Where an instance's plugin keeps temporary files; emptied at every start. */
export function filesOf(folder: string): string {
  return join(folder, "files");
}

/** A file of the plugin's own: nothing outside its folder is read or written, through links neither. */
export function requireOwn(path: string, folder: string): string {
  const real = realpathSync(path);
  if (!real.startsWith(`${realpathSync(folder)}/`)) {
    throw new RoostError("bad-request", "Only files in the bot's own folder can be used.");
  }
  return real;
}
