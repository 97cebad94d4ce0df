/** maubot's API on the real process, as a program written for maubot uses it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { isObject, type JsonObject } from "../src/core/json.ts";
import { ApiUser, adminYaml, password } from "./doubles/api.ts";
import { until } from "./doubles/delivery.ts";
import { archiveOf, greeter } from "./doubles/plugin-archive.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(60_000);

const base = "/_matrix/maubot/v1";
let scene: SandboxScene;
let caller: ApiUser;
let token: string;
let room: string;

beforeAll(async () => {
  scene = await SandboxScene.open({ dialect: "conduwuit" });
  room = scene.ada.createRoom({ public: true, name: "Tests" });
  scene.configure(
    `${adminYaml}accounts: { "@bot:sandbox": {} }\ninstances:\n  first: { plugin: echo, account: "@bot:sandbox", rooms: ["${room}"] }\n  preview: { plugin: instagram, account: "@bot:sandbox", rooms: ["${room}"] }\n`,
  );
  scene.host.start();
  await scene.host.untilInstance("first", "running");
  caller = new ApiUser(scene.host.port);
  token = String((await call("POST", "/auth/login", { username: "admin", password })).token);
});
afterAll(() => scene[Symbol.asyncDispose]());

function send(
  method: string,
  path: string,
  body?: unknown,
  authorization = `Bearer ${token}`,
): Promise<Response> {
  return caller.fetch(method, base + path, body, authorization === "" ? {} : { authorization });
}

/** The answer to a call whose status is checked. */
async function call(method: string, path: string, body?: unknown, status = 200): Promise<JsonObject> {
  const answer = await send(method, path, body);
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  const value: unknown = text === "" ? {} : JSON.parse(text);
  return isObject(value) ? value : { items: value as JsonObject["items"] };
}

