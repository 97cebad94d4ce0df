import { Database } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { databaseTrouble } from "../core/database-trouble.ts";
import { RoostError, sentenceOf } from "../core/error.ts";

const openingBusyMs = 1_000;
const busyMs = 2_000;
/** A database that is mended is in use again this soon. */
const retryAfterMs = 2_000;

/**
 * Opens a SQLite file as every database of Roost is opened and brings its schema up to date, after a copy of it as it was.
 *
 * `synchronous = NORMAL` in WAL mode: a commit survives `kill -9`; a power cut may roll back the last ones, which delivery is
 * built for (token and inbox roll back together, and a send's transaction id is derived, not stored).
 * Proves with a write that it can be written.
 * @throws RoostError `database-lost` when it is damaged, `database-busy` when it cannot be opened or written for now,
 * `migration-failed` when the schema cannot be brought up to date, and `database` when it was written by a newer Roost.
 */
export function openDatabase(
  file: string,
  migrations: readonly string[],
  options: { readonly exclusive?: boolean; readonly busyTimeoutMs?: number } = {},
): Database {
  let db: Database | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    db = new Database(file, { create: true, strict: true });
    // busy_timeout comes first: switching to WAL needs the lock.
    db.run(`PRAGMA busy_timeout = ${options.busyTimeoutMs ?? openingBusyMs}`);
    // Nobody else may open it then, and each transaction is spared some twenty system calls.
    if (options.exclusive) db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = NORMAL");
    db.run("PRAGMA foreign_keys = ON");
    // A checkpoint waits for the disk: few and larger ones disturb less.
    db.run(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    db.run("PRAGMA journal_size_limit = 16777216");
    requireWhole(db, file);
    migrate(db, file, migrations);
    db.run(`PRAGMA busy_timeout = ${busyMs}`);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof RoostError) throw error;
    throw databaseError(`The database ${file} cannot be opened`, error);
  }
}

/** Larger databases are read through only by the nightly backup. */
export const largestCheckedBytes = 200_000_000;

/** How large the write-ahead log may grow before it is folded in. */
export const checkpointPages = 4000;

/**
 * What SQLite or the disk refused, as RoostError whose sentence begins with `what` and ends with what to look at: `database-lost`
 * for a damaged file, else `database-busy`.
 */
export function databaseError(what: string, error: unknown): RoostError {
  const trouble = databaseTrouble(error);
  const remedy = trouble?.remedy ?? "See that the folder it lies in is a folder and can be written.";
  const sentence = `${what}: ${sentenceOf(error).replace(/\.$/, "")}. ${remedy}`;
  return trouble?.kind === "lost"
    ? new RoostError("database-lost", sentence, { cause: error })
    : new RoostError("database-busy", sentence, { cause: error, retryAfterMs });
}

/** Whether what SQLite found is a damaged file, so that only another file helps. */
export function isDamage(error: unknown): boolean {
  return databaseTrouble(error)?.kind === "lost";
}

/** Damage that is found only later would cost messages: it is cheaper to look for it now, 3 ms a megabyte at most. */
function requireWhole(db: Database, file: string): void {
  if (statSync(file).size > largestCheckedBytes) return;
  const found = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check;
  if (found !== "ok") throw damage(found);
}

/** The error that SQLite would give for what a check has found. */
export function damage(found: string | undefined): Error {
  return Object.assign(new Error(found ?? "its check gave no answer"), { code: "SQLITE_CORRUPT" });
}

function migrate(db: Database, file: string, migrations: readonly string[]): void {
  const version = db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  if (version > migrations.length && migrations.length > 0) {
    throw new RoostError(
      "database",
      `The database ${file} was written by a newer Roost (schema ${version}, this one knows ${migrations.length}). Start the newer executable, or put ${copyBefore(file, migrations.length)} or a backup made before the upgrade in its place.`,
    );
  }
  // The same number again is a write too: it shows a lock, a full disk or a read-only file now.
  if (version >= migrations.length) db.run(`PRAGMA user_version = ${version}`);
  else if (version > 0) keepCopy(db, file, version);
  for (let next = version; next < migrations.length; next++) {
    try {
      db.transaction(() => {
        db.run(migrations[next] ?? "");
        db.run(`PRAGMA user_version = ${next + 1}`);
      })();
    } catch (cause) {
      if (databaseTrouble(cause) !== undefined) throw cause;
      const sentence = `Migration ${next + 1} of its database failed and was undone: ${sentenceOf(cause)}. It needs another version of what wrote it.`;
      throw new RoostError("migration-failed", sentence, { cause });
    }
  }
}

/** What the older executable can go back to. Only the newest is kept. */
function keepCopy(db: Database, file: string, version: number): void {
  const copy = copyBefore(file, version);
  if (existsSync(copy)) return;
  for (const name of readdirSync(dirname(file)))
    if (name.startsWith(`${basename(file)}.schema-`)) rmSync(join(dirname(file), name));
  // A copy that was cut off must not be taken for a whole one.
  rmSync(`${copy}.new`, { force: true });
  db.query("VACUUM INTO ?").run(`${copy}.new`);
  chmodSync(`${copy}.new`, 0o600);
  renameSync(`${copy}.new`, copy);
}

function copyBefore(file: string, version: number): string {
  return `${file}.schema-${version}`;
}

/** Folds the write-ahead log into the file and closes it, so that a copy of the one file is a whole database. */
export function closeDatabase(db: Database): void {
  try {
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // A full disk or a read-only file: the log stays beside the database and is folded in at the next start.
  }
  db.close();
}
