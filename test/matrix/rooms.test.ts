import { describe, expect, test } from "bun:test";
import { asRoomAlias, asRoomId, type RoomAlias, type RoomId } from "../../src/core/id.ts";
import type { RoomStanding } from "../../src/core/matrix.ts";
import { Bench, dialects, until } from "./bench.ts";

const bot = "@bot:x.test";
const alias = (text: string): RoomAlias => asRoomAlias(text) ?? expect.unreachable();
const roomOf = (text: string): RoomId => asRoomId(text) ?? expect.unreachable();

async function standing(bench: Bench, wanted: Partial<RoomStanding>): Promise<RoomStanding> {
  const matches = (each: RoomStanding) =>
    Object.entries(wanted).every(([key, value]) => each[key as keyof RoomStanding] === value);
  await until(
    () => bench.memory.standings.some(matches),
    () => JSON.stringify(bench.memory.standings),
  );
  return bench.memory.standings.find(matches) ?? expect.unreachable();
}

for (const dialect of dialects) {
  describe(`a listed room, on ${dialect},`, () => {
    test("that is open is joined, whether given by its id or an alias", async () => {
      await using bench = await Bench.open({ dialect });
      const dan = bench.homeserver.createUser("dan");
      const [one, other] = [dan.createRoom({ public: true }), dan.createRoom({ public: true, alias: "ops" })];
      bench.memory.rooms = [one, alias("#ops:x.test")];
      await bench.startSyncing();
      expect(await bench.settled()).toEqual([
        { reference: one, roomId: one, membership: "joined", encrypted: false, advice: undefined },
        {
          reference: alias("#ops:x.test"),
          roomId: other,
          membership: "joined",
          encrypted: false,
          advice: undefined,
        },
      ]);
      expect(bench.memory.log.count("WARN", /./)).toBe(0);
    });

    test("that needs an invitation says so once, and is joined when it comes", async () => {
      await using bench = await Bench.open({ dialect });
      const dan = bench.homeserver.createUser("dan");
      const room = dan.createRoom({ alias: "ops" });
      bench.memory.rooms = [alias("#ops:x.test")];
      const account = await bench.startSyncing();
      const { advice } = await standing(bench, { membership: "invite-needed", advice: adviceToInvite });
      expect(advice).toBe(adviceToInvite);
      await account.refreshRooms();
      expect(bench.memory.log.count("WARN", /Invite @bot:x\.test into #ops:x\.test/)).toBe(1);
      dan.invite(room, bot);
      await standing(bench, { membership: "joined" });
      dan.say(room, "welcome");
      await bench.received("welcome");
    });

    test("to which it was invited beforehand is joined at the start", async () => {
      await using bench = await Bench.open({ dialect });
      const dan = bench.homeserver.createUser("dan");
      await (await bench.startSyncing()).close();
      const room = dan.createRoom({ invite: [bot] });
      bench.memory.rooms = [room];
      await bench.startSyncing();
      await standing(bench, { membership: "joined" });
    });

    test("that it is removed from is told of once, and entered again upon an invitation", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room } = await bench.startInRoom();
      dan.kick(room, bot, "noise");
      const { advice } = await standing(bench, { membership: "left" });
      expect(advice).toBe(
        `${bot} is no longer in ${room}: invite it again, or take the room out of the config.`,
      );
      dan.say(room, "behind its back");
      dan.invite(room, bot);
      await standing(bench, { membership: "joined" });
      dan.say(room, "welcome back");
      await bench.received("welcome back");
      expect(bench.memory.bodies).toEqual(["welcome back"]);
      expect(bench.memory.log.count("WARN", /no longer in/)).toBe(1);
    });

    test("that it is banned from is told of, at once and at later starts", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      dan.ban(room, bot);
      await standing(bench, { membership: "banned" });
      await account.refreshRooms();
      expect(bench.memory.standings[0]?.membership).toBe("banned");
      await account.close();
      bench.memory.standings = [];
      await bench.startSyncing();
      const { advice } = await standing(bench, { membership: "banned" });
      expect(advice).toContain("have the ban lifted");
    });

    test("that is replaced is followed to where it went, across restarts, and the config is to name the new one", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      const second = dan.upgradeRoom(room, "11");
      await standing(bench, { roomId: second });
      // A room of version 12 is named by a hash alone.
      const third = dan.upgradeRoom(second, "12");
      const { advice } = await standing(bench, { roomId: third });
      expect(advice).toBe(
        `${room} was replaced by ${third}, and ${bot} works there now: write "${third}" in its place in the config.`,
      );
      dan.say(third, "here we are");
      await bench.received("here we are");
      expect(bench.memory.log.open.get(`room ${room} of ${bot}`)?.severity).toBe("WARN");
      await account.close();
      bench.memory.standings = [];
      const joins = bench.homeserver.requests.count("POST", /\/join/);
      await bench.startSyncing();
      await standing(bench, { roomId: third, membership: "joined" });
      expect(bench.homeserver.requests.count("POST", /\/join/)).toBe(joins);
    });

    test("whose successor is not open is entered once it is invited, also if it was thrown out of the old one", async () => {
      await using bench = await Bench.open({ dialect });
      const dan = bench.homeserver.createUser("dan");
      const room = dan.createRoom({ invite: [bot] });
      bench.memory.rooms = [room];
      const account = await bench.startSyncing();
      await standing(bench, { membership: "joined" });
      const successor = dan.upgradeRoom(room, "11");
      await until(() => bench.memory.standings[0]?.advice?.includes("invite it there") === true);
      dan.invite(successor, bot);
      await standing(bench, { roomId: successor, membership: "joined" });
      dan.kick(room, bot);
      await account.close();
      bench.memory.standings = [];
      await bench.startSyncing();
      await standing(bench, { roomId: successor, membership: "joined" });
    });

    test("that points at a room which is not its successor is not left for it", async () => {
      await using bench = await Bench.open({ dialect });
      const dan = bench.homeserver.createUser("dan");
      const [room, unrelated] = [dan.createRoom({ public: true }), dan.createRoom({ public: true })];
      bench.memory.rooms = [room];
      await bench.startSyncing();
      await standing(bench, { membership: "joined" });
      dan.setState(room, "m.room.tombstone", { body: "moved", replacement_room: unrelated });
      await until(() => bench.memory.standings[0]?.advice?.includes("does not follow") === true);
      expect(bench.memory.standings[0]?.roomId).toBe(room);
      expect(bench.homeserver.memberships(unrelated).get(bot)).toBe("leave");
      expect(bench.memory.successors.size).toBe(0);
    });

    test("that is closed for good, or replaced in a circle, says so", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room } = await bench.startInRoom();
      dan.setState(room, "m.room.tombstone", { body: "moved", replacement_room: room });
      await until(() => bench.memory.standings[0]?.advice?.includes("was closed on the homeserver") === true);
    });

    test("that nobody lists, but which it is in as one that works anywhere, is looked after all the same", async () => {
      await using bench = await Bench.open({ dialect });
      const dan = bench.homeserver.createUser("dan");
      bench.memory.worksAnywhere = true;
      await bench.startSyncing();
      const [encrypted, plain] = [dan.createRoom({ encrypted: true }), dan.createRoom({})];
      for (const room of [encrypted, plain]) dan.invite(room, bot);
      await standing(bench, { reference: encrypted, encrypted: true, membership: "joined" });
      await standing(bench, { reference: plain, encrypted: false, membership: "joined" });
      expect(bench.memory.log.count("WARN", /is encrypted/)).toBe(1);
      const successor = dan.upgradeRoom(plain, "11");
      dan.invite(successor, bot);
      await standing(bench, { roomId: successor, membership: "joined", advice: undefined });
      dan.kick(encrypted, bot);
      await until(
        () => bench.memory.standings.every(({ reference }) => reference !== encrypted),
        () => JSON.stringify(bench.memory.standings),
      );
      expect(bench.memory.standings.filter(({ roomId }) => roomId === successor).length).toBe(1);
      expect(bench.memory.log.count("WARN", /./)).toBe(1);
    });

    test("that is encrypted, or becomes so, is told of", async () => {
      await using bench = await Bench.open({ dialect });
      const dan = bench.homeserver.createUser("dan");
      const [encrypted, plain] = [
        dan.createRoom({ public: true, encrypted: true }),
        dan.createRoom({ public: true }),
      ];
      bench.memory.rooms = [encrypted, plain];
      await bench.startSyncing();
      const { advice } = await standing(bench, { reference: encrypted, encrypted: true });
      expect(advice).toContain("Roost cannot read encrypted rooms yet");
      await standing(bench, { reference: plain, encrypted: false, membership: "joined" });
      dan.setState(plain, "m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" });
      await standing(bench, { reference: plain, encrypted: true });
      expect(bench.memory.log.count("WARN", /is encrypted/)).toBe(2);
    });

    test("given by an alias is known by its id before its first messages come", async () => {
      await using bench = await Bench.open({ dialect });
      const dan = bench.homeserver.createUser("dan");
      const room = dan.createRoom({ public: true, alias: "ops" });
      bench.memory.rooms = [alias("#ops:x.test")];
      const account = await bench.startSyncing();
      await standing(bench, { membership: "joined" });
      await account.close();
      dan.say(room, "while it was down");
      bench.memory.standings = [];
      const knownAtBatch: unknown[] = [];
      const { onBatch } = bench.memory.hooks;
      const hooks = {
        ...bench.memory.hooks,
        onBatch: (batch: Parameters<typeof onBatch>[0]) => {
          if (batch.events.length > 0) knownAtBatch.push(bench.memory.standings[0]?.roomId);
          onBatch(batch);
        },
      };
      await bench.startSyncing({ hooks });
      await bench.received("while it was down");
      expect(knownAtBatch[0]).toBe(room);
    });

    test("that nobody knows is told of", async () => {
      await using bench = await Bench.open({ dialect });
      bench.memory.rooms = [roomOf("!nowhere:x.test"), alias("#nothing:x.test")];
      await bench.startSyncing();
      const standings = await bench.settled();
      expect(standings.map(({ membership }) => membership)).toEqual(["unresolved", "unresolved"]);
      expect(standings[1]?.advice).toBe(
        `The homeserver does not know #nothing:x.test: correct it, or invite ${bot} into the room.`,
      );
    });
  });

  test(`an invitation to a room that is not listed is declined, once, on ${dialect}`, async () => {
    await using bench = await Bench.open({ dialect });
    const eve = bench.homeserver.createUser("eve");
    await bench.startSyncing();
    const room = eve.createRoom();
    eve.invite(room, bot);
    await until(() => bench.homeserver.memberships(room).get(bot) === "leave");
    await until(() => bench.memory.log.count("INFO", /Declined an invitation/) === 1);
    const declined = bench.memory.log.records.find(({ message }) => message.startsWith("Declined"));
    expect(declined?.context).toEqual({ account: bot, room, inviter: "@eve:x.test" });
    expect(bench.homeserver.requests.count("POST", /\/leave$/)).toBe(1);
  });
}

