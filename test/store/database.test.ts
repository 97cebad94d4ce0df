import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RoostError } from "../../src/core/error.ts";
import { closeDatabase, openDatabase } from "../../src/store/database.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const migrations = ["CREATE TABLE t (a)"];

function refusalOf(file: string): RoostError {
  try {
    closeDatabase(openDatabase(file, migrations));
  } catch (error) {
    if (error instanceof RoostError) return error;
    throw error;
  }
  throw new Error(`${file} was opened.`);
}

test("a damaged database is not opened, whether all of it is damaged or a page inside", () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "data.db");
  const db = openDatabase(file, migrations);
  const insert = db.query("INSERT INTO t VALUES (?)");
  for (let row = 0; row < 500; row++) insert.run("x".repeat(200));
  closeDatabase(db);
  writeFileSync(file, readFileSync(file).fill(0x5a, 8192, 40_000));
  expect(refusalOf(file).message).toContain("It is damaged");
  writeFileSync(file, "not a database, whoever wrote it and for whatever reason".repeat(100));
  expect(refusalOf(file)).toMatchObject({ code: "database-lost" });
  expect(refusalOf(file).message).toContain("It is damaged");
});

test("a copy of the database as it was is kept before its schema changes, and only the newest one", () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "data.db");
  const steps = ["CREATE TABLE t (a)", "ALTER TABLE t ADD COLUMN b", "DROP TABLE t"];
  const first = openDatabase(file, steps.slice(0, 1));
  first.run("INSERT INTO t VALUES ('kept')");
  closeDatabase(first);
  closeDatabase(openDatabase(file, steps.slice(0, 2)));
  const copy = new Database(`${file}.schema-1`, { readonly: true });
  expect(copy.query("SELECT * FROM t").all()).toEqual([{ a: "kept" }]);
  copy.close();
  closeDatabase(openDatabase(file, steps.slice(0, 2)));
  expect(() => openDatabase(file, [...steps.slice(0, 2), "NO SQL"])).toThrow();
  closeDatabase(openDatabase(file, steps.slice(0, 2)));
  closeDatabase(openDatabase(file, steps));
  expect(readdirSync(folder.path).filter((name) => name.includes("schema"))).toEqual(["data.db.schema-2"]);
  expect(refusalOf(file).message).toContain("data.db.schema-1 or a backup");
});

test("a database that cannot lie where it should says what to look at", () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "instances"), "a file");
  expect(refusalOf(join(folder.path, "instances/echo/data.db")).message).toContain("is a folder");
});
