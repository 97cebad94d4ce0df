/** Roost's own API on the real process: what the page does, by hand. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ApiUser, adminYaml } from "./doubles/api.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(60_000);

let scene: SandboxScene;
let admin: ApiUser;
let room: string;

beforeAll(async () => {
  scene = await SandboxScene.open({ dialect: "conduwuit" });
  room = scene.ada.createRoom({ public: true, name: "Tests" });
  scene.configure(
    `${adminYaml}accounts: { "@bot:sandbox": {} }\ninstances:\n  first: { plugin: echo, account: "@bot:sandbox", rooms: ["${room}"] }\n`,
  );
  scene.host.start();
  await scene.host.untilInstance("first", "running");
  admin = new ApiUser(scene.host.port);
  await admin.logIn();
});
afterAll(() => scene[Symbol.asyncDispose]());

describe("an instance", () => {
  test("is stopped, started and restarted, with a sentence each time", async () => {
    expect(await admin.call("POST", "/instances/first/stop")).toMatchObject({
      message: expect.stringContaining("stopped"),
    });
    expect(await admin.call("POST", "/instances/first/start")).toMatchObject({
      message: "first is running.",
    });
    expect(await admin.call("POST", "/instances/first/restart")).toMatchObject({
      message: "first is running.",
    });
  });

  test("shows its definition, its rooms and its tables", async () => {
    expect(await admin.call("GET", "/instances/first")).toMatchObject({
      snapshot: { id: "first", observed: { state: "running" } },
      definition: { plugin: "echo", readOnly: expect.stringContaining("config.yaml") },
      plugin: { id: "echo", origin: "built-in" },
    });
    expect((await admin.call("GET", "/instances/first/rooms")).items).toMatchObject([
      { roomId: room, name: "Tests", membership: "joined", mayPost: true },
    ]);
    expect(await admin.call("POST", "/instances/first/query", { sql: "SELECT 1 AS one" })).toEqual({
      kind: "rows",
      columns: ["one"],
      rows: [[1]],
    });
  });

  test("is created step by step until it answers, edited, deleted and brought back", async () => {
    const account = await admin.lines("PUT", "/accounts/@second:sandbox", { login: { by: "registration" } });
    expect(account.at(-1)).toMatchObject({ account: { userId: "@second:sandbox", state: "syncing" } });
    const change = { plugin: "echo", account: "@second:sandbox", rooms: [room], prefix: "?" };
    const lines = await admin.lines("PUT", "/instances/second", change);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.at(-1)).toMatchObject({ saved: { isNew: true, definition: { id: "second" } } });
    scene.ada.say(room, "?echo hello");
    await scene.answered(room, "hello", "@second:sandbox");

    const { definition } = (await admin.call("GET", "/instances/second")) as {
      definition: { revision: string };
    };
    const edit = { prefix: ">", revision: definition.revision };
    expect(await admin.call("POST", "/instances/second/preview", edit)).toMatchObject({
      diff: expect.stringContaining('+  prefix: ">"'),
    });
    expect((await admin.lines("PUT", "/instances/second", edit)).at(-1)).toMatchObject({
      saved: { isNew: false },
    });
    expect((await admin.lines("PUT", "/instances/second", edit)).at(-1)).toMatchObject({
      errcode: "conflict",
      difference: expect.any(String),
    });

    const { folder: trash } = await admin.call("DELETE", "/instances/second");
    expect((await admin.call("GET", "/trash")).items).toMatchObject([{ id: "second" }]);
    await admin.call("POST", `/trash/${trash}/recover`);
    await scene.host.untilInstance("second", "running");
  });

  test("that nobody has is not found, and a wrong name is refused with a sentence", async () => {
    expect(await admin.call("POST", "/instances/nobody/stop", undefined, 404)).toMatchObject({
      errcode: "not-found",
    });
    expect(await admin.call("GET", "/instances/Wrong Name", undefined, 400)).toMatchObject({
      error: expect.stringContaining("lower-case"),
    });
    expect(await admin.call("PUT", "/instances/third", { nonsense: 1 }, 400)).toMatchObject({
      errcode: "bad-request",
    });
  });
});

describe("the rest", () => {
  test("answers: log, alerts, plugins, accounts, homeserver, rooms, pending, backups, OpenAPI", async () => {
    const { records } = (await admin.call("GET", "/logs?limit=5")) as { records: { id: number }[] };
    expect(records.length).toBe(5);
    expect(await admin.call("GET", `/logs/${records[0]?.id}`)).toMatchObject({ id: records[0]?.id });
    expect((await admin.call("GET", "/alerts")).items).toBeArray();
    expect((await admin.call("GET", "/plugins")).items).toMatchObject([{ id: "echo" }, { id: "instagram" }]);
    expect((await admin.call("GET", "/accounts")).items).toMatchObject([{ userId: "@bot:sandbox" }, {}]);
    expect(await admin.call("GET", "/homeserver")).toMatchObject({
      url: scene.homeserver.url,
      canRegister: true,
    });
    const view = { account: "@bot:sandbox", references: [room, "#nothing:sandbox"] };
    expect((await admin.call("POST", "/rooms", view)).items).toMatchObject([
      { membership: "joined" },
      { membership: "unresolved" },
    ]);
    expect(await admin.call("GET", "/pending")).toMatchObject({ changes: [], differences: [] });
    const backup = await admin.call("POST", "/backups");
    const tar = await admin.fetch("GET", `/_roost/v1/backups/${backup.id}`);
    expect(tar.headers.get("content-type")).toBe("application/x-tar");
    expect((await tar.bytes()).length).toBeGreaterThan(1000);
    expect(await admin.call("GET", "/openapi.json")).toMatchObject({ openapi: "3.1.0" });
  });

  test("streams events: the overview, and every record as it is logged, from an id on", async () => {
    const leave = new AbortController();
    const answer = await fetch(`${admin.origin}/_roost/v1/events`, {
      headers: { cookie: admin.cookie, "last-event-id": "1" },
      signal: leave.signal,
    });
    let text = "";
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const seen = (part: string) => text.includes(part);
    while (!(seen("event: overview") && seen("event: record") && seen("Roost 0.1.0 is up"))) {
      text += (await reader?.read())?.value ?? "";
    }
    await admin.call("POST", "/instances/first/restart");
    const from = text.length;
    while (!text.slice(from).includes('"by":"admin"')) text += (await reader?.read())?.value ?? "";
    leave.abort();
  });
});

test("a logout ends what was opened under it", async () => {
  const leaving = new ApiUser(scene.host.port);
  await leaving.logIn();
  const answer = await fetch(`${leaving.origin}/_roost/v1/events`, { headers: { cookie: leaving.cookie } });
  const ended = answer.text().then(
    () => "ended",
    () => "ended",
  );
  await leaving.call("DELETE", "/session");
  expect(await ended).toBe("ended");
  await leaving.call("GET", "/overview", undefined, 401);
});