const adviceToInvite = "Invite @bot:x.test into #ops:x.test: the room is not open to it.";

describe("rooms", () => {
  test("that are added to the list are joined when it is looked at again, removed ones are forgotten", async () => {
    await using bench = await Bench.open();
    const dan = bench.homeserver.createUser("dan");
    const [one, other] = [dan.createRoom({ public: true }), dan.createRoom({ public: true })];
    bench.memory.rooms = [one];
    const account = await bench.startSyncing();
    await standing(bench, { reference: one, membership: "joined" });
    bench.memory.rooms = [other];
    await account.refreshRooms();
    expect(bench.memory.standings.map(({ reference, membership }) => [reference, membership])).toEqual([
      [other, "joined"],
    ]);
    expect(bench.homeserver.memberships(one).get(bot)).toBe("join");
  });

  test("whose alias moved are followed when the list is looked at again", async () => {
    await using bench = await Bench.open();
    const dan = bench.homeserver.createUser("dan");
    const [old, moved] = [dan.createRoom({ public: true }), dan.createRoom({ public: true })];
    const answerFor = (room: string) =>
      ({ kind: "error", status: 200, body: { room_id: room, servers: ["x.test"] } }) as const;
    const path = /directory\/room/;
    const fault = bench.homeserver.faults.inject({ path, answer: answerFor(old) });
    const join = bench.homeserver.faults.inject({ method: "POST", path: /\/join\//, answer: answerFor(old) });
    bench.memory.rooms = [alias("#ops:x.test")];
    const account = await bench.startSyncing();
    await standing(bench, { roomId: old, membership: "joined" });
    fault.remove();
    join.remove();
    bench.homeserver.faults.inject({ path, answer: answerFor(moved) });
    bench.homeserver.faults.inject({ method: "POST", path: /\/join\//, answer: answerFor(moved) });
    await account.refreshRooms();
    expect(bench.memory.standings[0]).toMatchObject({ roomId: moved, membership: "joined" });
  });

  test("that could not be entered for want of an answer are tried again", async () => {
    await using bench = await Bench.open();
    const dan = bench.homeserver.createUser("dan");
    const room = dan.createRoom({ public: true });
    bench.memory.rooms = [room];
    const fault = bench.homeserver.faults.inject({ path: /\/join\//, answer: { kind: "html", status: 502 } });
    await bench.startSyncing();
    const { advice } = await standing(bench, { membership: "unresolved" });
    expect(advice).toStartWith(`The homeserver could not let ${bot} into ${room} yet; it is asked again.`);
    expect(advice).toContain("HTTP 502");
    fault.remove();
    await standing(bench, { membership: "joined" });
  });

  test("that somebody else had it join are noticed", async () => {
    await using bench = await Bench.open();
    const dan = bench.homeserver.createUser("dan");
    const room = dan.createRoom();
    bench.memory.rooms = [room];
    await bench.startSyncing();
    await standing(bench, { membership: "invite-needed" });
    const credentials = await Bun.file(`${bench.folder}/credentials/${encodeURIComponent(bot)}.json`).json();
    dan.setState(room, "m.room.join_rules", { join_rule: "public" });
    await fetch(`${bench.url}/_matrix/client/v3/join/${encodeURIComponent(room)}`, {
      method: "POST",
      headers: { authorization: `Bearer ${credentials.accessToken}` },
      body: "{}",
    });
    await standing(bench, { membership: "joined" });
  });

  test("are not entered where the id is that of an admin room", async () => {
    await using bench = await Bench.open();
    const dan = bench.homeserver.createUser("dan");
    const room = dan.createRoom({ alias: "ops", public: true });
    bench.memory.rooms = [room];
    bench.memory.forbidden = [alias("#ops:x.test"), alias("#nobody:x.test")];
    await bench.startSyncing();
    const { advice } = await standing(bench, { membership: "forbidden" });
    expect(advice).toContain("take it out of this instance's rooms");
    expect(bench.homeserver.memberships(room).get(bot)).toBeUndefined();
  });

  test("are entered though the homeserver cannot say which the admin room is", async () => {
    await using bench = await Bench.open();
    bench.memory.rooms = [bench.homeserver.createUser("dan").createRoom({ public: true })];
    bench.memory.forbidden = [alias("#ops:x.test")];
    const answer = { kind: "error", status: 200, body: {} } as const;
    bench.homeserver.faults.inject({ path: /\/directory\/room\//, answer });
    await bench.startSyncing();
    await standing(bench, { membership: "joined" });
  });

  test("do not keep an account from stopping", async () => {
    await using bench = await Bench.open();
    const dan = bench.homeserver.createUser("dan");
    bench.memory.rooms = [dan.createRoom({ public: true })];
    bench.homeserver.faults.inject({ path: /\/join\//, answer: { kind: "hang" } });
    const account = await bench.startSyncing();
    const refresh = account.refreshRooms();
    await account.close();
    await refresh;
    expect(bench.memory.log.count("WARN", /./)).toBe(0);
  });
});

describe("an invitation", () => {
  test("is answered later when the homeserver could not take the answer, and then once", async () => {
    await using bench = await Bench.open();
    const eve = bench.homeserver.createUser("eve");
    await bench.startSyncing({ timing: { pollMs: 20 } });
    const fault = bench.homeserver.faults.inject({ path: /\/leave$/, answer: { kind: "html", status: 502 } });
    const room = eve.createRoom({ invite: [bot] });
    await until(() => fault.hits >= 2);
    fault.remove();
    await until(() => bench.homeserver.memberships(room).get(bot) === "leave");
    await until(() => bench.memory.log.count("INFO", /Declined/) === 1);
  });

  test("that was told of and not answered before the host ended is answered after its next start", async () => {
    await using bench = await Bench.open();
    const eve = bench.homeserver.createUser("eve");
    const account = await bench.startSyncing({ timing: { pollMs: 20 } });
    const fault = bench.homeserver.faults.inject({ path: /\/leave$/, answer: { kind: "hang" } });
    const room = eve.createRoom({ invite: [bot] });
    await until(() => fault.hits > 0);
    await account.close();
    fault.remove();
    await bench.startSyncing();
    await until(() => bench.homeserver.memberships(room).get(bot) === "leave");
    await until(() => bench.memory.invitations.size === 0);
  });

  test("that is taken back meanwhile is let go", async () => {
    await using bench = await Bench.open();
    const eve = bench.homeserver.createUser("eve");
    const body = { errcode: "M_FORBIDDEN", error: "You are not invited" };
    bench.homeserver.faults.inject({ path: /\/leave$/, answer: { kind: "error", status: 403, body } });
    await bench.startSyncing();
    eve.createRoom({ invite: [bot] });
    await until(() => bench.memory.log.count("INFO", /could not be declined/) === 1);
    expect(bench.homeserver.requests.count("POST", /\/leave$/)).toBe(1);
  });

  test("is neither taken nor declined while an alias that may mean its room cannot be looked up", async () => {
    await using bench = await Bench.open();
    const dan = bench.homeserver.createUser("dan");
    const fault = bench.homeserver.faults.inject({
      path: /directory\/room/,
      answer: { kind: "html", status: 502 },
    });
    bench.memory.rooms = [alias("#ops:other.test")];
    await bench.startSyncing({ timing: { pollMs: 20 } });
    const room = dan.createRoom({ invite: [bot] });
    await until(() => fault.hits >= 4);
    expect(bench.homeserver.memberships(room).get(bot)).toBe("invite");
    fault.remove();
    const answer = { kind: "error", status: 200, body: { room_id: room, servers: ["x.test"] } } as const;
    bench.homeserver.faults.inject({ path: /directory\/room/, answer });
    bench.homeserver.faults.inject({ path: /\/join\/#ops/, answer });
    await standing(bench, { roomId: room });
    expect(bench.homeserver.requests.count("POST", /\/leave$/)).toBe(0);
  });
});
