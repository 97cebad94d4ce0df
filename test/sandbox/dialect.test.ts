/** What a client can tell of each homeserver that the sandbox plays. */
import { expect, test } from "bun:test";
import type { DialectName } from "../../src/sandbox/dialect.ts";
import { Homeserver } from "../../src/sandbox/homeserver.ts";

interface SyncBody {
  readonly rooms: { readonly join: Record<string, { readonly timeline: { readonly events: unknown[] } }> };
}

async function open(dialect: DialectName) {
  const homeserver = new Homeserver({ serverName: "sandbox", dialect, registrationToken: "t", terms: true });
  await homeserver.open();
  const ada = homeserver.createUser("ada");
  const authorization = `Bearer ${ada.accessToken}`;
  const get = (path: string, headers: Record<string, string> = { authorization }) =>
    fetch(homeserver.url + path, { headers });
  return { homeserver, ada, get, [Symbol.asyncDispose]: () => homeserver.close() };
}

for (const [dialect, expected] of [
  ["synapse", { newest: "v1.11", room: "11", stages: 3, legacy: 403, uploadMib: 50 }],
  ["conduwuit", { newest: "v1.11", room: "11", stages: 1, legacy: 200, uploadMib: 20 }],
  ["continuwuity", { newest: "v1.18", room: "12", stages: 2, legacy: 200, uploadMib: 20 }],
  ["tuwunel", { newest: "v1.19", room: "11", stages: 2, legacy: 403, uploadMib: 24 }],
] as const) {
  test(`${dialect} has its versions, rooms, registration and media`, async () => {
    await using server = await open(dialect);
    const { homeserver, ada, get } = server;
    const { versions } = (await (await get("/_matrix/client/versions")).json()) as { versions: string[] };
    const limits = (await (await get("/_matrix/client/v1/media/config")).json()) as {
      "m.upload.size": number;
    };
    const upload = await fetch(`${homeserver.url}/_matrix/media/v3/upload`, {
      method: "POST",
      headers: { authorization: `Bearer ${ada.accessToken}`, "content-type": "text/plain" },
      body: "x",
    });
    const { content_uri: uri } = (await upload.json()) as { content_uri: string };
    const register = await fetch(`${homeserver.url}/_matrix/client/v3/register`, {
      method: "POST",
      body: "{}",
    });
    const { flows } = (await register.json()) as { flows: { stages: string[] }[] };
    const create = homeserver.timeline(ada.createRoom())[0]?.content;
    expect({
      newest: versions.at(-1) ?? "",
      room: create?.room_version,
      stages: flows[0]?.stages.length,
      legacy: (await get(`/_matrix/media/v3/download/${uri.slice("mxc://".length)}`, {})).status,
      uploadMib: limits["m.upload.size"] / 1024 / 1024,
    }).toEqual(expected);
  });
}

test("tuwunel lets no sync end before 5 s, and the others answer a timeout of 0 at once", async () => {
  for (const [dialect, isSlow] of [
    ["tuwunel", true],
    ["conduwuit", false],
  ] as const) {
    await using server = await open(dialect);
    const first = (await (await server.get("/_matrix/client/v3/sync")).json()) as { next_batch: string };
    const next = server.get(`/_matrix/client/v3/sync?timeout=0&since=${first.next_batch}`);
    const outcome = await Promise.race([next.then(() => false), Bun.sleep(1_500).then(() => true)]);
    expect(outcome).toBe(isSlow);
  }
});

test("conduwuit ignores the limit of a filter, continuwuity reads that alone, tuwunel all of it", async () => {
  for (const [dialect, seen] of [
    ["conduwuit", 10],
    ["continuwuity", 2],
    ["tuwunel", 0],
  ] as const) {
    await using server = await open(dialect);
    const room = server.ada.createRoom();
    for (let count = 0; count < 20; count++) server.ada.say(room, `${count}`);
    const filter = { room: { timeline: { limit: 2, types: ["m.nothing"] } } };
    const path = `/_matrix/client/v3/sync?filter=${encodeURIComponent(JSON.stringify(filter))}`;
    const { rooms } = (await (await server.get(path)).json()) as SyncBody;
    expect(rooms.join[room]?.timeline.events.length).toBe(seen);
  }
});

test("what a server with an admin room would carry out is what begins like a command there", async () => {
  await using server = await open("conduwuit");
  const room = server.ada.createRoom({ alias: "admins" });
  for (const body of ["ERROR something", " !admin users list", "say !admin", "@conduit:sandbox: users list"])
    server.ada.say(room, body);
  expect(server.homeserver.adminCommands()).toEqual(["!admin users list", "@conduit:sandbox: users list"]);
});
