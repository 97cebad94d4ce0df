import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { damage, databaseError } from "./database.ts";
import { flush } from "./file.ts";

/**
 * Writes a whole copy of a SQLite database to `target`, on disk and checked to the last page when it returns. The source may be
 * in use: what it holds at the beginning is copied. `target` must not exist; after a failure it does not.
 * @throws RoostError `database-lost` when the source is damaged, else `database-busy`.
 */
export function copyDatabase(source: string, target: string): void {
  try {
    const db = new Database(source, { readonly: true });
    try {
      db.run("PRAGMA busy_timeout = 5000");
      db.query("VACUUM INTO ?").run(target);
    } finally {
      db.close();
    }
    requireSound(target);
    flush(target);
    flush(dirname(target));
  } catch (error) {
    rmSync(target, { force: true });
    throw databaseError(`The database ${source} cannot be copied`, error);
  }
}

/** Reads every page and index of a backup. Throws RoostError `database-lost` when one is damaged, `database-busy` when unreadable. */
export function checkDatabase(file: string): void {
  try {
    requireSound(file);
  } catch (error) {
    throw databaseError(`The database ${file} does not pass its check`, error);
  }
}

function requireSound(file: string): void {
  const db = new Database(file, { readonly: true });
  try {
    const found = db.query<{ integrity_check: string }, []>("PRAGMA integrity_check(1)").get();
    if (found?.integrity_check !== "ok") throw damage(found?.integrity_check);
  } finally {
    db.close();
  }
}
