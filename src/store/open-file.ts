import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

const header = "SQLite format 3\0";
/** Of a write-ahead log; the last bit tells the order of bytes. */
const logMagic = 0x377f0682;

/**
 * Looks at the file of a database that somebody has open: SQLite itself reads from its cache what it has read once, and would
 * not notice for days that another program wrote over the file. The file stays open until `close`, since closing it gives up
 * every lock that this process has on it; so that comes after its database is closed.
 */
export class OpenFile {
  readonly #file: string;
  readonly fd: number;
  #written: string;

  /** Throws what the file system throws. */
  constructor(file: string) {
    this.#file = file;
    this.fd = openSync(file, "r");
    this.#written = this.#signature();
  }

  close(): void {
    closeSync(this.fd);
  }

  /** Whether file and write-ahead log still begin as SQLite's do. Costs some 20 microseconds. */
  beginsWell(): boolean {
    const first = Buffer.alloc(header.length);
    readSync(this.fd, first, 0, first.length, 0);
    return first.toString("latin1") === header && logBeginsWell(`${this.#file}-wal`);
  }

  /** Whether the file itself was written to since the last call, which SQLite does once in thousands of pages. */
  wasWritten(): boolean {
    const before = this.#written;
    this.#written = this.#signature();
    return this.#written !== before;
  }

  #signature(): string {
    const { size, mtimeMs } = fstatSync(this.fd);
    return `${size}:${mtimeMs}`;
  }
}

/** It is empty, or not there, before the first write. */
function logBeginsWell(file: string): boolean {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return true;
  const fd = openSync(file, "r");
  try {
    const first = Buffer.alloc(4);
    readSync(fd, first, 0, first.length, 0);
    return (first.readUInt32BE() & ~1) >>> 0 === logMagic;
  } finally {
    closeSync(fd);
  }
}
