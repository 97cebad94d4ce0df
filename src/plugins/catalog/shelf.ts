import { basename } from "node:path";
import { compareVersions } from "../archive/manifest-version.ts";
import type { CatalogEntry } from "./entry.ts";

/** One plugin, and other files of it that it outranks, newest last. */
export interface Shelf {
  readonly entry: CatalogEntry;
  readonly outranked: readonly CatalogEntry[];
}

/** Ids that differ only in letter case are one: their files might be. */
export function keyOf(id: string): string {
  return id.toLowerCase();
}

/** One shelf for each id, with the newest version in front. */
export function shelve(entries: readonly CatalogEntry[]): Map<string, Shelf> {
  const shelves = new Map<string, Shelf>();
  const oldestFirst = [...entries].sort((a, b) => compareVersions(a.info.version, b.info.version));
  for (const entry of oldestFirst) {
    const older = shelves.get(keyOf(entry.info.id));
    const outranked = older === undefined ? [] : [...older.outranked, older.entry];
    shelves.set(keyOf(entry.info.id), { entry, outranked });
  }
  return shelves;
}

/** The plugin, with a warning that names each file that it outranks. */
export function shown({ entry, outranked }: Shelf): CatalogEntry {
  const warnings = outranked.map(
    ({ path, info }) =>
      `${basename(path)} (version ${info.version}) is the same plugin and not used: the newest is. Remove one of them.`,
  );
  return { ...entry, warnings: [...entry.warnings, ...warnings] };
}

/** Whether both run the same code from the same file. */
export function isSame(a: Shelf | undefined, b: Shelf | undefined): boolean {
  return a?.entry.digest === b?.entry.digest && a?.entry.path === b?.entry.path;
}
