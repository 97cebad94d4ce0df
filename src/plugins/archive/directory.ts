import { checkClashes, checkName, decodeName } from "./name.ts";
import { pluginLimits, quote, refuse } from "./refusal.ts";

/** One entry as the archive's central directory and its local header agree on it. */
export interface ArchiveEntry {
  /** Checked; a folder's ends with `/`. */
  readonly name: string;
  readonly isDeflated: boolean;
  readonly crc32: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  /** Where its packed data begins in the archive. */
  readonly offset: number;
}

interface Region {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** The flags that say how to read an entry: encrypted, sizes after the data, strongly encrypted, UTF-8 name, masked headers. */
const flag = { encrypted: 1, descriptor: 8, strong: 0x40, utf8: 0x800, masked: 0x2000 };
const tooNew = "uses zip64, which a plugin never needs";

/**
 * The entries of a zip archive (APPNOTE 6.3), of which only the part that every reader understands alike is accepted: one disk,
 * no zip64, nothing encrypted, no data around or overlapping the entries, and local headers that say the same as the directory.
 *
 * @throws RoostError `plugin-refused` with the first fault found. Sizes are those claimed: inflating has to hold them to it.
 */
export function readDirectory(bytes: Uint8Array): ArchiveEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { start, end, count } = findDirectory(view);
  const entries: ArchiveEntry[] = [];
  const regions: Region[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) {
      refuse(`The archive's list of entries is damaged at entry ${index + 1}. Download or pack it again.`);
    }
    const { entry, region, next } = readEntry(bytes, view, at, { start, end });
    entries.push(entry);
    regions.push(region);
    at = next;
  }
  if (at !== end) refuse("The archive's list of entries is longer than it says. Pack it again.");
  checkOverlaps(regions);
  checkClashes(entries.map(({ name }) => name));
  checkSizes(entries);
  return entries;
}

function findDirectory(view: DataView): { start: number; end: number; count: number } {
  const end = findEnd(view);
  const [disk, startDisk] = [view.getUint16(end + 4, true), view.getUint16(end + 6, true)];
  const [countHere, count] = [view.getUint16(end + 8, true), view.getUint16(end + 10, true)];
  const [sizeBytes, start] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  const hasLocator = end >= 20 && view.getUint32(end - 20, true) === 0x07064b50;
  if (hasLocator || count === 0xffff || sizeBytes === 0xffffffff || start === 0xffffffff) {
    refuse(`The archive ${tooNew}. Pack it again without it.`);
  }
  if (disk !== 0 || startDisk !== 0 || countHere !== count) {
    refuse("The archive is one part of several. Pack it again as a single file.");
  }
  if (count === 0) refuse("The archive is empty. Build the plugin again with `mbc build`.");
  if (count > pluginLimits.entries) {
    refuse(
      `The archive holds ${count} entries; ${pluginLimits.entries} is the limit. Leave out what the plugin does not need.`,
    );
  }
  if (start + sizeBytes !== end) {
    refuse("The archive is damaged: its list of entries is not where it says. Download or pack it again.");
  }
  return { start, end, count };
}

function findEnd(view: DataView): number {
  const size = view.byteLength;
  for (let at = size - 22; at >= Math.max(0, size - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    if (at + 22 + view.getUint16(at + 20, true) === size) return at;
    return refuse("The archive has something after its end, or is cut short. Download or pack it again.");
  }
  const isZip = size >= 4 && view.getUint32(0, true) === 0x04034b50;
  return refuse(
    isZip
      ? "The archive is cut short: its end is missing. Download or upload it again."
      : "This is not a zip archive. Upload the .mbp file that `mbc build` or `roost plugin build` made.",
  );
}

function readEntry(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  directory: { readonly start: number; readonly end: number },
): { entry: ArchiveEntry; region: Region; next: number } {
  const flags = view.getUint16(at + 8, true);
  const nameEnd = at + 46 + view.getUint16(at + 28, true);
  const extraEnd = nameEnd + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > directory.end) refuse("The archive's list of entries is cut short. Download or pack it again.");
  const name = decodeName(bytes.subarray(at + 46, nameEnd), (flags & flag.utf8) !== 0);
  checkName(name);
  const shown = quote(name);
  const method = view.getUint16(at + 10, true);
  const sizes = { packedBytes: view.getUint32(at + 20, true), sizeBytes: view.getUint32(at + 24, true) };
  const header = { crc32: view.getUint32(at + 16, true), ...sizes };
  const local = view.getUint32(at + 42, true);
  if (sizes.packedBytes === 0xffffffff || sizes.sizeBytes === 0xffffffff || local === 0xffffffff) {
    refuse(`The entry ${shown} ${tooNew}. Pack the plugin again without it.`);
  }
  checkKind(shown, name, flags, method, view.getUint32(at + 38, true) >>> 16);
  checkExtra(view, nameEnd, extraEnd, shown);
  if (view.getUint16(at + 34, true) !== 0)
    refuse(`The entry ${shown} is on another disk. Pack it as a single file.`);
  if (method === 0 && sizes.packedBytes !== sizes.sizeBytes) {
    refuse(`The entry ${shown} is not compressed, yet has two sizes. Pack the plugin again.`);
  }
  if (name.endsWith("/") && sizes.sizeBytes !== 0)
    refuse(`The folder ${shown} has contents of its own. Pack the plugin again.`);
  const found = checkLocal(bytes, view, local, directory.start, {
    name: bytes.subarray(at + 46, nameEnd),
    shown,
    flags,
    method,
    ...header,
  });
  const entry = { name, isDeflated: method === 8, ...header, offset: found.offset };
  return { entry, region: { name, start: local, end: found.end }, next };
}

