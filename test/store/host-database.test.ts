import { expect, test } from "bun:test";
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HostDatabase } from "../../src/store/host-database.ts";
import { temporaryFolder } from "../doubles/folder.ts";

/** In a folder of its own; both go when the scope ends. */
function openDatabase() {
  const folder = temporaryFolder();
  const file = join(folder.path, "roost.db");
  const db = new HostDatabase(file);
  db.open();
  const dispose = () => {
    db.close();
    folder[Symbol.dispose]();
  };
  return { db, file, [Symbol.dispose]: dispose };
}

function stops(db: HostDatabase): number {
  return db.query<{ count: number }>("SELECT count(*) AS count FROM operator_stop").get()?.count ?? -1;
}

function stop(db: HostDatabase, name: string): void {
  db.write(() => db.query("INSERT INTO operator_stop VALUES (?, 1)").run(name));
}

test("writes nothing to a file that is gone, and goes on when it is back or another is in its place", () => {
  using opened = openDatabase();
  const { db, file } = opened;
  stop(db, "one");
  renameSync(file, `${file}.away`);
  expect(() => stop(db, "lost")).toThrow("is gone");
  expect(db.look()).toBe("unchanged");
  expect(db.isLost()).toBe(true);
  renameSync(`${file}.away`, file);
  expect(db.look()).toBe("unchanged");
  expect(db.lastError()).toBeUndefined();
  stop(db, "two");
  expect(stops(db)).toBe(2);
  db.replace(() => {});
  copyFileSync(file, `${file}.copy`);
  rmSync(`${file}-wal`, { force: true });
  renameSync(`${file}.copy`, file);
  expect(() => stop(db, "lost")).toThrow("was replaced");
  expect(db.look()).toBe("replaced");
  expect(stops(db)).toBe(2);
});

test("a replacement that is damaged is not used, and the next one that is whole is", () => {
  using opened = openDatabase();
  const { db, file } = opened;
  stop(db, "one");
  db.replace(() => {});
  const whole = readFileSync(file);
  writeFileSync(`${file}.bad`, "garbage".repeat(1000));
  renameSync(`${file}.bad`, file);
  expect(db.look()).toBe("unchanged");
  expect(db.lastError()).toContain("roost restore host");
  expect(() => stop(db, "lost")).toThrow("It is damaged");
  expect(() => stops(db)).toThrow("It is damaged");
  writeFileSync(`${file}.good`, whole);
  renameSync(`${file}.good`, file);
  expect(db.look()).toBe("replaced");
  expect(stops(db)).toBe(1);
});

test("a file that is overwritten in place is noticed, though SQLite reads on from its cache, and is written to no more", () => {
  using opened = openDatabase();
  const { db, file } = opened;
  stop(db, "one");
  db.replace(() => {});
  const whole = readFileSync(file);
  stop(db, "two");
  expect(db.look()).toBe("unchanged");
  expect(db.lastError()).toBeUndefined();
  writeFileSync(file, "garbage".repeat(1000));
  expect(db.look()).toBe("unchanged");
  expect(db.isLost()).toBe(true);
  expect(db.lastError()).toContain("roost restore host");
  expect(() => stop(db, "three")).toThrow("wrote over it");
  writeFileSync(`${file}.good`, whole);
  db.replace(() => {
    rmSync(`${file}-wal`, { force: true });
    renameSync(`${file}.good`, file);
  });
  expect(db.lastError()).toBeUndefined();
  expect(stops(db)).toBe(1);
});

test("is copied whole while it is written to", async () => {
  using opened = openDatabase();
  const { db, file } = opened;
  for (let count = 0; count < 500; count++) stop(db, `instance-${count}`);
  const copying = db.copyTo(`${file}.copy`);
  for (let count = 500; count < 600; count++) stop(db, `instance-${count}`);
  await copying;
  const copy = new HostDatabase(`${file}.copy`);
  copy.open();
  expect(stops(copy)).toBe(500);
  copy.close();
});
