import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Step } from "../src/core/management.ts";
import { Secret } from "../src/core/secret.ts";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../src/sandbox/sandbox-user.ts";
import { refusalOf, until } from "./doubles/delivery.ts";
import {
  admin,
  instanceId,
  type ManagedHost,
  openManagedHost,
  roomAlias,
  roomId,
  userId,
} from "./doubles/managed-host.ts";

const homeserver = new Homeserver({
  serverName: "sandbox",
  dialect: "synapse",
  registrationToken: "letmein",
});
const bot = userId("@bot:sandbox");
const weather = instanceId("weather");
let ada: SandboxUser;
let host: ManagedHost;
let room: string;

beforeAll(async () => {
  await homeserver.open();
  ada = homeserver.createUser("ada");
  room = ada.createRoom({ name: "Kites", public: true, alias: "kites" });
  host = await openManagedHost(homeserver.url);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await homeserver.close();
});

const stateOf = (name: string) =>
  host.control.snapshot().instances.find(({ id }) => id === name)?.observed.state;
const isAnswered = (text: string) =>
  homeserver.timeline(room).some(({ sender, content }) => sender === bot && content.body === text);
const collect = () => {
  const steps: Step[] = [];
  return { steps, tell: (step: Step) => void steps.push(step) };
};

describe("accounts", () => {
  test("are registered with the token, step by step, and never twice", async () => {
    const { steps, tell } = collect();
    const added = await host.management.addAccount(
      bot,
      { by: "registration" },
      { displayname: "Bot" },
      admin,
      tell,
    );
    expect(added).toMatchObject({ userId: bot, state: "syncing", login: "registration", displayname: "Bot" });
    expect(added.deviceId).toStartWith("ROOST");
    expect(steps.filter(({ state }) => state === "done").map(({ what }) => what)).toEqual([
      "Check and write the YAML",
      "Register @bot:sandbox",
      "Follow its rooms",
    ]);
    const again = host.management.addAccount(bot, { by: "registration" }, {}, admin);
    expect(await refusalOf(again)).toMatchObject({ code: "conflict" });
  });

  test("with a wrong password say so and leave nothing behind, with the right one they come in", async () => {
    const eve = homeserver.createUser("eve", { password: "marlin-9-swordfish" }).userId;
    const add = (password: string) =>
      host.management.addAccount(eve, { by: "password", password: new Secret(password) }, {}, admin);
    expect(await refusalOf(add("wrong"))).toMatchObject({
      code: "login-refused",
      message: "The homeserver does not accept the account's name and password: check both under accounts.",
    });
    expect(host.management.accounts().map((each) => each.userId)).toEqual([bot]);
    expect(await add("marlin-9-swordfish")).toMatchObject({ state: "syncing", login: "password" });
    expect(host.logged.join()).not.toContain("marlin-9");
    await host.management.removeAccount(eve, admin);
    expect(host.management.accounts().map((each) => each.userId)).toEqual([bot]);
  });

  test("get sessions for use elsewhere, of which nothing is kept", async () => {
    const make = (user: string, password: string, register: boolean) =>
      host.management.makeSession(user, new Secret(password), { register, deviceName: "Script" }, admin);
    const made = await make("script", "a long password", true);
    expect(made).toMatchObject({ userId: userId("@script:sandbox"), homeserver: homeserver.url });
    const again = await make("@script:sandbox", "a long password", false);
    expect(again.accessToken.reveal()).not.toBe(made.accessToken.reveal());
    expect(await refusalOf(make("script", "another", false))).toMatchObject({ code: "login-refused" });
    const token = again.accessToken.reveal();
    const added = await host.management.addAccount(
      again.userId,
      { by: "access-token", accessToken: new Secret(token) },
      {},
      admin,
    );
    expect(added).toMatchObject({ state: "syncing", login: "access-token", deviceId: again.deviceId });
    expect(host.logged.join()).not.toContain(token);
  });
});