describe("a login", () => {
  test("answers a token, in exchange for nothing but name and password", async () => {
    expect(await call("POST", "/auth/ping")).toMatchObject({ username: "admin", features: { log: true } });
    const wrong = { username: "admin", password: "not this one" };
    expect(await call("POST", "/auth/login", wrong, 401)).toMatchObject({ errcode: "invalid_auth" });
    expect(await call("POST", "/auth/login", { secret: "unshared" }, 401)).toMatchObject({
      errcode: "invalid_auth",
      error: expect.stringContaining("username and password"),
    });
    expect(await call("POST", "/auth/login", "{no json", 400)).toMatchObject({ errcode: "body_not_json" });
  });

  test("is taken from a body whatever it is said to be", async () => {
    const answer = await fetch(`${caller.origin}${base}/auth/login`, {
      method: "POST",
      body: JSON.stringify({ username: "admin", password }),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(answer.status).toBe(200);
  });

  test("is wanted for all else, as a header", async () => {
    expect(await (await send("GET", "/features", undefined, "")).json()).toEqual({ login: true });
    for (const path of ["/version", "/instances", "/nothing", "/version?access_token=".concat(token)]) {
      const answer = await send("GET", path, undefined, "");
      expect([path, answer.status, (await answer.json()) as unknown]).toMatchObject([
        path,
        401,
        { errcode: "auth_token_missing" },
      ]);
    }
    const wrong = await send("GET", "/version", undefined, "Bearer nonsense");
    expect([wrong.status, await wrong.json()]).toMatchObject([401, { errcode: "auth_token_invalid" }]);
    expect(await call("GET", "/version")).toEqual({ version: expect.any(String) });
    expect(await call("GET", "/nothing", undefined, 404)).toMatchObject({ errcode: "resource_not_found" });
    expect(await call("PATCH", "/instances", undefined, 405)).toMatchObject({
      errcode: "method_not_allowed",
    });
  });

  test("of every route, by whatever token, cookie or origin", async () => {
    const admin = new ApiUser(scene.host.port);
    await admin.logIn();
    const { paths } = await admin.call("GET", "/openapi.json");
    const open = ["/auth/login", "/auth/ping", "/features"].map((path) => base + path);
    const guarded = Object.entries(isObject(paths) ? paths : {}).filter(
      ([path]) => path.startsWith(base) && !open.includes(path),
    );
    expect(guarded.length).toBeGreaterThan(15);
    for (const [path, methods] of guarded) {
      for (const method of Object.keys(methods ?? {}).map((name) => name.toUpperCase())) {
        const filled = path.replaceAll(/\{\w+\}/g, "first");
        const statusWith = async (headers: Record<string, string>) =>
          (await admin.fetch(method, filled, undefined, headers)).status;
        expect([
          path,
          method,
          await statusWith({ cookie: "" }),
          await statusWith({ authorization: "Bearer nonsense" }),
          await statusWith({ cookie: `roost_session=${token}` }),
          await statusWith({ origin: "https://evil.example" }),
          await statusWith({ "sec-fetch-site": "cross-site" }),
        ]).toEqual([path, method, 401, 401, 401, 400, 400]);
      }
    }
  });
});

describe("an instance", () => {
  test("is shown with its YAML, its rooms and its plugin's settings", async () => {
    expect(await call("GET", "/instance/first")).toMatchObject({
      id: "first",
      type: "echo",
      enabled: true,
      started: true,
      primary_user: "@bot:sandbox",
      config: expect.any(String),
      rooms: [room],
    });
    expect((await call("GET", "/instances")).items).toMatchObject([{ id: "first" }, { id: "preview" }]);
    expect(await call("GET", "/instance/nobody", undefined, 404)).toMatchObject({
      errcode: "instance_not_found",
    });
  });

  test("is created without rooms, with a word on that, then given some and renamed, stopped and deleted", async () => {
    await call(
      "POST",
      "/client/auth/sandbox/register?update_client=true",
      { username: "second", password: "a long one" },
      201,
    );
    const created = await call(
      "PUT",
      "/instance/Second",
      { type: "echo", primary_user: "@second:sandbox" },
      201,
    );
    expect(created).toMatchObject({ id: "second", rooms: [], warning: expect.stringContaining("room") });

    const changed = await call("PUT", "/instance/second", { ...created, rooms: [room], config: null });
    expect(changed).toMatchObject({ rooms: [room] });
    expect(await call("PUT", "/instance/second", { rooms: "any" })).toMatchObject({ rooms: "any" });
    expect(await call("PUT", "/instance/second", { rooms: [room] })).toMatchObject({ rooms: [room] });
    expect(changed.warning).not.toEqual(created.warning);
    await scene.host.untilInstance("second", "running");

    expect(await call("PUT", "/instance/second", { id: "third" })).toMatchObject({
      id: "third",
      started: true,
    });
    await call("GET", "/instance/second", undefined, 404);
    expect(await call("PUT", "/instance/third", { started: false })).toMatchObject({
      started: false,
      enabled: true,
    });
    expect(await call("PUT", "/instance/third", { started: true })).toMatchObject({ started: true });
    expect(await call("DELETE", "/client/@second:sandbox", undefined, 412)).toMatchObject({
      errcode: "client_in_use",
    });
    await call("DELETE", "/instance/third", undefined, 204);
    await call("DELETE", "/client/@second:sandbox", undefined, 204);
  });

  test("that a main file defines is changed there alone, and a whole answer sent back changes nothing", async () => {
    const shown = await call("GET", "/instance/first");
    expect(await call("PUT", "/instance/first", shown)).toEqual(shown);
    expect(await call("PUT", "/instance/first", { enabled: false }, 400)).toMatchObject({
      error: expect.stringContaining("config.yaml"),
    });
  });

  test.each<[JsonObject | string, number, string, string]>([
    [{}, 400, "plugin_type_required", "type"],
    [{ type: "echo" }, 400, "primary_user_required", "primary_user"],
    [{ type: "nothing", primary_user: "@bot:sandbox" }, 404, "plugin_type_not_found", "upload"],
    [{ type: "echo", primary_user: "@nobody:sandbox" }, 404, "primary_user_not_found", "add it"],
    [{ type: "echo", primary_user: "nobody" }, 404, "primary_user_not_found", "add it"],
    [{ type: "echo", primary_user: "@bot:sandbox", config: "a: [" }, 400, "config-invalid", ""],
    [{ type: "echo", primary_user: "@bot:sandbox", config: "no_such: 1" }, 400, "config-invalid", "no_such"],
    [{ type: "echo", primary_user: "@bot:sandbox", rooms: "every" }, 400, "bad-request", "or be any"],
    [{ type: "echo", primary_user: "@bot:sandbox", rooms: ["nowhere"] }, 400, "bad-request", "room id"],
    [{ typo: 1 }, 400, "bad-request", "typo"],
    [{ enabled: "yes" }, 400, "bad-request", "enabled"],
    ["[]", 400, "bad-request", ""],
    ["nonsense", 400, "body_not_json", ""],
  ])("of %j is refused with %i %s", async (body, status, errcode, part) => {
    const answer = await call("PUT", "/instance/new", body, status);
    expect(answer).toMatchObject({ errcode, error: expect.stringContaining(part) });
    await call("GET", "/instance/new", undefined, 404);
  });
});

describe("a database", () => {
  test("is asked, and written to only by who says so", async () => {
    const query = "/instance/preview/database/query";
    const tables = await call("GET", "/instance/preview/database");
    const [name = "", table] = Object.entries(tables)[0] ?? [];
    expect(table).toMatchObject({ columns: expect.any(Object) });
    expect(await call("GET", `/instance/preview/database/${name}?limit=5`)).toMatchObject({
      ok: true,
      rows: [],
    });
    expect(
      await call("GET", `/instance/preview/database/${name}?order=nothing`, undefined, 400),
    ).toMatchObject({
      errcode: "bad-request",
    });
    expect(await call("GET", "/instance/preview/database/nothing", undefined, 404)).toMatchObject({
      errcode: "table_not_found",
    });
    expect(await call("POST", query, { query: "  SELECT 1 AS one", rows_as_dict: true })).toEqual({
      ok: true,
      query: "  SELECT 1 AS one",
      columns: ["one"],
      rows: [{ one: 1 }],
    });
    const write = { query: "CREATE TABLE mine (id)" };
    expect(await call("POST", query, write, 400)).toMatchObject({ errcode: "sql_error" });
    expect(await call("POST", query, { ...write, may_write: true })).toMatchObject({ ok: true, rowcount: 0 });
    expect(await call("POST", query, { query: "SELEC" }, 400)).toMatchObject({
      errcode: "sql_error",
      error: expect.stringContaining("syntax"),
    });
    expect(await call("POST", query, {}, 400)).toMatchObject({ errcode: "query_missing" });
  });
});

describe("a client", () => {
  test("is added by its token, which is never told again, and is removed", async () => {
    const login = { username: "fourth", password: "a long one" };
    const made = await call("POST", "/client/auth/sandbox/register", login);
    expect(made).toMatchObject({ user_id: "@fourth:sandbox", device_id: expect.any(String) });
    const { access_token } = made;
    const added = await call(
      "POST",
      "/client/new",
      { homeserver: scene.homeserver.url, access_token, autojoin: true },
      201,
    );
    expect(added).toMatchObject({
      id: "@fourth:sandbox",
      access_token: "",
      sync_ok: true,
      warning: expect.stringContaining("autojoin"),
    });
    expect(await call("POST", "/client/new", { access_token }, 409)).toMatchObject({
      errcode: "user_exists",
    });
    const all = JSON.stringify([await call("GET", "/clients"), await call("GET", "/client/@fourth:sandbox")]);
    expect(all).not.toContain(String(access_token));
    expect(await call("PUT", "/client/@fourth:sandbox", added)).toMatchObject({ id: "@fourth:sandbox" });

    expect(await call("POST", "/client/auth/sandbox/login?update_client=true", login, 202)).toMatchObject({
      id: "@fourth:sandbox",
    });
    expect(await call("PUT", "/client/@fourth:sandbox", { displayname: "Four" })).toMatchObject({
      displayname: "Four",
    });
    await call("DELETE", "/client/@fourth:sandbox", undefined, 204);
    expect(await call("GET", "/client/@fourth:sandbox", undefined, 404)).toMatchObject({
      errcode: "client_not_found",
    });
  });

  test.each<[string, string, JsonObject, number, string]>([
    ["POST", "/client/new", {}, 400, "bad_client_access_token"],
    ["POST", "/client/new", { access_token: "wrong" }, 400, "bad_client_access_token"],
    [
      "POST",
      "/client/new",
      { homeserver: "https://elsewhere.example", access_token: "x" },
      400,
      "bad_client_connection_details",
    ],
    ["PUT", "/client/nobody", {}, 400, "bad-request"],
    ["PUT", "/client/@x:sandbox", { access_token: "wrong" }, 400, "bad_client_access_token"],
    ["POST", "/client/auth/elsewhere/login", { username: "a", password: "b" }, 404, "server_not_found"],
    ["POST", "/client/auth/sandbox/login", {}, 400, "username_or_password_missing"],
    ["POST", "/client/auth/sandbox/login", { username: "bot", password: "wrong" }, 403, "M_FORBIDDEN"],
    [
      "POST",
      "/client/auth/sandbox/register",
      { username: "bot", password: "wrong one" },
      400,
      "M_USER_IN_USE",
    ],
    ["POST", "/client/auth/sandbox/login?sso=true", {}, 403, "sso_not_supported"],
    ["POST", "/client/@bot:sandbox/clearcache", {}, 409, "not_supported"],
    ["POST", "/client/@bot:sandbox/verify", {}, 409, "not_supported"],
    ["GET", "/proxy/@bot:sandbox/_matrix/client/v3/account/whoami", {}, 403, "client_proxy_disabled"],
  ])("%s %s of %j is refused with %i %s", async (method, path, body, status, errcode) => {
    const answer = await call(method, path, method === "GET" ? undefined : body, status);
    expect(answer).toMatchObject({ errcode, error: expect.stringMatching(/^[A-Z].*\.$/) });
  });

  test("of another user's token is refused, saying whose it is", async () => {
    const { access_token } = await call("POST", "/client/auth/sandbox/register", {
      username: "fifth",
      password: "a long one",
    });
    expect(await call("PUT", "/client/@x:sandbox", { access_token }, 400)).toMatchObject({
      errcode: "mxid_mismatch",
      error: expect.stringContaining("@fifth:sandbox"),
    });
    expect(await call("GET", "/client/auth/servers")).toEqual({ sandbox: scene.homeserver.url });
  });
});

describe("a plugin", () => {
  test("is uploaded, replaced only when that is said, and removed", async () => {
    const archive = archiveOf(greeter);
    expect(await call("POST", "/plugins/upload", archive, 201)).toMatchObject({
      id: "org.example.greeter",
      version: "1.2.0",
      instances: [],
    });
    expect(await call("POST", "/plugins/upload", archive, 409)).toMatchObject({ errcode: "plugin_exists" });
    expect(await call("POST", "/plugins/upload?allow_override=true", archive)).toMatchObject({
      version: "1.2.0",
    });
    expect(await call("PUT", "/plugin/org.example.other", archive, 400)).toMatchObject({
      errcode: "pid_mismatch",
    });
    expect(await call("PUT", "/plugin/org.example.greeter", archive)).toMatchObject({
      id: "org.example.greeter",
    });
    expect((await call("GET", "/plugins")).items).toBeArrayOfSize(3);
    expect(await call("POST", "/plugin/org.example.greeter/reload")).toEqual({ success: true });
    await call("DELETE", "/plugin/org.example.greeter", undefined, 204);
    expect(await call("GET", "/plugin/org.example.greeter", undefined, 404)).toMatchObject({
      errcode: "plugin_not_found",
    });
    expect(await call("DELETE", "/plugin/echo", undefined, 400)).toMatchObject({
      error: expect.stringContaining("built in"),
    });
  });

  test("that is none is refused, and an empty one too", async () => {
    expect(await call("POST", "/plugins/upload", "no zip", 400)).toMatchObject({ errcode: "plugin_invalid" });
    expect(await call("POST", "/plugins/upload", "", 400)).toMatchObject({ errcode: "bad-request" });
  });
});

describe("the log", () => {
  test("comes over a WebSocket: history, then what happens, to who sent a token", async () => {
    const frames: JsonObject[] = [];
    const socket = open();
    socket.onmessage = ({ data }) => void frames.push(JSON.parse(String(data)) as JsonObject);
    await new Promise((resolve) => (socket.onopen = resolve));
    socket.send("nonsense");
    await until("it is refused", () => frames.length === 1);
    socket.send(token);
    await until("there is history", () => frames.length >= 3);
    expect(frames.slice(0, 2)).toEqual([{ auth_success: false }, { auth_success: true }]);
    const { history } = frames[2] ?? {};
    expect(Array.isArray(history) && history.length > 3).toBe(true);
    await call("PUT", "/instance/first", { started: false });
    await call("PUT", "/instance/first", { started: true });
    await until("the record comes", () =>
      frames.slice(3).some(({ msg }) => String(msg).includes("by=admin")),
    );
    expect(frames.at(-1)).toMatchObject({
      levelname: "INFO",
      name: "maubot.instance.first",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/),
    });
    socket.close();
  });

  test("is closed to who sends no token in five seconds, and no other origin opens it", async () => {
    const closed = new Promise<number>((resolve) => {
      open().onclose = ({ code }) => resolve(code);
    });
    const headers = { upgrade: "websocket", connection: "Upgrade", origin: "https://evil.example" };
    expect((await caller.fetch("GET", `${base}/logs`, undefined, headers)).status).toBe(400);
    expect((await caller.fetch("GET", `${base}/logs`)).status).toBe(400);
    expect(await closed).toBe(4000);
  });

  function open(): WebSocket {
    return new WebSocket(`ws://127.0.0.1:${scene.host.port}${base}/logs`);
  }
});

test("what stands beside the API leads to the page and to the API", async () => {
  const answer = await caller.fetch("GET", "/_matrix/maubot/");
  expect([answer.status, answer.headers.get("location")]).toEqual([302, "/"]);
  expect(await (await caller.fetch("GET", "/_matrix/maubot/paths.json")).json()).toEqual({ api_path: base });
  expect((await caller.fetch("PUT", "/_matrix/appservice/v1/transactions/1", {})).status).toBe(501);
  expect(await call("GET", "/debug/open")).toEqual({ enabled: false });
});
