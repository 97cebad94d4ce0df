import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import { refusalOf, until } from "./doubles/delivery.ts";
import { admin, instanceId, type ManagedHost, openManagedHost, userId } from "./doubles/managed-host.ts";

const homeserver = new Homeserver({
  serverName: "sandbox",
  dialect: "synapse",
  registrationToken: "letmein",
});
const bot = userId("@bot:sandbox");
const echo = instanceId("echo");
let host: ManagedHost;

beforeAll(async () => {
  await homeserver.open();
  host = await openManagedHost(homeserver.url, `accounts: { "${bot}": {} }\n`);
  await host.management.saveInstance(echo, { plugin: "echo", account: bot, rooms: [] }, admin);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await homeserver.close();
});
const ask = (sql: string, mayWrite: boolean) =>
  host.management.queryDatabase(echo, sql, { mayWrite, limit: 5 }, admin);

describe("a backup", () => {
  test("is made, downloaded without credentials and secrets, and unpacks to whole databases", async () => {
    await ask("CREATE TABLE note (text TEXT)", true);
    await ask("INSERT INTO note VALUES ('early')", true);
    writeFileSync(
      join(host.dataDir, "instances.d/by-hand.yaml"),
      `accounts: { "@other:sandbox": { password: hunter2-hunter2 } }\n`,
    );
    host.house.operations.read();
    const made = await host.management.makeBackup(admin);
    expect(host.management.backups()).toEqual([made]);
    expect(made.instances).toEqual([echo]);
    const unpacked = join(host.folder, "unpacked");
    mkdirSync(unpacked);
    const file = join(host.folder, "backup.tar");
    await Bun.write(file, new Response(host.management.openBackup(made.id)));
    const tar = Bun.spawnSync(["tar", "-xf", file, "-C", unpacked]);
    expect([tar.exitCode, tar.stderr.toString()]).toEqual([0, ""]);
    const top = join(unpacked, `roost-${made.id}`);
    expect(readdirSync(top).sort()).toEqual(["instances", "instances.d", "roost.db"]);
    const db = new Database(join(top, "instances/echo/data.db"), { readonly: true });
    expect(db.query("SELECT text FROM note").all()).toEqual([{ text: "early" }]);
    db.close();
    expect(readFileSync(join(top, "instances.d/by-hand.yaml"), "utf8")).toContain("password: [redacted]");
    expect(existsSync(join(host.dataDir, "backups", made.id, "credentials"))).toBe(true);
    expect(readFileSync(file, "latin1")).not.toContain("hunter2");
  });

  test("puts an instance back as it was", async () => {
    const [made] = host.management.backups();
    await ask("INSERT INTO note VALUES ('late')", true);
    const said = await host.management.restoreBackup(made?.id ?? "", echo, admin);
    expect(said).toStartWith(`echo was restored from the backup ${made?.id}`);
    expect(await ask("SELECT text FROM note", false)).toMatchObject({ rows: [["early"]] });
    expect(await refusalOf(host.management.restoreBackup("2020-01-01T00-00-00Z", echo, admin))).toMatchObject(
      {
        code: "not-found",
      },
    );
    expect(() => host.management.openBackup("../../etc")).toThrow("There is no backup ../../etc.");
  });
});

describe("what differs on disk", () => {
  test("is told with its diff and applied", async () => {
    const { management, control, dataDir } = host;
    const file = join(dataDir, "instances.d/echo.yaml");
    writeFileSync(file, `${readFileSync(file, "utf8").trimEnd()}\n    prefix: "%"\n`);
    const [difference] = management.pendingDifferences();
    expect(difference).toMatchObject({ instance: echo, sentence: "instance echo changed: prefix" });
    expect(difference?.diff).toContain('+  prefix: "%"');
    expect(await management.applyPending(admin)).toBe("What changed is in force.");
    expect(management.pendingDifferences()).toEqual([]);
    await until("it runs with it", () => control.snapshot().instances[0]?.observed.state === "running");
  });
});

describe("an account", () => {
  test("that an instance uses is not removed, and another display name reaches the homeserver", async () => {
    const late = userId("@late:sandbox");
    await host.management.addAccount(late, { by: "registration" }, { displayname: "Late" }, admin);
    await host.management.editAccount(late, { displayname: "Later" }, admin);
    const shown = async () => (await fetch(`${homeserver.url}/_matrix/client/v3/profile/${late}`)).text();
    await until("the name is there", async () => (await shown()).includes("Later"));
    await host.management.saveInstance(
      instanceId("second"),
      { plugin: "echo", account: late, rooms: [] },
      admin,
    );
    expect(await refusalOf(host.management.removeAccount(late, admin))).toMatchObject({
      code: "conflict",
      message: "@late:sandbox is used by second: give it another account first.",
    });
    const trashed = await host.management.deleteInstance(instanceId("second"), admin);
    await host.management.removeAccount(late, admin);
    expect(host.management.accounts().some(({ userId }) => userId === late)).toBe(false);
    await host.management.recoverInstance(trashed.folder, admin);
    expect(host.management.accounts().find(({ userId }) => userId === late)).toMatchObject({
      displayname: "Later",
    });
    await until("it runs again", () =>
      host.control
        .snapshot()
        .instances.some(({ id, observed }) => id === "second" && observed.state === "running"),
    );
  });
});

test("the homeserver is told by its address, its name and whether accounts can be registered", () => {
  expect(host.management.homeserver()).toEqual({
    url: homeserver.url,
    serverName: "sandbox",
    canRegister: true,
  });
});
