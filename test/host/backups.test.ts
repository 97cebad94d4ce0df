import { describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { lastOccurrence } from "../../src/host/databases/backup-schedule.ts";
import { Backups, hostDatabaseFile, listBackups } from "../../src/host/databases/backups.ts";
import { runDatabaseTask } from "../../src/host/databases/database-tasks.ts";
import { instanceDatabaseFile } from "../../src/host/databases/instance-databases.ts";
import { closeDatabase, openDatabase } from "../../src/store/database.ts";
import { refusalOf } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const firstMs = Date.parse("2026-01-01T03:30:00Z");
const dayMs = 24 * 3_600_000;

/** A data folder with a host and one bot, and the backups of it, one a day unless `everyMs` says otherwise. */
function dailyBackups(dataDir: string, keep: number, everyMs = dayMs) {
  let day = 0;
  for (const file of [hostDatabaseFile(dataDir), instanceDatabaseFile(dataDir, "echo")])
    closeDatabase(openDatabase(file, ["CREATE TABLE t (a)"]));
  return new Backups({
    dataDir,
    keep: () => keep,
    instances: () => ["echo"],
    copyHost: (target) => runDatabaseTask({ file: hostDatabaseFile(dataDir), target }),
    now: () => firstMs + day++ * everyMs,
  });
}

describe("backups", () => {
  test("are kept by number, newest first, and what is no backup is left alone", async () => {
    using folder = temporaryFolder();
    const backups = dailyBackups(folder.path, 2);
    mkdirSync(join(folder.path, "backups/mine"), { recursive: true });
    for (let day = 0; day < 4; day++) await backups.make();
    expect(backups.list().map(({ name }) => name)).toEqual(["2026-01-04T03-30-00Z", "2026-01-03T03-30-00Z"]);
    rmSync(join(folder.path, "backups/mine"), { recursive: true });
  });

  test("made many in one second are kept in their order", async () => {
    using folder = temporaryFolder();
    const backups = dailyBackups(folder.path, 2, 0);
    for (let count = 0; count < 12; count++) await backups.make();
    const names = ["2026-01-01T03-30-00Z-12", "2026-01-01T03-30-00Z-11"];
    expect(backups.list().map(({ name }) => name)).toEqual(names);
  });

  test("of a database that cannot be copied any more say so, and its last good copy is never deleted", async () => {
    using folder = temporaryFolder();
    const backups = dailyBackups(folder.path, 2);
    await backups.make();
    writeFileSync(instanceDatabaseFile(folder.path, "echo"), "garbage".repeat(1000));
    for (let day = 0; day < 4; day++) {
      const refusal = await refusalOf(backups.make());
      expect(String(refusal)).toMatch(
        /The backup is not whole: .*echo.data\.db cannot be copied: .* It is damaged/,
      );
    }
    expect(listBackups(folder.path).map(({ databases }) => databases)).toEqual([
      ["host"],
      ["host"],
      ["host", "echo"],
    ]);
  });

  test("that fail altogether leave nothing behind and delete nothing", async () => {
    using folder = temporaryFolder();
    const backups = dailyBackups(folder.path, 1);
    const { name } = await backups.make();
    for (const file of [hostDatabaseFile(folder.path), instanceDatabaseFile(folder.path, "echo")])
      rmSync(dirname(file), { recursive: true });
    expect(String(await refusalOf(backups.make()))).toContain("The backup is not whole");
    expect(backups.list().map((backup) => backup.name)).toEqual([name]);
  });
});

test("the last time the clock showed an hour is today's, or yesterday's before it", () => {
  const noon = new Date(2026, 4, 10, 12, 0).getTime();
  expect(lastOccurrence("03:30", noon)).toBe(new Date(2026, 4, 10, 3, 30).getTime());
  expect(lastOccurrence("12:00", noon)).toBe(noon);
  expect(lastOccurrence("23:15", noon)).toBe(new Date(2026, 4, 9, 23, 15).getTime());
});
