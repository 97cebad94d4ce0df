import { describe, expect, test } from "bun:test";
import { bodies, Client, openHomeserver } from "./client.ts";

async function two(dialect: "synapse" | "continuwuity" = "synapse") {
  const homeserver = await openHomeserver({ dialect });
  const alice = homeserver.createUser("alice");
  const bot = homeserver.createUser("bot", { password: "pw" });
  return { homeserver, alice, bot, client: new Client(homeserver, bot.accessToken) };
}

describe("rooms", () => {
  test("room ids name the server on synapse and do not on continuwuity", async () => {
    expect((await two()).alice.createRoom()).toMatch(/^!\w[\w-]*:example\.org$/);
    expect((await two("continuwuity")).alice.createRoom()).toMatch(/^![\w-]{43}$/);
    expect((await two("continuwuity")).alice.createRoom({ version: "11" })).toEndWith(":example.org");
  });

  test("an open room is joined by its alias, a closed one by invitation only", async () => {
    const { alice, client, homeserver, bot } = await two();
    const open = alice.createRoom({ alias: "open", public: true });
    const closed = alice.createRoom();
    const join = (room: string) => client.call("POST", `/v3/join/${encodeURIComponent(room)}`, {});
    expect(await join("#open:example.org")).toMatchObject({ status: 200, body: { room_id: open } });
    expect((await join(closed)).body.errcode).toBe("M_FORBIDDEN");
    expect((await join("#nowhere:example.org")).body.errcode).toBe("M_NOT_FOUND");
    alice.invite(closed, bot.userId);
    expect((await join(closed)).status).toBe(200);
    expect((await client.get("/v3/joined_rooms")).body.joined_rooms.toSorted()).toEqual(
      [open, closed].sort(),
    );
    expect(homeserver.memberships(closed).get(bot.userId)).toBe("join");
    alice.ban(closed, bot.userId);
    expect((await join(closed)).body.errcode).toBe("M_FORBIDDEN");
  });

  test("one transaction is one event for a device, and another for another device", async () => {
    const { homeserver, bot, client } = await two("continuwuity");
    const room = bot.createRoom();
    const first = await client.send(room, "hello", "t");
    expect(await client.send(room, "hello", "t")).toEqual(first);
    expect(bodies(homeserver.timeline(room))).toEqual(["hello"]);
    const identity = { type: "m.login.password", identifier: { user: "bot" }, password: "pw" };
    const login = (await new Client(homeserver).call("POST", "/v3/login", identity)).body;
    const elsewhere = await new Client(homeserver, login.access_token).send(room, "hello", "t");
    expect(elsewhere.body.event_id).not.toBe(first.body.event_id);
    const path = client.room(room, `/redact/${encodeURIComponent(first.body.event_id)}/r`);
    const redacted = await client.call("PUT", path, { reason: "x" });
    expect(await client.call("PUT", path, { reason: "x" })).toEqual(redacted);
    expect(homeserver.timeline(room).filter(({ type }) => type === "m.room.redaction")).toHaveLength(1);
  });

  test("power levels decide who may speak, and the creator of a version 12 room stands above them", async () => {
    const { alice, bot, client } = await two("continuwuity");
    const room = alice.createRoom({ invite: [bot.userId] });
    bot.join(room);
    alice.setState(room, "m.room.power_levels", { events: { "m.room.message": 50 }, users: {} });
    expect((await client.send(room, "may I?")).body.errcode).toBe("M_FORBIDDEN");
    expect(alice.say(room, "I may")).toStartWith("$");
    alice.setState(room, "m.room.power_levels", { users: { [bot.userId]: 50 } });
    expect((await client.send(room, "thank you")).status).toBe(200);
    expect(() => bot.kick(room, alice.userId)).toThrow("same or more power");
  });

  test("an upgraded room leaves a tombstone that names its successor", async () => {
    const { alice, bot, client } = await two();
    const old = alice.createRoom({ name: "Ops", invite: [bot.userId] });
    bot.join(old);
    const next = alice.upgradeRoom(old, "12");
    const state = (await client.get(client.room(old, "/state/m.room.tombstone/"))).body;
    expect(state.replacement_room).toBe(next);
    expect(next).not.toContain(":");
    alice.invite(next, bot.userId);
    bot.join(next);
    const create = (await client.get(client.room(next, "/state/m.room.create"))).body;
    expect(create).toMatchObject({ predecessor: { room_id: old }, room_version: "12" });
  });

  test("state, members, context and relations can be read, by members only", async () => {
    const { homeserver, alice, bot, client } = await two();
    const room = alice.createRoom({ name: "Ops", public: true, encrypted: true });
    expect((await client.get(client.room(room, "/state"))).status).toBe(403);
    bot.join(room);
    expect((await client.get(client.room(room, "/state/m.room.encryption"))).status).toBe(200);
    const { joined } = (await client.get(client.room(room, "/joined_members"))).body;
    expect(Object.keys(joined).sort()).toEqual([alice.userId, bot.userId]);
    const root = alice.say(room, "root");
    const reply = alice.say(room, "in thread", { "m.relates_to": { rel_type: "m.thread", event_id: root } });
    alice.say(room, "after");
    const id = encodeURIComponent(root);
    const found = (await client.get(`/v1/rooms/${encodeURIComponent(room)}/relations/${id}/m.thread`)).body;
    expect(found.chunk.map(({ event_id }: { event_id: string }) => event_id)).toEqual([reply]);
    const context = (await client.get(client.room(room, `/context/${id}?limit=4`))).body;
    expect(context.event.event_id).toBe(root);
    expect(bodies(context.events_after)).toEqual(["in thread", "after"]);
    bot.leave(room);
    const late = alice.say(room, "unseen");
    expect((await client.get(client.room(room, `/event/${encodeURIComponent(late)}`))).status).toBe(404);
    expect(homeserver.timeline(room).at(-1)?.event_id).toBe(late);
  });

  test("a new display name is told to the rooms as a join after a join", async () => {
    const { homeserver, bot, client } = await two();
    const room = bot.createRoom();
    const path = `/v3/profile/${encodeURIComponent(bot.userId)}/displayname`;
    await client.call("PUT", path, { displayname: "Instagram" });
    expect((await client.get(path)).body).toMatchObject({ displayname: "Instagram" });
    expect(homeserver.timeline(room).at(-1)).toMatchObject({
      type: "m.room.member",
      content: { membership: "join", displayname: "Instagram" },
      unsigned: { prev_content: { membership: "join" } },
    });
  });

  test("an event that is too large, a body that is no JSON and an unknown path are refused by name", async () => {
    const { homeserver, bot, client } = await two();
    const room = bot.createRoom();
    expect((await client.send(room, "x".repeat(66_000))).body.errcode).toBe("M_TOO_LARGE");
    const response = await fetch(`${homeserver.url}/_matrix/client/v3/login`, { method: "POST", body: "{" });
    expect(await response.json()).toMatchObject({ errcode: "M_NOT_JSON" });
    expect(await client.get("/v3/nothing")).toMatchObject({
      status: 404,
      body: { errcode: "M_UNRECOGNIZED" },
    });
  });

  test("account data is kept and missing account data is a 404", async () => {
    const { bot, client } = await two();
    const path = `/v3/user/${encodeURIComponent(bot.userId)}/account_data/m.direct`;
    expect((await client.get(path)).status).toBe(404);
    await client.call("PUT", path, { "@alice:example.org": ["!r"] });
    expect((await client.get(path)).body).toMatchObject({ "@alice:example.org": ["!r"] });
  });

  test("waitForEvent finds what was and what comes, and says what there is when it gives up", async () => {
    const { homeserver, bot, client } = await two();
    const room = bot.createRoom();
    bot.say(room, "past");
    const past = await homeserver.waitForEvent(room, ({ content }) => content.body === "past");
    expect(past.sender).toBe(bot.userId);
    const coming = homeserver.waitForEvent(room, ({ content }) => content.body === "future");
    await client.send(room, "future");
    expect((await coming).content.body).toBe("future");
    await expect(homeserver.waitForEvent(room, () => false, 1)).rejects.toThrow("future");
  });
});