describe("instances", () => {
  test("are created step by step until they answer", async () => {
    const { steps, tell } = collect();
    const saved = await host.management.saveInstance(
      weather,
      { plugin: "echo", account: bot, rooms: [roomId(room)] },
      admin,
      tell,
    );
    expect(saved).toMatchObject({ isNew: true, warnings: [] });
    expect(steps.filter(({ state }) => state === "done").map(({ what }) => what)).toEqual([
      "Check and write the YAML",
      "Log in as @bot:sandbox",
      "Follow its rooms",
      `Enter ${room}`,
      "Start echo",
    ]);
    ada.say(room, "!echo hello");
    await until("it answers", () => isAnswered("hello"));
    expect(host.logged.join("\n")).toContain(
      'INFO weather The instance was created. {"by":"admin","via":"page"}',
    );
  });

  test("are not edited over somebody else's change", async () => {
    const { revision } = host.management.definition(weather);
    await host.management.saveInstance(weather, { prefix: "?", revision }, admin);
    ada.say(room, "?echo with another prefix");
    await until("it answers to the new prefix", () => isAnswered("with another prefix"));
    const late = host.management.saveInstance(weather, { prefix: "%", revision }, admin);
    expect(await refusalOf(late)).toMatchObject({
      code: "conflict",
      difference: expect.stringContaining('+  prefix: "?"'),
    });
    expect(host.management.definition(weather).prefix).toBe("?");
  });

  test("show their tables, are queried, and are written to only if that is said", async () => {
    const { management } = host;
    const ask = (sql: string, mayWrite: boolean) =>
      management.queryDatabase(weather, sql, { mayWrite, limit: 10 }, admin);
    expect(await refusalOf(ask("CREATE TABLE note (text TEXT)", false))).toMatchObject({
      code: "bad-request",
    });
    await ask("CREATE TABLE note (text TEXT)", true);
    await ask("INSERT INTO note VALUES ('kept')", true);
    expect((await management.databaseTables(weather)).find(({ name }) => name === "note")).toMatchObject({
      rows: 1,
    });
    expect(await ask("SELECT text FROM note", false)).toMatchObject({ rows: [["kept"]] });
  });

  test("take their rows and the operator's stop along to another name", async () => {
    const { management, control } = host;
    const forecast = instanceId("forecast");
    await control.stop(weather, admin);
    expect(await refusalOf(management.renameInstance(weather, weather, admin))).toMatchObject({
      code: "conflict",
    });
    await management.renameInstance(weather, forecast, admin);
    expect([stateOf("weather"), stateOf("forecast")]).toEqual([undefined, "stopped"]);
    const rows = await management.queryDatabase(
      forecast,
      "SELECT text FROM note",
      { mayWrite: false, limit: 1 },
      admin,
    );
    expect(rows).toMatchObject({ rows: [["kept"]] });
    await management.renameInstance(forecast, weather, admin);
    await control.start(weather, admin);
    ada.say(room, "?echo back again");
    await until("it answers under its old name", () => isAnswered("back again"));
  });

  test("are deleted and brought back with their rows, unless the name is taken", async () => {
    const { management, dataDir } = host;
    const before = management.definition(weather).yaml;
    const { folder: trashed } = await management.deleteInstance(weather, admin);
    expect(stateOf("weather")).toBeUndefined();
    expect(existsSync(join(dataDir, "instances/weather"))).toBe(false);
    expect(() => management.definition(weather)).toThrow("There is no instance weather.");
    expect(management.trashedInstances()).toMatchObject([{ id: weather, folder: trashed }]);

    await management.saveInstance(weather, { plugin: "echo", account: bot, rooms: [] }, admin);
    expect(await refusalOf(management.recoverInstance(trashed, admin))).toMatchObject({ code: "conflict" });
    const other = await management.deleteInstance(weather, admin);
    expect(other.folder).not.toBe(trashed);

    await management.recoverInstance(trashed, admin);
    expect(management.definition(weather).yaml).toBe(before);
    expect(stateOf("weather")).toBe("running");
    expect(
      await management.queryDatabase(weather, "SELECT text FROM note", { mayWrite: false, limit: 1 }, admin),
    ).toMatchObject({ rows: [["kept"]] });
    expect(management.trashedInstances()).toMatchObject([{ folder: other.folder }]);
  });

  test("of the main file are shown and not changed", async () => {
    const main = `accounts: { "@m:sandbox": {} }\ninstances: { main: { plugin: echo, account: "@m:sandbox", rooms: ["${room}"] } }\n`;
    await using second = await openManagedHost(homeserver.url, main);
    const id = instanceId("main");
    expect(second.management.definition(id).readOnly).toContain("never writes");
    for (const attempt of [
      second.management.saveInstance(id, { prefix: "?" }, admin),
      second.management.deleteInstance(id, admin),
      second.management.renameInstance(id, instanceId("other"), admin),
    ])
      expect(await refusalOf(attempt)).toMatchObject({ code: "bad-request" });
    await until(
      "it runs all the same",
      () => second.control.snapshot().instances[0]?.observed.state === "running",
    );
  });
});

describe("rooms", () => {
  test("are told apart: joined, not invited, encrypted, without the right to post, unknown", async () => {
    const open = (name: string) => ada.createRoom({ name, public: true });
    const secret = ada.createRoom({ name: "Secret" });
    const encrypted = open("Encrypted");
    const quiet = open("Quiet");
    ada.setState(encrypted, "m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" });
    ada.setState(quiet, "m.room.power_levels", { users: { [ada.userId]: 100 }, events_default: 50 });
    const listed = [room, encrypted, quiet, secret].map(roomId);
    const { steps, tell } = collect();
    const saved = await host.management.saveInstance(weather, { rooms: listed }, admin, tell);
    const unlisted = open("Open to all");
    const strangers = [roomId("!gone:sandbox"), roomId(unlisted), roomAlias("#nowhere:sandbox")];
    const views = await host.management.viewRooms(bot, [...listed, ...strangers]);
    expect(
      views.map(({ name, membership, encrypted, mayPost }) => [name, membership, encrypted, mayPost]),
    ).toEqual([
      ["Kites", "joined", false, true],
      ["Encrypted", "joined", true, true],
      ["Quiet", "joined", false, false],
      [undefined, "invite-needed", false, false],
      [undefined, "invite-needed", false, false],
      ["Open to all", "joinable", false, false],
      [undefined, "unresolved", false, false],
    ]);
    expect(views[0]).toMatchObject({ alias: "#kites:sandbox", advice: undefined });
    expect(views[3]?.advice).toBe(`Invite ${bot} into ${secret}: the room is not open to it.`);
    expect(saved.warnings).toEqual(views.slice(1, 4).map(({ advice }) => advice ?? ""));
    expect(steps.filter(({ state }) => state === "failed").map(({ what }) => what)).toEqual(
      listed.slice(1).map((each) => `Enter ${each}`),
    );
  });
});
