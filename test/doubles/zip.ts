import { crc32, deflateRawSync } from "node:zlib";

/** What the headers of an entry say; whatever is left out is right. */
interface Header {
  readonly flags?: number;
  readonly method?: number;
  readonly crc32?: number;
  readonly packedBytes?: number;
  readonly sizeBytes?: number;
  readonly extra?: Uint8Array;
}

export interface ZipEntry extends Header {
  readonly name: string | Uint8Array;
  readonly data?: string | Uint8Array;
  /** Compressed unless false. */
  readonly deflate?: boolean;
  /** Packed data as it is, instead of packing `data`. */
  readonly packed?: Uint8Array;
  /** Unix mode, 0o100644 when left out. */
  readonly mode?: number;
  readonly madeBy?: number;
  readonly disk?: number;
  /** Where the directory says the local header is. */
  readonly offset?: number;
  /** What the local header says instead. */
  readonly local?: Header & { readonly name?: string | Uint8Array; readonly signature?: number };
  /** Puts sizes behind the data and zeros before it. */
  readonly descriptor?: "signed" | "plain" | "wrong";
}

export interface ZipEnd {
  readonly before?: Uint8Array;
  readonly gap?: Uint8Array;
  readonly after?: Uint8Array;
  readonly comment?: string;
  readonly count?: number;
  readonly countHere?: number;
  readonly disk?: number;
  readonly directoryOffset?: number;
  readonly directoryBytes?: number;
  /** Stands between the directory and the end record. */
  readonly locator?: Uint8Array;
}

/** A zip archive byte by byte (APPNOTE 6.3), as wrong as the test wants it. */
export function zip(entries: readonly ZipEntry[], end: ZipEnd = {}): Uint8Array<ArrayBuffer> {
  const before = end.before ?? new Uint8Array();
  const locals: Uint8Array[] = [before];
  const directory: Uint8Array[] = [];
  let offset = before.length;
  for (const entry of entries) {
    const { local, central } = pack(entry, offset);
    locals.push(local);
    directory.push(central);
    offset += local.length;
  }
  const gap = end.gap ?? new Uint8Array();
  const index = Buffer.concat(directory);
  const comment = Buffer.from(end.comment ?? "");
  const record = numbers(
    [4, 0x06054b50],
    [2, end.disk ?? 0],
    [2, end.disk ?? 0],
    [2, end.countHere ?? end.count ?? entries.length],
    [2, end.count ?? entries.length],
    [4, end.directoryBytes ?? index.length],
    [4, end.directoryOffset ?? offset + gap.length],
    [2, comment.length],
  );
  const rest = [gap, index, end.locator ?? new Uint8Array(), record, comment, end.after ?? new Uint8Array()];
  return new Uint8Array(Buffer.concat([...locals, ...rest]));
}

/** Little-endian numbers, each as its width in bytes and its value. */
export function numbers(...fields: readonly (readonly [width: 2 | 4, value: number])[]): Uint8Array {
  const bytes = Buffer.alloc(fields.reduce((sum, [width]) => sum + width, 0));
  let at = 0;
  for (const [width, value] of fields) at = bytes.writeUIntLE(value, at, width);
  return bytes;
}

function pack(entry: ZipEntry, at: number): { local: Uint8Array; central: Uint8Array } {
  const name = Buffer.from(entry.name);
  const data = Buffer.from(entry.data ?? "");
  const isStored = entry.deflate === false || data.length === 0;
  const packed = entry.packed ?? (isStored ? data : deflateRawSync(data));
  const right = {
    flags: (name.some((byte) => byte > 0x7f) ? 0x800 : 0) | (entry.descriptor === undefined ? 0 : 8),
    method: isStored && entry.packed === undefined ? 0 : 8,
    crc32: crc32(data),
    packedBytes: packed.length,
    sizeBytes: data.length,
    extra: new Uint8Array(),
  };
  const header = { ...right, ...entry };
  const zeros = entry.descriptor === undefined ? {} : { crc32: 0, packedBytes: 0, sizeBytes: 0 };
  const inner = { ...header, ...zeros, ...entry.local };
  const innerName = Buffer.from(entry.local?.name ?? name);
  const sizes: [4, number][] = [
    [4, entry.descriptor === "wrong" ? (header.crc32 ^ 1) >>> 0 : header.crc32],
    [4, header.packedBytes],
    [4, header.sizeBytes],
  ];
  const signature: [4, number][] = entry.descriptor === "plain" ? [] : [[4, 0x08074b50]];
  const local = Buffer.concat([
    numbers(
      [4, entry.local?.signature ?? 0x04034b50],
      [2, 20],
      ...fieldsOf(inner),
      [2, innerName.length],
      [2, inner.extra.length],
    ),
    innerName,
    inner.extra,
    packed,
    entry.descriptor === undefined ? new Uint8Array() : numbers(...signature, ...sizes),
  ]);
  const central = Buffer.concat([
    numbers(
      [4, 0x02014b50],
      [2, entry.madeBy ?? (3 << 8) | 20],
      [2, 20],
      ...fieldsOf(header),
      [2, name.length],
      [2, header.extra.length],
      [2, 0],
      [2, entry.disk ?? 0],
      [2, 0],
      [2, 0],
      [2, entry.mode ?? 0o100644],
      [4, entry.offset ?? at],
    ),
    name,
    header.extra,
  ]);
  return { local, central };
}

function fieldsOf(header: Required<Omit<Header, "extra">>): [2 | 4, number][] {
  return [
    [2, header.flags],
    [2, header.method],
    [2, 0],
    [2, 0x21],
    [4, header.crc32],
    [4, header.packedBytes],
    [4, header.sizeBytes],
  ];
}
