import { Database } from "bun:sqlite";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RoostError, sentenceOf } from "../core/error.ts";

/**
 * Keeps two hosts out of one data folder, by a file in its folder `host`. The lock is SQLite's own on a file of its own: the kernel gives it back however the
 * holder ends, so no stale lock is ever left behind.
 */
export class FolderLock {
  readonly #folder: string;
  #db: Database | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws RoostError `data-dir-in-use` naming the holder, or `database` when the folder cannot be written. */
  open(): void {
    const note = join(this.#folder, "host.json");
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const db = new Database(join(this.#folder, "host.lock"), { create: true });
      this.#db = db;
      db.run("PRAGMA busy_timeout = 0");
      db.run("BEGIN EXCLUSIVE");
      writeFileSync(note, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`);
    } catch (error) {
      this.close();
      if (/locked|busy/i.test(sentenceOf(error))) {
        throw new RoostError(
          "data-dir-in-use",
          `The data folder ${dirname(this.#folder)} is in use by another Roost${describeHolder(note)}. Stop that one first, or give this one its own data_dir.`,
        );
      }
      throw new RoostError(
        "database",
        `The data folder ${dirname(this.#folder)} cannot be written: ${sentenceOf(error)}. Check that it exists, belongs to this user and has space left.`,
        { cause: error },
      );
    }
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }
}

function describeHolder(note: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(note, "utf8"));
    return ` (process ${Number(pid)}, since ${String(since)})`;
  } catch {
    return "";
  }
}
