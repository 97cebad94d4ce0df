/** What somebody hostile may send to the real process, and what it answers. `ROOST_TRANSCRIPT=1` prints it all as a table. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { ApiUser, adminYaml, password } from "./doubles/api.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(60_000);

let scene: SandboxScene;
let admin: ApiUser;
let stranger: ApiUser;
/** Begun first, since it takes the host half a minute to lose patience. */
let slowBody: Promise<string>;
let slowHeaders: Promise<string>;
const table: string[] = [];

beforeAll(async () => {
  scene = await SandboxScene.open({ dialect: "conduwuit" });
  const room = scene.ada.createRoom({ public: true });
  scene.configure(
    `${adminYaml}accounts: { "@bot:sandbox": {} }\ninstances:\n  first: { plugin: echo, account: "@bot:sandbox", rooms: ["${room}"] }\n`,
  );
  scene.host.start();
  await scene.host.untilInstance("first", "running");
  admin = new ApiUser(scene.host.port);
  stranger = new ApiUser(scene.host.port);
  await admin.logIn();
  slowHeaders = answerOf(drip(`GET /livez HTTP/1.1\r\n${own()}X-Slow: `));
  slowBody = answerOf(
    drip(`POST /_roost/v1/session HTTP/1.1\r\n${own()}Connection: close\r\nContent-Length: 1000\r\n\r\n{`),
  );
});
afterAll(async () => {
  if (process.env.ROOST_TRANSCRIPT) console.log(["| tried | answered |", "|---|---|", ...table].join("\n"));
  await scene[Symbol.asyncDispose]();
});

/** Notes a row of the table, once it has been checked; the host lives on whatever was tried. */
async function note(tried: string, answered: unknown): Promise<void> {
  table.push(`| ${tried.replaceAll("|", "\\|")} | ${String(answered)} |`);
  expect((await scene.host.health("/livez")).status).toBe(200);
}

/** All that comes back for exactly these bytes, until the host closes or has been silent for a while. */
function sendRaw(bytes: string, silenceMs = 1_500): Promise<string> {
  const socket = connect(scene.host.port, "127.0.0.1", () => socket.write(bytes));
  socket.setTimeout(silenceMs, () => socket.destroy());
  return answerOf(socket);
}

/** Sends this at once, and then a byte a second for as long as the host will have it. */
function drip(bytes: string): Socket {
  const socket = connect(scene.host.port, "127.0.0.1", () => socket.write(bytes));
  const dripping = setInterval(() => socket.write("x"), 1_000);
  socket.on("error", () => {});
  socket.on("close", () => clearInterval(dripping));
  return socket;
}

function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    socket.on("data", (data) => {
      answer += data.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

function statusIn(answer: string): string {
  return /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? "closed";
}

const own = () => `Host: 127.0.0.1:${scene.host.port}\r\n`;
const withCookie = () => `${own()}Cookie: ${admin.cookie}\r\n`;

interface Route {
  readonly method: string;
  readonly path: string;
}

/** Every route of both APIs that needs a login, as the OpenAPI document lists them. */
async function closedRoutes(): Promise<Route[]> {
  const { paths } = (await admin.call("GET", "/openapi.json")) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const isOpen = (path: string) => /\/(session|auth\/login|features)$/.test(path);
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, "first"),
    })),
  );
  return routes.filter(({ path }) => !isOpen(path));
}

async function statusesOf(
  user: ApiUser,
  headers: Record<string, string>,
  routes: readonly Route[],
): Promise<number[]> {
  const answers = await Promise.all(
    routes.map(({ method, path }) => user.fetch(method, path, undefined, headers)),
  );
  await Promise.all(answers.map((answer) => answer.bytes()));
  return [...new Set(answers.map(({ status }) => status))];
}

