import { describe, expect, test } from "bun:test";
import type { DialectName } from "../../src/sandbox/dialect.ts";
import type { Homeserver } from "../../src/sandbox/homeserver.ts";
import { bodies, Client, openHomeserver, part } from "./client.ts";

/** A room of alice's with the bot in it, and the bot synced up to now. */
async function inRoom(dialect: DialectName = "synapse") {
  const homeserver = await openHomeserver({ dialect });
  const alice = homeserver.createUser("alice");
  const bot = homeserver.createUser("bot");
  const room = alice.createRoom({ invite: [bot.userId] });
  bot.join(room);
  const client = new Client(homeserver, bot.accessToken);
  const since: string = (await client.sync()).body.next_batch;
  return { homeserver, alice, bot, room, client, since };
}
/** Waits until the homeserver has been asked for so many syncs. */
async function syncs(homeserver: Homeserver, client: Client, count: number): Promise<void> {
  while (homeserver.requests.count("GET", /\/sync$/) < count) await client.get("/v3/account/whoami");
}
const filterOf = (limit: number) =>
  `timeout=0&filter=${encodeURIComponent(JSON.stringify({ room: { timeline: { limit } } }))}`;

describe("sync", () => {
  test("gives each event once, in order, with the sender's own transaction id", async () => {
    const { alice, room, client, since } = await inRoom();
    alice.say(room, "one");
    await client.send(room, "two", "txn-2");
    const { body } = await client.sync(since);
    const { timeline } = part(body.rooms.join, room);
    expect(bodies(timeline.events)).toEqual(["one", "two"]);
    expect(timeline.limited).toBe(false);
    expect(timeline.events[0]?.unsigned.transaction_id).toBeUndefined();
    expect(timeline.events[1]?.unsigned.transaction_id).toBe("txn-2");
    expect((await client.sync(body.next_batch)).body.rooms.join).toEqual({});
  });

  test("a hanging poll is woken by an event, and not by other people's rooms", async () => {
    const { homeserver, alice, room, client, since } = await inRoom();
    const poll = client.sync(since, "timeout=30000");
    await syncs(homeserver, client, 2);
    let answered = false;
    poll.finally(() => {
      answered = true;
    });
    const elsewhere = alice.createRoom();
    alice.say(elsewhere, "private");
    await client.get("/v3/account/whoami");
    expect(answered).toBe(false);
    alice.say(room, "wake up");
    expect(bodies(part((await poll).body.rooms.join, room).timeline.events)).toEqual(["wake up"]);
  });

  test("closing the homeserver ends a hanging poll at once, and it opens again with all it knew", async () => {
    const { homeserver, alice, room, client, since } = await inRoom();
    const poll = client.sync(since, "timeout=30000").then(
      () => "ended",
      () => "ended",
    );
    await syncs(homeserver, client, 2);
    const port = Number(new URL(homeserver.url).port);
    await homeserver.close();
    expect(await poll).toBe("ended");
    await homeserver.open(port);
    alice.say(room, "back");
    expect(bodies(part((await client.sync(since)).body.rooms.join, room).timeline.events)).toEqual(["back"]);
  });

  test.each(["synapse", "continuwuity"] as const)(
    "on %s /messages closes a limited sync's gap exactly",
    async (dialect) => {
      const { alice, room, client, since } = await inRoom(dialect);
      for (let n = 1; n <= 12; n++) alice.say(room, `m${n}`);
      const { body } = await client.sync(since, filterOf(4));
      const { timeline } = part(body.rooms.join, room);
      expect(timeline.limited).toBe(true);
      expect(bodies(timeline.events)).toEqual(["m9", "m10", "m11", "m12"]);
      const missing: unknown[] = [];
      let from: string | undefined = timeline.prev_batch;
      while (from !== undefined) {
        const path: string = client.room(room, `/messages?dir=b&limit=3&from=${from}&to=${since}`);
        const page = (await client.get(path)).body;
        missing.push(...bodies(page.chunk));
        from = page.end;
      }
      expect(missing.reverse()).toEqual(["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"]);
    },
  );

  test("a limited sync brings the state that changed inside the gap, and nothing else of it", async () => {
    const { alice, room, client, since } = await inRoom();
    alice.setState(room, "m.room.topic", { topic: "first" });
    alice.setState(room, "m.room.topic", { topic: "second" });
    for (let n = 1; n <= 3; n++) alice.say(room, `m${n}`);
    alice.setState(room, "m.room.topic", { topic: "third" });
    const { state, timeline } = part((await client.sync(since, filterOf(2))).body.rooms.join, room);
    expect(state.events.map(({ content }: { content: unknown }) => content)).toEqual([{ topic: "second" }]);
    expect(timeline.events).toHaveLength(2);
  });

  test("invitations, kicks and bans each have their place", async () => {
    const { alice, bot, room, client, since } = await inRoom();
    const other = alice.createRoom({ name: "Other", invite: [bot.userId] });
    const first = (await client.sync(since)).body;
    const stripped = part(first.rooms.invite, other).invite_state.events;
    expect(stripped).toContainEqual(
      expect.objectContaining({ type: "m.room.name", content: { name: "Other" } }),
    );
    alice.kick(room, bot.userId, "enough");
    alice.say(room, "behind the bot's back");
    const { rooms } = (await client.sync(first.next_batch)).body;
    expect(rooms.join).toEqual({});
    expect(part(rooms.leave, room).timeline.events).toMatchObject([
      { type: "m.room.member", state_key: bot.userId, content: { membership: "leave", reason: "enough" } },
    ]);
    expect((await client.send(room, "hello?")).status).toBe(403);
  });

  test.each([
    ["synapse", false],
    ["continuwuity", true],
  ] as const)(
    "on %s a room just joined is limited: %p, though nothing is missing",
    async (dialect, limited) => {
      const { alice, bot, client, since } = await inRoom(dialect);
      const room = alice.createRoom({ invite: [bot.userId] });
      bot.join(room);
      const { timeline } = part((await client.sync(since, filterOf(50))).body.rooms.join, room);
      expect(timeline.limited).toBe(limited);
      expect(timeline.events[0]?.type).toBe("m.room.create");
    },
  );

  test("history from before the join can be read, and is in the first timeline of a room", async () => {
    const { alice, bot, client, since } = await inRoom("continuwuity");
    const room = alice.createRoom({ public: true });
    alice.say(room, "before");
    bot.join(room);
    const { timeline } = part((await client.sync(since)).body.rooms.join, room);
    expect(bodies(timeline.events)).toEqual(["before"]);
    const { chunk } = (await client.get(client.room(room, "/messages?dir=b"))).body;
    expect(bodies(chunk)).toEqual(["before"]);
  });

  test("synapse applies filters, continuwuity reads only the limit", async () => {
    const filter = {
      room: { timeline: { limit: 2, types: ["m.room.mess*"], not_senders: ["@bot:example.org"] } },
    };
    const seen: Record<string, unknown[]> = {};
    for (const dialect of ["synapse", "continuwuity"] as const) {
      const { alice, bot, room, client, since } = await inRoom(dialect);
      const path = `/v3/user/${encodeURIComponent(bot.userId)}/filter`;
      const { filter_id: id } = (await client.call("POST", path, filter)).body;
      alice.say(room, "hello");
      bot.say(room, "mine");
      alice.setState(room, "m.room.topic", { topic: "x" });
      const { events } = part(
        (await client.sync(since, `timeout=0&filter=${id}`)).body.rooms.join,
        room,
      ).timeline;
      seen[dialect] = events.map(
        ({ content }: { content: { body?: string; topic?: string } }) => content.body ?? content.topic,
      );
    }
    expect(seen).toEqual({ synapse: ["hello"], continuwuity: ["mine", "x"] });
  });

  test("an unreadable since is an error on synapse and an initial sync on continuwuity", async () => {
    const synapse = await inRoom();
    expect((await synapse.client.sync("nonsense")).status).toBe(400);
    const { client, room } = await inRoom("continuwuity");
    const { body } = await client.sync("s12_34");
    expect(body.next_batch).toMatch(/^\d+$/);
    expect(part(body.rooms.join, room).timeline.events.length).toBeGreaterThan(5);
  });

  test("a redacted message comes back empty, saying by whom", async () => {
    const { alice, room, client, since } = await inRoom();
    const target = alice.say(room, "secret");
    const redaction = alice.redact(room, target, "slip");
    const { events } = part((await client.sync(since)).body.rooms.join, room).timeline;
    expect(events[0]).toMatchObject({
      event_id: target,
      content: {},
      unsigned: { redacted_because: { event_id: redaction } },
    });
    expect(events[1]).toMatchObject({ type: "m.room.redaction", redacts: target });
    expect(
      (await client.get(client.room(room, `/event/${encodeURIComponent(target)}`))).body.content,
    ).toEqual({});
  });

  test("typing and receipts come as ephemeral events", async () => {
    const { homeserver, alice, room, client, since } = await inRoom();
    const said = alice.say(room, "hi");
    const as = new Client(homeserver, alice.accessToken);
    await as.call("PUT", as.room(room, `/typing/${encodeURIComponent(alice.userId)}`), {
      typing: true,
      timeout: 1000,
    });
    await as.call("POST", as.room(room, `/receipt/m.read/${encodeURIComponent(said)}`), {});
    const { ephemeral } = part((await client.sync(since)).body.rooms.join, room);
    expect(ephemeral.events).toMatchObject([
      { type: "m.typing", content: { user_ids: [alice.userId] } },
      { type: "m.receipt", content: { [said]: { "m.read": { [alice.userId]: {} } } } },
    ]);
  });
});
