import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { RoostError, sentenceOf } from "../core/error.ts";

/**
 * Opens a SQLite file as every database of Roost is opened and brings its schema up to date.
 *
 * `synchronous = NORMAL` in WAL mode: a commit survives `kill -9`; a power cut may roll back the last ones, which delivery is
 * built for (token and inbox roll back together, and a send's transaction id is derived, not stored).
 * @throws RoostError `database` when the file cannot be opened, is corrupt, or was written by a newer Roost.
 */
export function openDatabase(
  file: string,
  migrations: readonly string[],
  options: { readonly exclusive?: boolean; readonly busyTimeoutMs?: number } = {},
): Database {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const db = new Database(file, { create: true, strict: true });
    // busy_timeout comes first: switching to WAL needs the lock.
    db.run(`PRAGMA busy_timeout = ${options.busyTimeoutMs ?? 5000}`);
    // Nobody else may open it then, and each transaction is spared some twenty system calls.
    if (options.exclusive) db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = NORMAL");
    db.run("PRAGMA foreign_keys = ON");
    // A checkpoint waits for the disk: few and larger ones disturb less.
    db.run("PRAGMA wal_autocheckpoint = 4000");
    db.run("PRAGMA journal_size_limit = 16777216");
    migrate(db, file, migrations);
    requireWhole(db);
    return db;
  } catch (error) {
    if (error instanceof RoostError) throw error;
    throw databaseError(`The database ${file} cannot be opened`, error);
  }
}

/** What SQLite or the disk refused, as RoostError `database` whose sentence begins with `what` and ends with what to do. */
export function databaseError(what: string, error: unknown): RoostError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const advice =
    remedies.find(([codes]) => codes.test(code))?.[1] ??
    "See that the folder it lies in is a folder and can be written.";
  return new RoostError("database", `${what}: ${sentenceOf(error)}. ${advice}`, { cause: error });
}

/** Whether what SQLite found is a damaged file, so that only another file helps. */
export function isDamage(error: unknown): boolean {
  const found = error instanceof RoostError ? error.cause : error;
  return found instanceof Error && "code" in found && damage.test(String(found.code));
}

const damage = /NOTADB|CORRUPT/;
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    damage,
    "It is damaged: stop what uses it, then restore it from a backup or move it away; a new one is made in its place.",
  ],
  [/FULL|NOSPC|DQUOT/, "Free some disk space."],
  [/IOERR|EIO/, "See whether its disk is in order and has space left."],
  [
    /READONLY|CANTOPEN|EACCES|EPERM|EROFS/,
    "See that it belongs to the user Roost runs as and can be written.",
  ],
];

/** Damage that is found only later would cost messages: it is cheaper to look for it now. */
function requireWhole(db: Database): void {
  const found = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check;
  if (found === "ok") return;
  db.close();
  throw Object.assign(new Error(found ?? "its check gave no answer"), { code: "SQLITE_CORRUPT" });
}

function migrate(db: Database, file: string, migrations: readonly string[]): void {
  const version = db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  if (version > migrations.length) {
    db.close();
    throw new RoostError(
      "database",
      `The database ${file} was written by a newer Roost (schema ${version}, this one knows ${migrations.length}). Start the newer executable, or restore a backup made before the upgrade.`,
    );
  }
  for (let next = version; next < migrations.length; next++) {
    db.transaction(() => {
      db.run(migrations[next] ?? "");
      db.run(`PRAGMA user_version = ${next + 1}`);
    })();
  }
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