function checkKind(shown: string, name: string, flags: number, method: number, mode: number): void {
  if ((flags & (flag.encrypted | flag.strong | flag.masked)) !== 0 || method === 99) {
    refuse(`The entry ${shown} is encrypted. Pack the plugin again without a password.`);
  }
  if (method !== 0 && method !== 8) {
    refuse(
      `The entry ${shown} is compressed in a way (${method}) that Roost does not read. Pack it as an ordinary zip.`,
    );
  }
  const type = mode & 0xf000;
  if (type === 0xa000) refuse(`The entry ${shown} is a symbolic link. Pack the file itself in its place.`);
  const isKnown = type === 0 || type === 0x8000 || (type === 0x4000 && name.endsWith("/"));
  if (!isKnown)
    refuse(`The entry ${shown} is neither a file nor a folder but a device or the like. Leave it out.`);
}

/** Extra fields that would give the entry other sizes, another name or a password in some readers. */
function checkExtra(view: DataView, start: number, end: number, shown: string): void {
  for (let at = start; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    const id = view.getUint16(at, true);
    if (id === 0x0001) refuse(`The entry ${shown} ${tooNew}. Pack the plugin again without it.`);
    if (id === 0x7075) refuse(`The entry ${shown} has a second name. Pack the plugin again.`);
    if (id === 0x9901) refuse(`The entry ${shown} is encrypted. Pack the plugin again without a password.`);
  }
}

interface Claims {
  readonly name: Uint8Array;
  readonly shown: string;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
}

/** Where the entry's data begins and its region ends, once its local header says what the directory says. */
function checkLocal(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  limit: number,
  claims: Claims,
): { offset: number; end: number } {
  const damaged = (): never =>
    refuse(
      `The entry ${claims.shown} is damaged: its header and the archive's list disagree. Download or pack it again.`,
    );
  if (at + 30 > limit || view.getUint32(at, true) !== 0x04034b50) damaged();
  const nameEnd = at + 30 + view.getUint16(at + 26, true);
  const offset = nameEnd + view.getUint16(at + 28, true);
  const dataEnd = offset + claims.packedBytes;
  if (dataEnd > limit) refuse(`The entry ${claims.shown} is cut short. Download or pack it again.`);
  checkExtra(view, nameEnd, offset, claims.shown);
  const flags = view.getUint16(at + 6, true);
  const mask = flag.encrypted | flag.descriptor | flag.strong | flag.utf8 | flag.masked;
  const isSame = ((flags ^ claims.flags) & mask) === 0 && view.getUint16(at + 8, true) === claims.method;
  if (!isSame || Buffer.compare(bytes.subarray(at + 30, nameEnd), claims.name) !== 0) damaged();
  const wanted = [claims.crc32, claims.packedBytes, claims.sizeBytes];
  const holds = (start: number, mayBeZero: boolean) =>
    wanted.every((value, index) => {
      const found = view.getUint32(start + 4 * index, true);
      return found === value || (mayBeZero && found === 0);
    });
  const hasDescriptor = (flags & flag.descriptor) !== 0;
  if (!holds(at + 14, hasDescriptor)) damaged();
  if (!hasDescriptor) return { offset, end: dataEnd };
  // The sizes follow the data, with or without a signature of their own.
  if (dataEnd + 16 <= limit && view.getUint32(dataEnd, true) === 0x08074b50 && holds(dataEnd + 4, false)) {
    return { offset, end: dataEnd + 16 };
  }
  if (dataEnd + 12 > limit || !holds(dataEnd, false)) damaged();
  return { offset, end: dataEnd + 12 };
}

function checkOverlaps(regions: readonly Region[]): void {
  let previous: Region | undefined;
  for (const region of [...regions].sort((a, b) => a.start - b.start)) {
    if (previous === undefined && region.start !== 0) {
      refuse("The archive has something before its first entry. Pack it as an ordinary zip.");
    }
    if (previous !== undefined && region.start < previous.end) {
      refuse(`The entries ${quote(previous.name)} and ${quote(region.name)} overlap. Pack the plugin again.`);
    }
    previous = region;
  }
}

function checkSizes(entries: readonly ArchiveEntry[]): void {
  let totalBytes = 0;
  for (const { name, packedBytes, sizeBytes } of entries) {
    totalBytes += sizeBytes;
    if (sizeBytes > pluginLimits.ratio * packedBytes + pluginLimits.ratioFreeBytes) {
      refuse(
        `The entry ${quote(name)} unpacks to more than ${pluginLimits.ratio} times its size, as only bombs do. Leave it out.`,
      );
    }
  }
  if (totalBytes > pluginLimits.totalBytes) {
    refuse(
      `The archive unpacks to ${Math.ceil(totalBytes / 1e6)} MB; ${pluginLimits.totalBytes / 1e6} MB is the limit. Leave out what the plugin does not need.`,
    );
  }
}
