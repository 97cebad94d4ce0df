import { greeter } from "../plugin-archive.ts";
import { type ZipEnd, type ZipEntry, zip } from "../zip.ts";

/** An archive that must be refused, and words that the sentence must hold. */
export interface Hostile {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly says: RegExp;
}

export const good = (): ZipEntry[] => Object.entries(greeter).map(([name, data]) => ({ name, data }));
export const withEntry = (...entries: readonly ZipEntry[]) => zip([...good(), ...entries]);
export const withEnd = (end: ZipEnd) => zip(good(), end);
export const manifest = greeter["maubot.yaml"] ?? "";
