import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { closeDatabase, openDatabase } from "../src/store/database.ts";
import { hostMigrations } from "../src/store/migrations.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { findFreePort } from "./doubles/free-port.ts";
import { HostProcess } from "./doubles/host.ts";

setDefaultTimeout(60_000);

test("an older executable leaves a newer data folder alone with a sentence, and a newer one keeps a copy to go back to", async () => {
  using folder = temporaryFolder();
  await using host = new HostProcess(folder.path, await findFreePort());
  host.configure("http://127.0.0.1:1", "");
  host.start();
  await host.untilUp();
  await host.stop();
  const file = join(host.dataDir, "host/roost.db");
  const change = (sql: string) => {
    const db = new Database(file);
    db.run(sql);
    db.close();
  };
  const newest = hostMigrations.length;
  change(`PRAGMA user_version = ${newest + 1}`);
  const { code, err } = await host.command("serve");
  expect(code).toBe(1);
  expect(err).toContain("was written by a newer Roost");
  expect(err).toContain("Start the newer executable");

  // As the version before this one left it.
  for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
  closeDatabase(openDatabase(file, hostMigrations.slice(0, -1)));
  host.start();
  await host.untilUp();
  await host.stop();
  const kept = readdirSync(join(host.dataDir, "host")).filter((name) => name.startsWith("roost.db.schema-"));
  expect(kept).toEqual([`roost.db.schema-${newest - 1}`]);

  copyFileSync(join(host.dataDir, "host", kept[0] ?? ""), file);
  host.start();
  await host.untilUp();
  expect(await host.stop()).toBe(0);
});
