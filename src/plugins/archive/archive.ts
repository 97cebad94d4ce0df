import { crc32 } from "node:zlib";
import { Inflate } from "fflate";
import { RoostError } from "../../core/error.ts";
import { type ArchiveEntry, readDirectory } from "./directory.ts";
import { quote, refuse } from "./refusal.ts";

/** The files of a plugin, packed or not, named relative to the folder that holds its `maubot.yaml`. */
export interface PluginFiles {
  /** Sorted; files only. */
  readonly names: readonly string[];
  /** On disk. */
  readonly sizeBytes: number;
  /** The folder within the archive that holds the plugin, such as `repository-main/`; empty for an ordinary one. */
  readonly root: string;
  /** @throws RoostError `not-found` for a name that is not there, `plugin-refused` for a damaged one. */
  read(name: string): Promise<Uint8Array>;
  /** Reads everything once. @throws RoostError `plugin-refused` naming the first entry that is not what it claims to be. */
  verify(): Promise<void>;
}

/** Zeros inflate a thousandfold: 4 kB of them are 4 MB of work without a pause. */
const packedSliceBytes = 4096;
const checksumSliceBytes = 1_000_000;
const paceMs = 8;
type Pace = () => Promise<void> | undefined;

/**
 * A plugin's zip archive in memory. Nothing is inflated yet, but its directory is checked; a source archive of GitHub, which has
 * everything one folder down, is read as if that folder were the archive.
 *
 * @throws RoostError `plugin-refused`.
 */
export function openArchive(bytes: Uint8Array): PluginFiles {
  const entries = readDirectory(bytes);
  const root = findRoot(entries.map(({ name }) => name));
  const files = new Map<string, ArchiveEntry>();
  for (const entry of entries) {
    if (entry.name.startsWith(root) && !entry.name.endsWith("/"))
      files.set(entry.name.slice(root.length), entry);
  }
  return {
    names: [...files.keys()].sort(),
    sizeBytes: bytes.byteLength,
    root,
    async read(name) {
      const entry = files.get(name);
      if (entry === undefined) throw new RoostError("not-found", `The plugin has no file ${quote(name)}.`);
      return inflateEntry(bytes, entry, pacer());
    },
    async verify() {
      const pace = pacer();
      for (const entry of entries) await inflateEntry(bytes, entry, pace);
    },
  };
}

function findRoot(names: readonly string[]): string {
  if (names.includes("maubot.yaml")) return "";
  const nested = names.filter((name) => name.endsWith("/maubot.yaml"));
  const [first = "", second] = nested.filter((name) => name.split("/").length === 2);
  if (second !== undefined) {
    refuse(
      `The archive holds several plugins (${quote(first)}, ${quote(second)}). Upload each as an archive of its own.`,
    );
  }
  if (first !== "") return first.slice(0, -"maubot.yaml".length);
  const [deep] = nested;
  if (deep !== undefined) {
    refuse(
      `maubot.yaml is too far down, at ${quote(deep)}. Pack the contents of that folder as the archive.`,
    );
  }
  const packed = names.find((name) => name.endsWith(".mbp"));
  if (packed !== undefined)
    refuse(`The archive is a wrapper around ${quote(packed)}. Unpack it and upload that file.`);
  return refuse("The archive has no maubot.yaml at its top, so it is no plugin. Build it with `mbc build`.");
}

/** Inflates one entry, holding it to the size and checksum that the directory claims. */
async function inflateEntry(archive: Uint8Array, entry: ArchiveEntry, pace: Pace): Promise<Uint8Array> {
  const packed = archive.subarray(entry.offset, entry.offset + entry.packedBytes);
  const data = entry.isDeflated ? await inflate(packed, entry, pace) : packed;
  let checksum = 0;
  for (let at = 0; at < data.length; at += checksumSliceBytes) {
    checksum = crc32(data.subarray(at, at + checksumSliceBytes), checksum);
    await pace();
  }
  if (checksum !== entry.crc32) {
    refuse(`The entry ${quote(entry.name)} is damaged: its checksum is wrong. Download or pack it again.`);
  }
  return data;
}

async function inflate(
  packed: Uint8Array,
  { name, sizeBytes }: ArchiveEntry,
  pace: Pace,
): Promise<Uint8Array> {
  const data = new Uint8Array(sizeBytes);
  let length = 0;
  let isTooLong = false;
  const stream = new Inflate((chunk) => {
    isTooLong ||= length + chunk.length > sizeBytes;
    if (!isTooLong) data.set(chunk, length);
    length += chunk.length;
  });
  try {
    for (let at = 0; !isTooLong && (at === 0 || at < packed.length); at += packedSliceBytes) {
      stream.push(packed.subarray(at, at + packedSliceBytes), at + packedSliceBytes >= packed.length);
      await pace();
    }
  } catch (cause) {
    refuse(`The entry ${quote(name)} is damaged and cannot be unpacked. Download or pack it again.`, cause);
  }
  if (length !== sizeBytes) {
    refuse(
      `The entry ${quote(name)} unpacks to ${isTooLong ? "more" : "less"} than it says. Pack the plugin again.`,
    );
  }
  return data;
}

/** Answers something to wait for when this thread has worked for long enough to let others have a turn. */
function pacer(): Pace {
  let sinceMs = performance.now();
  return () => {
    if (performance.now() - sinceMs < paceMs) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        sinceMs = performance.now();
        resolve();
      }),
    );
  };
}
