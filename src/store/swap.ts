import { existsSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { flush } from "./file.ts";

const companions = ["", "-wal", "-shm"] as const;

/** A time as it stands in file names: UTC, to the second, sorted by name as by time. */
export function stampOf(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
}

/**
 * Moves a database that nobody has open, with its log, out of the way to `FILE.REASON-<UTC>`; answers that name, or undefined
 * when there was nothing to move. The file goes first: whoever comes in between finds none, and never one without its log.
 */
export function moveAside(file: string, reason: "corrupt" | "replaced", nowMs: number): string | undefined {
  const aside = freeName(`${file}.${reason}-${stampOf(nowMs)}`);
  const found = companions.filter((companion) => existsSync(file + companion));
  for (const companion of found) renameSync(file + companion, aside + companion);
  if (found.length > 0) flush(dirname(file));
  return found.includes("") ? aside : undefined;
}

/** Puts `replacement` (a whole file in the same folder) in the place of a database that nobody has open. */
export function swapDatabase(
  file: string,
  replacement: string | undefined,
  reason: "corrupt" | "replaced",
  nowMs: number,
): string | undefined {
  const aside = moveAside(file, reason, nowMs);
  if (replacement !== undefined) renameSync(replacement, file);
  flush(dirname(file));
  return aside;
}

function freeName(name: string): string {
  let free = name;
  for (let count = 2; companions.some((companion) => existsSync(free + companion)); count++)
    free = `${name}-${count}`;
  return free;
}
