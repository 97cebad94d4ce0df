import { describe, expect, test } from "bun:test";
import { isObject } from "../../src/core/json.ts";
import { bodies, Client, openHomeserver, part } from "./client.ts";

async function withRoom(dialect: "synapse" | "continuwuity" = "synapse") {
  const homeserver = await openHomeserver({ dialect });
  const alice = homeserver.createUser("alice");
  const room = alice.createRoom();
  return { homeserver, alice, room, client: new Client(homeserver, alice.accessToken) };
}

describe("faults", () => {
  test("an error is given as often as asked, then all is well", async () => {
    const { homeserver, client, room } = await withRoom();
    const body = { errcode: "M_UNKNOWN", error: "oops" };
    const answer = { kind: "error", status: 503, body, headers: { "retry-after": "2" } } as const;
    const fault = homeserver.faults.inject({ method: "PUT", path: /\/send\//, times: 2, answer });
    expect(await client.send(room, "x", "t1")).toMatchObject({ status: 503, body });
    expect((await client.get("/v3/account/whoami")).status).toBe(200);
    expect((await client.send(room, "x", "t1")).status).toBe(503);
    expect((await client.send(room, "x", "t1")).status).toBe(200);
    expect(fault.hits).toBe(2);
    expect(homeserver.requests.count("PUT", /\/send\/m\.room\.message\/t1$/)).toBe(3);
  });

  test("only the named user meets a fault", async () => {
    const { homeserver, client, room } = await withRoom();
    const bob = new Client(homeserver, homeserver.createUser("bob").accessToken);
    homeserver.faults.inject({
      path: /whoami/,
      user: "@bob:example.org",
      answer: { kind: "html", status: 502 },
    });
    expect((await client.get("/v3/account/whoami")).status).toBe(200);
    await expect(bob.get("/v3/account/whoami")).rejects.toThrow();
    homeserver.faults.clear();
    expect((await bob.get("/v3/account/whoami")).status).toBe(200);
    expect((await client.send(room, "still here")).status).toBe(200);
  });

  test("only synapse says how long to wait", async () => {
    for (const [dialect, wait] of [
      ["synapse", 1500],
      ["continuwuity", undefined],
    ] as const) {
      const { homeserver, client, room } = await withRoom(dialect);
      homeserver.faults.inject({ path: /send/, answer: { kind: "rate-limited", retryAfterMs: 1500 } });
      const { status, body } = await client.send(room, "x");
      expect([status, body.errcode, body.retry_after_ms]).toEqual([429, "M_LIMIT_EXCEEDED", wait]);
    }
  });

  test("nobody says how long to wait when it is not told to", async () => {
    const { homeserver, client, room } = await withRoom("synapse");
    homeserver.faults.inject({ path: /send/, answer: { kind: "rate-limited" } });
    const { status, body } = await client.send(room, "x");
    expect([status, body.errcode, "retry_after_ms" in body]).toEqual([429, "M_LIMIT_EXCEEDED", false]);
  });

  test.each([
    [401, "M_UNKNOWN_TOKEN"],
    [403, "M_FORBIDDEN"],
  ])("a %d is given with its code, and nothing is carried out", async (status, errcode) => {
    const { homeserver, client, room } = await withRoom();
    const answer = { kind: "error", status, body: { errcode, error: "no" } } as const;
    homeserver.faults.inject({ path: /send/, answer });
    expect(await client.send(room, "x")).toMatchObject({ status, body: { errcode } });
    expect(bodies(homeserver.timeline(room))).toEqual([]);
  });

  test("a mislabelled answer is carried out and says the same under another content type", async () => {
    const { homeserver, alice, room } = await withRoom();
    homeserver.faults.inject({ path: /send/, answer: { kind: "mislabelled", contentType: "text/plain" } });
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/t1`;
    const answer = await fetch(homeserver.url + path, {
      method: "PUT",
      headers: { authorization: `Bearer ${alice.accessToken}` },
      body: JSON.stringify({ msgtype: "m.text", body: "said" }),
    });
    expect(answer.headers.get("content-type")).toBe("text/plain");
    expect(await answer.json()).toHaveProperty("event_id");
    expect(bodies(homeserver.timeline(room))).toEqual(["said"]);
  });

  test("a homeserver that forgot its transactions makes a second event of a repeat", async () => {
    const { homeserver, client, room } = await withRoom();
    await client.send(room, "once", "same");
    await client.send(room, "once", "same");
    homeserver.forgetTransactions(`@alice:example.org`);
    await client.send(room, "once", "same");
    expect(bodies(homeserver.timeline(room))).toEqual(["once", "once"]);
  });

  test("a dropped request is not carried out", async () => {
    const { homeserver, client, room } = await withRoom();
    homeserver.faults.inject({ path: /send/, times: 1, answer: { kind: "drop" } });
    await expect(client.send(room, "lost")).rejects.toThrow();
    await client.get("/v3/account/whoami");
    expect(bodies(homeserver.timeline(room))).toEqual([]);
  });

  test.each(["lost-answer", "half"] as const)(
    "with %s the request is carried out, and its repeat makes no second event",
    async (kind) => {
      const { homeserver, client, room } = await withRoom();
      homeserver.faults.inject({ path: /send/, times: 1, answer: { kind } });
      await expect(client.send(room, "once", "same")).rejects.toThrow();
      const sent = homeserver.timeline(room).at(-1);
      expect(await client.send(room, "once", "same")).toMatchObject({
        status: 200,
        body: { event_id: String(sent?.event_id) },
      });
      expect(bodies(homeserver.timeline(room))).toEqual(["once"]);
    },
  );

  test("a hanging request is let go when its fault is removed, and never carried out", async () => {
    const { homeserver, client, room } = await withRoom();
    const fault = homeserver.faults.inject({ path: /send/, answer: { kind: "hang" } });
    const sending = client.send(room, "stuck").then(
      () => "answered",
      () => "cut",
    );
    while (fault.hits === 0) await client.get("/v3/account/whoami");
    fault.remove();
    expect(await sending).toBe("cut");
    expect(bodies(homeserver.timeline(room))).toEqual([]);
    expect((await client.send(room, "free")).status).toBe(200);
  });

  test("a delayed request is carried out in the end", async () => {
    const { homeserver, client, room } = await withRoom();
    homeserver.faults.inject({ path: /send/, answer: { kind: "delay", delayMs: 5 } });
    expect((await client.send(room, "late")).status).toBe(200);
    expect(bodies(homeserver.timeline(room))).toEqual(["late"]);
  });

  test("limitTimeline makes gaps whatever the client asks for", async () => {
    const { homeserver, alice, client, room } = await withRoom();
    const since = (await client.sync()).body.next_batch;
    homeserver.faults.limitTimeline(1);
    alice.say(room, "one");
    alice.say(room, "two");
    const { timeline } = part((await client.sync(since)).body.rooms.join, room);
    expect([timeline.limited, bodies(timeline.events)]).toEqual([true, ["two"]]);
  });

  test("repeatEvents gives the newest events a second time, once", async () => {
    const { homeserver, alice, client, room } = await withRoom();
    alice.say(room, "one");
    const since = (await client.sync()).body.next_batch;
    homeserver.faults.repeatEvents(1);
    const again = (await client.sync(since)).body;
    expect(bodies(part(again.rooms.join, room).timeline.events)).toEqual(["one"]);
    expect((await client.sync(again.next_batch)).body.rooms.join).toEqual({});
  });

  test("disorderEvents gives what is new newest first, until the faults are cleared", async () => {
    const { homeserver, alice, client, room } = await withRoom();
    const since = (await client.sync()).body.next_batch;
    homeserver.faults.disorderEvents();
    for (const text of ["one", "two", "three"]) alice.say(room, text);
    const read = async () => bodies(part((await client.sync(since)).body.rooms.join, room).timeline.events);
    expect(await read()).toEqual(["three", "two", "one"]);
    homeserver.faults.clear();
    expect(await read()).toEqual(["one", "two", "three"]);
  });

  test("swellState makes a sync as large as told, though the client asked for little state", async () => {
    const { homeserver, alice, client, room } = await withRoom();
    const since = (await client.sync()).body.next_batch;
    homeserver.faults.swellState(10_000_000);
    alice.say(room, "small");
    const { body } = await client.sync(since);
    expect(JSON.stringify(part(body.rooms.join, room).state).length).toBeGreaterThan(10_000_000);
    expect(bodies(part(body.rooms.join, room).timeline.events)).toEqual(["small"]);
    homeserver.faults.clear();
    const { state } = part((await client.sync(since)).body.rooms.join, room);
    expect(state.events).toEqual([]);
  });

  test("a slow upload is kept in the end, and other requests do not wait for it", async () => {
    const { homeserver, alice, client } = await withRoom();
    const slow = homeserver.faults.inject({
      path: /\/upload$/,
      answer: { kind: "delay", delayMs: 60_000 },
    });
    const uploading = fetch(`${homeserver.url}/_matrix/media/v3/upload?filename=a.txt`, {
      method: "POST",
      headers: { authorization: `Bearer ${alice.accessToken}`, "content-type": "text/plain" },
      body: "slowly",
    });
    while (slow.hits === 0) await client.get("/v3/account/whoami");
    expect((await client.get("/v3/account/whoami")).status).toBe(200);
    slow.remove();
    const uploaded: unknown = await (await uploading).json();
    const mxc = isObject(uploaded) ? String(uploaded.content_uri) : "";
    expect(new TextDecoder().decode(homeserver.media(mxc).bytes)).toBe("slowly");
  });

  test.each(["synapse", "continuwuity"] as const)(
    "after forgetSince an old token gives nothing and a lower next one on %s, and new events come",
    async (dialect) => {
      const { homeserver, alice, client, room } = await withRoom(dialect);
      const old = (await client.sync()).body.next_batch;
      homeserver.faults.forgetSince();
      const answer = (await client.sync(old)).body;
      expect(answer.rooms.join).toEqual({});
      const number = (token: string) => Number(/\d+/.exec(token)?.[0]);
      expect(number(answer.next_batch)).toBeLessThan(number(old));
      alice.say(room, "new");
      const next = (await client.sync(answer.next_batch)).body;
      expect(bodies(part(next.rooms.join, room).timeline.events)).toEqual(["new"]);
    },
  );
});
