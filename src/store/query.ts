import { Database } from "bun:sqlite";
import { RoostError, sentenceOf } from "../core/error.ts";
import type { Cell, DatabaseTable, QueryResult } from "../core/management.ts";

/** What the host asks of a process that it can kill: SQLite's running statement stops for nothing else. */
export type Question =
  | { readonly ask: "tables"; readonly file: string }
  | {
      readonly ask: "query";
      readonly file: string;
      readonly sql: string;
      readonly mayWrite: boolean;
      /** How many rows at most. */
      readonly limit: number;
    };

const busyTimeoutMs = 2_000;
/** One cell of a blob or text is cut here, so that an answer cannot fill the host's memory. */
const longestCell = 10_000;

/** Answers one question about a database; throws RoostError `bad-request` with SQLite's own words for a wrong statement. */
export function answer(question: Question): readonly DatabaseTable[] | QueryResult {
  const readonly = question.ask === "tables" || !question.mayWrite;
  const db = openForQuery(question.file, readonly);
  try {
    return question.ask === "tables" ? describeTables(db) : query(db, question.sql, question.limit);
  } catch (error) {
    if (error instanceof RoostError) throw error;
    throw new RoostError("bad-request", refusalSentence(error, readonly), { cause: error });
  } finally {
    db.close();
  }
}

function openForQuery(file: string, readonly: boolean): Database {
  try {
    const db = new Database(file, {
      safeIntegers: true,
      ...(readonly ? { readonly: true } : { readwrite: true }),
    });
    db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    db.run("PRAGMA foreign_keys = ON");
    // Read-only also where a statement would write through ATTACH or a virtual table.
    if (readonly) db.run("PRAGMA query_only = ON");
    return db;
  } catch (error) {
    throw new RoostError("not-found", `There is no database to look at yet: ${sentenceOf(error)}.`, {
      cause: error,
    });
  }
}

function refusalSentence(error: unknown, readonly: boolean): string {
  const sentence = `SQLite says: ${sentenceOf(error)}.`;
  return readonly && /readonly|read-only/i.test(sentence)
    ? `${sentence} Say that the statement may write if it is meant to.`
    : sentence;
}

function query(db: Database, sql: string, limit: number): QueryResult {
  if (/\b(attach|detach)\b/i.test(sql.replace(/'(?:[^']|'')*'/g, "''"))) {
    throw new RoostError("bad-request", "ATTACH and DETACH are not allowed: a bot has one database.");
  }
  const statement = db.prepare<Record<string, Value>, []>(sql);
  const columns = statement.columnNames;
  if (columns.length === 0) return { kind: "changed", rowCount: statement.run().changes };
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new RoostError("bad-request", `Two columns are named ${twice}: name them apart with AS.`);
  }
  const rows: Cell[][] = [];
  for (const row of statement.iterate()) {
    rows.push(columns.map((name) => cellOf(row[name] ?? null)));
    if (rows.length >= limit) break;
  }
  return { kind: "rows", columns, rows };
}

type Value = string | number | bigint | Uint8Array | null;

/** As JSON can carry it: large integers as text, blobs as hexadecimal. */
function cellOf(value: Value): Cell {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  const text =
    value instanceof Uint8Array ? `x'${Buffer.from(value.slice(0, longestCell)).toString("hex")}'` : value;
  return typeof text === "string" && text.length > longestCell ? `${text.slice(0, longestCell)}…` : text;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: bigint;
  readonly dflt_value: string | null;
  readonly pk: bigint;
}

function describeTables(db: Database): DatabaseTable[] {
  const names = db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .all();
  return names.map(({ name }) => ({
    name,
    rows: Number(
      db.query<{ count: bigint }, []>(`SELECT count(*) AS count FROM ${quoteName(name)}`).get()?.count ?? 0,
    ),
    columns: db
      .query<Column, [string]>('SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)')
      .all(name)
      .map((column) => ({
        name: column.name,
        type: column.type,
        isPrimary: column.pk > 0n,
        isUnique: isUnique(db, name, column.name),
        isNullable: column.notnull === 0n && column.pk === 0n,
        defaultValue: column.dflt_value,
      })),
  }));
}

function isUnique(db: Database, table: string, column: string): boolean {
  const found = db
    .query<{ name: string }, [string, string]>(
      `SELECT list.name FROM pragma_index_list(?) AS list
       WHERE list."unique" = 1
         AND (SELECT group_concat(info.name, char(0)) FROM pragma_index_info(list.name) AS info) = ?`,
    )
    .get(table, column);
  return found !== null;
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The role of a process that answers one question from its input, as one line of JSON, and ends. */
export async function answerFromInput(input: Blob, print: (line: string) => void): Promise<void> {
  try {
    print(JSON.stringify({ value: answer((await input.json()) as Question) }));
  } catch (error) {
    const code = error instanceof RoostError ? error.code : "internal";
    print(JSON.stringify({ code, message: sentenceOf(error) }));
  }
}
