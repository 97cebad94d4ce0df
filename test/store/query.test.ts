import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { roles } from "../../src/roles.ts";
import { askDatabase } from "../../src/store/query-process.ts";
import { refusalOf } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const command = [process.execPath, join(import.meta.dir, "../../src/main.ts"), roles.database];
let folder: ReturnType<typeof temporaryFolder>;
let file: string;

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, "data.db");
  const db = new Database(file, { create: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run(
    `CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'x' UNIQUE, big, data BLOB)`,
  );
  db.run(`INSERT INTO "odd ""name" VALUES (1, 'ada', 9007199254740993, x'00ff')`);
  db.close();
});
afterEach(() => folder[Symbol.dispose]());

const query = (sql: string, { mayWrite = false, limit = 100, timeoutMs = 10_000 } = {}) =>
  askDatabase(command, { ask: "query", file, sql, mayWrite, limit }, timeoutMs);

describe("a question about a database", () => {
  test("tells tables with their columns and how many rows they have", async () => {
    const tables = await askDatabase(command, { ask: "tables", file }, 10_000);
    const plain = { isPrimary: false, isUnique: false, isNullable: true, defaultValue: null };
    expect(tables).toEqual([
      {
        name: 'odd "name',
        rows: 1,
        columns: [
          { ...plain, name: "id", type: "INTEGER", isPrimary: true, isNullable: false },
          { ...plain, name: "name", type: "TEXT", isUnique: true, isNullable: false, defaultValue: "'x'" },
          { ...plain, name: "big", type: "" },
          { ...plain, name: "data", type: "BLOB" },
        ],
      },
    ]);
  });

  test("answers rows as JSON can carry them, large integers and blobs too", async () => {
    expect(await query(' SELECT * FROM "odd ""name"')).toEqual({
      kind: "rows",
      columns: ["id", "name", "big", "data"],
      rows: [[1, "ada", "9007199254740993", "x'00ff'"]],
    });
  });

  test("changes nothing unless that is asked for", async () => {
    const sql = `DELETE FROM "odd ""name"`;
    expect(await refusalOf(query(sql))).toMatchObject({ code: "bad-request" });
    expect(await query(sql, { mayWrite: true })).toEqual({ kind: "changed", rowCount: 1 });
  });

  test("that never ends is stopped", async () => {
    const sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    expect(await refusalOf(query(sql, { timeoutMs: 500 }))).toMatchObject({
      code: "bad-request",
      message: expect.stringContaining("took longer"),
    });
  });

  test("gives no more rows than were asked for", async () => {
    const sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    expect(await query(sql, { limit: 3 })).toMatchObject({ rows: [[1], [2], [3]] });
  });

  test.each(["SELEKT 1", "SELECT 1 AS a, 2 AS a", "ATTACH '/etc/passwd' AS p", "SELECT * FROM nothing", ""])(
    "that is wrong (%s) is refused with a sentence",
    async (sql) => {
      expect(await refusalOf(query(sql))).toMatchObject({ code: "bad-request" });
    },
  );

  test("about a file that is not there is refused, and none is made", async () => {
    file = join(folder.path, "none.db");
    expect(await refusalOf(query("SELECT 1", { mayWrite: true }))).toMatchObject({ code: "not-found" });
    expect(await Bun.file(file).exists()).toBe(false);
  });
});