describe("every route behind the login", () => {
  test.each<[string, () => ApiUser, () => Record<string, string>, number]>([
    ["without a login", () => stranger, () => ({}), 401],
    ["with a made-up token", () => stranger, () => ({ authorization: "Bearer nonsense" }), 401],
    ["with a made-up cookie", () => stranger, () => ({ cookie: "roost_session=nonsense" }), 401],
    [
      "with the cookie's value as another scheme",
      () => stranger,
      () => ({ authorization: `Basic ${admin.cookie.split("=")[1]}` }),
      401,
    ],
    ["logged in, from another origin", () => admin, () => ({ origin: "https://evil.example" }), 400],
    ["logged in, from the origin null", () => admin, () => ({ origin: "null" }), 400],
    [
      "logged in, from another port of this machine",
      () => admin,
      () => ({ origin: "http://127.0.0.1:1" }),
      400,
    ],
    ["logged in, Sec-Fetch-Site: cross-site", () => admin, () => ({ "sec-fetch-site": "cross-site" }), 400],
    ["logged in, Sec-Fetch-Site: same-site", () => admin, () => ({ "sec-fetch-site": "same-site" }), 400],
    ["logged in, by a rebound name", () => admin, () => ({ host: "evil.example" }), 421],
  ])("%s is refused", async (how, user, headers, status) => {
    const routes = await closedRoutes();
    expect(routes.length).toBeGreaterThan(55);
    expect(await statusesOf(user(), headers(), routes)).toEqual([status]);
    await note(`${routes.length} routes ${how}`, status);
  });

  test("takes a token in no address and a script's token in no cookie", async () => {
    const login = await stranger.fetch("POST", "/_matrix/maubot/v1/auth/login", {
      username: "admin",
      password,
    });
    const { token } = (await login.json()) as { token: string };
    const inAddress = await stranger.fetch("GET", `/_roost/v1/overview?access_token=${token}&token=${token}`);
    const inCookie = await stranger.fetch("GET", "/_roost/v1/overview", undefined, {
      cookie: `roost_session=${token}`,
    });
    expect([inAddress.status, inCookie.status]).toEqual([401, 401]);
    await note("a right token in the address, or in the page's cookie", "401");
  });
});

describe("requests that are none", () => {
  const big = "x".repeat(200_000);
  test.each<[string, () => string, RegExp]>([
    ["no Host", () => "GET /livez HTTP/1.1\r\n\r\n", /^(400|421)$/],
    ["two Hosts", () => `GET /livez HTTP/1.1\r\n${own()}Host: evil.example\r\n\r\n`, /^(400|421)$/],
    [
      "another's absolute address",
      () => `GET http://evil.example/livez HTTP/1.1\r\nHost: evil.example\r\n\r\n`,
      /^421$/,
    ],
    ["a header of 200 kB", () => `GET /livez HTTP/1.1\r\n${own()}X: ${big}\r\n\r\n`, /^431$/],
    ["5,000 headers", () => `GET /livez HTTP/1.1\r\n${own()}${"X-Y: z\r\n".repeat(5_000)}\r\n`, /^431$/],
    ["an address of 200 kB", () => `GET /${big} HTTP/1.1\r\n${own()}\r\n`, /^(431|414|400)$/],
    ["garbage", () => "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", /^(400|closed)$/],
    [
      "length and chunks at once",
      () =>
        `POST /_roost/v1/session HTTP/1.1\r\n${own()}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^400$/,
    ],
    [
      "two lengths",
      () => `POST /_roost/v1/session HTTP/1.1\r\n${own()}Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}`,
      /^400$/,
    ],
    [
      "a body that says it has 100 GB",
      () => `POST /_roost/v1/session HTTP/1.1\r\n${own()}Content-Length: 100000000000\r\n\r\n{`,
      /^413$/,
    ],
    [
      "an upload that says it has 1 GB",
      () => `POST /_roost/v1/plugins HTTP/1.1\r\n${withCookie()}Content-Length: 1000000000\r\n\r\nPK`,
      /^413$/,
    ],
    ["TRACE", () => `TRACE / HTTP/1.1\r\n${own()}\r\n`, /^(400|404|405)$/],
    [
      "CONNECT to another machine",
      () => `CONNECT evil.example:80 HTTP/1.1\r\n${own()}\r\n`,
      /^(400|404|405|421)$/,
    ],
    [
      "a method in small letters",
      () => `delete /_roost/v1/instances/first HTTP/1.1\r\n${withCookie()}\r\n`,
      /^(400|404|405|closed)$/,
    ],
    ["a path out of the page", () => `GET /../../../../etc/passwd HTTP/1.1\r\n${own()}\r\n`, /^404$/],
    [
      "an encoded path out of the page",
      () => `GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n${own()}\r\n`,
      /^404$/,
    ],
    ["a path that cannot be decoded", () => `GET /healthz/%ff%fe%00 HTTP/1.1\r\n${own()}\r\n`, /^404$/],
  ])("%s: refused", async (what, bytes, expected) => {
    const status = statusIn(await sendRaw(bytes()));
    expect(status).toMatch(expected);
    await note(what, status);
  });
});

describe("somebody logged in with a hostile mind", () => {
  const secretPath = encodeURIComponent("../../host/roost.db");
  test.each<[string, string, string, unknown, number]>([
    ["a backup named out of its folder", "GET", `/backups/${secretPath}`, undefined, 404],
    ["a restore named out of its folder", "POST", `/backups/${secretPath}/restore`, { what: "all" }, 404],
    ["a deleted bot named out of the trash", "POST", `/trash/${secretPath}/recover`, undefined, 404],
    ["a bot named out of its folder", "PUT", `/instances/${secretPath}`, { plugin: "echo" }, 400],
    ["a plugin named out of its folder", "DELETE", `/plugins/${secretPath}`, undefined, 404],
    [
      "a query that attaches another database",
      "POST",
      "/instances/first/query",
      { sql: "ATTACH 'x.db' AS x" },
      400,
    ],
    ["a body of 300 kB", "POST", "/rooms", { account: "x".repeat(300_000) }, 413],
    ["broken JSON", "POST", "/rooms", "{", 400],
    ["100,000 nested lists", "POST", "/rooms", "[".repeat(100_000) + "]".repeat(100_000), 400],
    ["a number for an object", "POST", "/rooms", "7", 400],
    ["__proto__ in a body", "POST", "/rooms", '{"__proto__":{"account":"@a:b"}}', 400],
    ["a body that is no UTF-8", "POST", "/rooms", new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), 400],
    ["an archive that is none", "POST", "/plugins", "PK\x03\x04 and no more", 409],
  ])("%s: refused", async (what, method, path, body, status) => {
    const answer = await admin.fetch(method, `/_roost/v1${path}`, body, {
      "content-type": "application/json",
    });
    const text = await answer.text();
    expect([answer.status, text]).toEqual([status, expect.stringContaining('"error"')]);
    await note(what, status);
  });

  test("a method in a header changes nothing", async () => {
    const headers = { "x-http-method-override": "DELETE", "x-method-override": "DELETE" };
    expect((await admin.fetch("GET", "/_roost/v1/instances/first", undefined, headers)).status).toBe(200);
    expect((await admin.fetch("GET", "/_roost/v1/instances/first?_method=DELETE")).status).toBe(200);
    await note("X-HTTP-Method-Override: DELETE, ?_method=DELETE", "200, as GET; the bot is still there");
  });
});

describe("streams", () => {
  test("are opened by no other origin, and by nobody without a login", async () => {
    const foreign = { origin: "https://evil.example" };
    const upgrade = {
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const statuses = [
      (await admin.fetch("GET", "/_roost/v1/events", undefined, foreign)).status,
      (await stranger.fetch("GET", "/_roost/v1/events")).status,
      (await admin.fetch("GET", "/_matrix/maubot/v1/logs", undefined, { ...upgrade, ...foreign })).status,
    ];
    expect(statuses).toEqual([400, 401, 400]);
    await note("events and log socket from another origin; events without a login", "400, 400, 401");
  });

  test("a message to the log socket that is too long ends it", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${scene.host.port}/_matrix/maubot/v1/logs`);
    const code = new Promise<number>((resolve) => {
      socket.onclose = (event) => resolve(event.code);
    });
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    socket.send("x".repeat(100_000));
    expect([1006, 1009]).toContain(await code);
    await note("100 kB as a token to the log socket", "closed");
  });
});

