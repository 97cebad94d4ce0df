import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { resolve } from "node:path";

/** What a file holds, or the sentence that says why it cannot be had and what to do. */
export type FileText =
  | { readonly text: string; readonly worldReadable: boolean }
  | { readonly sentence: string };

/** What stands in for files on disk, by absolute path: how an edit is tried before it is written. Undefined: the file is gone. */
export type Texts = ReadonlyMap<string, string | undefined>;

/** Reads a whole regular file of UTF-8 text, never more than `maxBytes`, and never waits for a pipe or a device. */
export function readText(file: string, maxBytes: number, texts: Texts = new Map()): FileText {
  const path = resolve(file);
  if (!texts.has(path)) return readFromDisk(file, maxBytes);
  const text = texts.get(path);
  if (text === undefined) return { sentence: "does not exist" };
  return Buffer.byteLength(text) > maxBytes
    ? { sentence: tooLarge(maxBytes) }
    : { text, worldReadable: false };
}

function readFromDisk(file: string, maxBytes: number): FileText {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) return { sentence: "is a directory, not a file" };
    if (!stats.isFile()) return { sentence: "is not a regular file" };
    const bytes = readAtMost(descriptor, stats.size + 1, maxBytes + 1);
    if (bytes.length > maxBytes) return { sentence: tooLarge(maxBytes) };
    return decode(bytes, (stats.mode & 0o004) !== 0);
  } catch (error) {
    return { sentence: explain(file, error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function tooLarge(maxBytes: number): string {
  return `is larger than ${maxBytes / 1024} KiB: this cannot be the right file`;
}

/** In one piece unless it grew or does not know its size: a config of many files is read often. */
function readAtMost(descriptor: number, expectedBytes: number, limitBytes: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let total = 0; total < limitBytes; ) {
    const chunk = new Uint8Array(Math.min(Math.max(expectedBytes - total, 4096), limitBytes - total));
    const count = readSync(descriptor, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array, worldReadable: boolean): FileText {
  if (bytes.includes(0))
    return { sentence: "is not a text file (it holds NUL bytes): save it as UTF-8 text" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), worldReadable };
  } catch {
    return { sentence: "is not UTF-8 text: save it with the encoding UTF-8" };
  }
}

function explain(file: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return explainAbsence(file);
    case "ENOTDIR":
      return "does not exist: a part of its path is a file, not a folder";
    case "EACCES":
    case "EPERM":
      return "may not be read by the user Roost runs as (permission denied): check owner and mode of the file and its folders";
    case "EISDIR":
      return "is a directory, not a file";
    case "ELOOP":
      return "cannot be read: its symbolic links lead in a circle";
    default:
      return `cannot be read (${typeof code === "string" ? code : "unknown error"})`;
  }
}

function explainAbsence(file: string): string {
  try {
    if (lstatSync(file).isSymbolicLink()) {
      return `is a symbolic link to ${readlinkSync(file)}, which does not exist`;
    }
  } catch {
    // The name itself is absent.
  }
  return "does not exist";
}
