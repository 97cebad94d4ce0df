import type { Database } from "bun:sqlite";
import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { asInstanceId } from "../core/id.ts";
import { type LogRecord, type Severity, severities } from "../core/log.ts";
import { type KeptRecord, type RecordQuery, searchTextOf } from "../core/record.ts";
import { closeDatabase, openDatabase } from "./database.ts";

type Parameter = string | number | null;

export interface RecordBounds {
  /** Of each instance, and of the host. */
  readonly maxCount: number;
  readonly maxAgeMs: number;
  /** Of the whole file. */
  readonly maxBytes: number;
}

interface Row {
  readonly id: number;
  readonly timeMs: number;
  readonly severity: number;
  readonly instance: string;
  readonly message: string;
  readonly details: string | null;
}

/** What the host's records have as their instance. */
const host = "";
const alert = severities.indexOf("WARN");

/**
 * WARN and worse are few, and looked for most. `search` is what text is looked for in (`searchTextOf`): SQLite by itself would
 * tell upper from lower case in all but English letters.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    instance TEXT NOT NULL,
    message TEXT NOT NULL,
    details TEXT,
    search TEXT NOT NULL
  ) STRICT;
  CREATE INDEX record_instance ON record (instance);
  CREATE INDEX record_alert ON record (id) WHERE severity >= ${alert};
  CREATE INDEX record_instance_alert ON record (instance) WHERE severity >= ${alert};
  `,
];

/** The file of kept records, `log.db`. All of it throws what SQLite throws. */
export class RecordDatabase {
  readonly #file: string;
  readonly #db: Database;
  readonly #inode: number;
  readonly #insertAll: (records: readonly KeptRecord[]) => void;

  private constructor(file: string, db: Database) {
    this.#file = file;
    this.#db = db;
    this.#inode = statSync(file).ino;
    const insert = db.query<unknown, Parameter[]>(
      "INSERT OR IGNORE INTO record (id, time_ms, severity, instance, message, details, search) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#insertAll = db.transaction((records: readonly KeptRecord[]) => {
      for (const record of records) insert.run(...rowOf(record));
    }).immediate;
  }

  /** Opens the file, and makes it if need be. Throws RoostError `database`. */
  static open(file: string): RecordDatabase {
    const db = openDatabase(file, migrations, { exclusive: true, busyTimeoutMs: 50 });
    // Little at a time is folded in, so that the write-ahead log stays small beside the bound of the file.
    db.run("PRAGMA wal_autocheckpoint = 500");
    db.run("PRAGMA journal_size_limit = 2097152");
    return new RecordDatabase(file, db);
  }

  /** One transaction. */
  insert(records: readonly KeptRecord[]): void {
    // SQLite would go on writing into a file that was deleted.
    if (statSync(this.#file, { throwIfNoEntry: false })?.ino !== this.#inode)
      throw new Error(`${this.#file} was deleted or replaced`);
    this.#insertAll(records);
  }

  query(query: RecordQuery): KeptRecord[] {
    const [sql, parameters] = selectionOf(query);
    const rows = this.#db.query<Row, Parameter[]>(sql).all(...parameters);
    const records = rows.map(recordOf);
    return query.afterId === undefined ? records.reverse() : records;
  }

  lastId(): number {
    return this.#db.query<{ id: number | null }, []>("SELECT max(id) AS id FROM record").get()?.id ?? 0;
  }

  /** Clears away what is beyond the bounds; freed pages are written to again. */
  prune(bounds: RecordBounds, nowMs: number): void {
    this.#db.query("DELETE FROM record WHERE id < ?").run((nowMs - bounds.maxAgeMs) * 1000);
    for (const { instance } of this.#db
      .query<{ instance: string }, []>("SELECT DISTINCT instance FROM record")
      .all())
      this.#db
        .query(
          `DELETE FROM record WHERE instance = ?1 AND id <= (
            SELECT id FROM record WHERE instance = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
        )
        .run(instance, bounds.maxCount);
    if (this.usedBytes() > bounds.maxBytes)
      this.#db.run(
        "DELETE FROM record WHERE id IN (SELECT id FROM record ORDER BY id LIMIT (SELECT count(*) / 4 FROM record))",
      );
  }

  close(): void {
    closeDatabase(this.#db);
  }

  /** Of the file, without what is free in it. */
  usedBytes(): number {
    const pragma = (name: string) => Number(Object.values(this.#db.query(`PRAGMA ${name}`).get() ?? {})[0]);
    return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  }
}

/** Out of the way, under a name with the time; one that was put aside earlier is removed. Answers the new name. */
export function putAside(file: string, nowMs: number): string {
  const folder = dirname(file);
  for (const name of readdirSync(folder))
    if (name.startsWith(`${basename(file)}.damaged-`)) rmSync(join(folder, name));
  const aside = `${file}.damaged-${new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "")}`;
  renameSync(file, aside);
  for (const suffix of ["-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
  return aside;
}

function selectionOf(query: RecordQuery): [sql: string, parameters: Parameter[]] {
  const { instance, severity = "DEBUG", sinceMs, untilMs, text, beforeId, afterId, limit } = query;
  const floor = severities.indexOf(severity);
  const isAlert = floor >= alert;
  const conditions: (readonly [condition: string, ...Parameter[]])[] = [
    // Said in the index's own words too: SQLite uses it only then.
    isAlert ? [`severity >= ${alert} AND severity >= ?`, floor] : ["severity >= ?", floor],
  ];
  if (instance !== undefined) conditions.push(["instance = ?", instance ?? host]);
  // An id is never less than its time in microseconds.
  if (sinceMs !== undefined) conditions.push(["id >= ? AND time_ms >= ?", sinceMs * 1000, sinceMs]);
  if (untilMs !== undefined) conditions.push(["time_ms <= ?", untilMs]);
  if (beforeId !== undefined) conditions.push(["id < ?", beforeId]);
  if (afterId !== undefined) conditions.push(["id > ?", afterId]);
  if (text !== undefined) conditions.push(["instr(search, ?) > 0", text.toLowerCase()]);
  const index = `${instance === undefined ? "" : "_instance"}${isAlert ? "_alert" : ""}`;
  return [
    `SELECT id, time_ms AS timeMs, severity, instance, message, details FROM record
     ${index === "" ? "NOT INDEXED" : `INDEXED BY record${index}`}
     WHERE ${conditions.map(([condition]) => condition).join(" AND ")}
     ORDER BY id ${afterId === undefined ? "DESC" : "ASC"} LIMIT ?`,
    [...conditions.flatMap(([, ...values]) => values), limit],
  ];
}

function rowOf(record: KeptRecord): Parameter[] {
  const { id, timeMs, severity, instance, message, context, causes, fault } = record;
  const isBare = fault === undefined && causes.length === 0 && Object.keys(context).length === 0;
  const details = isBare ? null : JSON.stringify({ context, causes, fault });
  return [id, timeMs, severities.indexOf(severity), instance ?? host, message, details, searchTextOf(record)];
}

function recordOf({ id, timeMs, severity, instance, message, details }: Row): KeptRecord {
  const name: Severity = severities[severity] ?? "DEBUG";
  const base = { id, timeMs, severity: name, instance: asInstanceId(instance), message };
  // Written by `rowOf` alone.
  const rest: Pick<LogRecord, "context" | "causes" | "fault"> =
    details === null ? { context: {}, causes: [] } : JSON.parse(details);
  return { ...base, ...rest };
}