describe("very many", () => {
  test("500 connections at once are all answered", async () => {
    const ask = `GET /livez HTTP/1.1\r\n${own()}Connection: close\r\n\r\n`;
    const answers = await Promise.all(Array.from({ length: 500 }, () => sendRaw(ask, 20_000)));
    expect([...new Set(answers.map(statusIn))]).toEqual(["200"]);
    await note("500 connections at once", "200 each");
  });

  test("500 whose headers come a byte a second keep nobody else waiting", async () => {
    const sockets = Array.from({ length: 500 }, () => drip(`GET /livez HTTP/1.1\r\n${own()}X-Slow: `));
    for (let count = 0; count < 6; count++) {
      expect((await admin.fetch("GET", "/_roost/v1/overview")).status).toBe(200);
      await Bun.sleep(300);
    }
    for (const socket of sockets) socket.destroy();
    await note("500 connections whose headers come a byte a second", "the others answered, 200");
  });

  test("wrong passwords delay each other, and not the right one", async () => {
    const guess = () =>
      stranger.fetch("POST", "/_roost/v1/session", { username: "admin", password: "guessed it" });
    let refused = 0;
    const guesses = Array.from({ length: 100 }, async () => {
      const { status } = await guess();
      refused++;
      return status;
    });
    const logIn = () => stranger.fetch("POST", "/_roost/v1/session", { username: "admin", password });
    let right = await logIn();
    for (let tries = 1; right.status === 429 && tries < 20; tries++) {
      await Bun.sleep(250);
      right = await logIn();
    }
    expect(right.status).toBe(200);
    expect(refused).toBeLessThan(100);
    const statuses = new Set(await Promise.all(guesses));
    expect([...statuses].toSorted()).toEqual([401, 429]);
    await note("100 wrong passwords at once", "401 held back, 429; the right one 200 meanwhile");
  });

  test("headers that come a byte a second are given up", async () => {
    expect(await slowHeaders).toBe("");
    await note("headers at a byte a second", "cut off after 12 s");
  });

  test("a body that comes a byte a second is given up", async () => {
    expect(statusIn(await slowBody)).toBe("400");
    await note("a body at a byte a second", "400 after 30 s");
  });
});
