import { describe, expect, setSystemTime, test } from "bun:test";
import { Bench, dialects, until } from "./bench.ts";

/** A room with our account in it, listed. */
function range(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `m${from + index}`);
}
function sayAll(say: (body: string) => void, bodies: readonly string[]): void {
  for (const body of bodies) say(body);
}
/** A message that comes after everything else: once it is there, nothing more is to be expected. */
async function last(bench: Bench, say: (body: string) => void): Promise<string[]> {
  say("last");
  await bench.received("last");
  return bench.memory.bodies.filter((body) => body !== "last");
}

for (const dialect of dialects) {
  describe(`on ${dialect}`, () => {
    test("history from before the account joined is passed over, and what follows the join is not", async () => {
      await using bench = await Bench.open({ dialect });
      const dan = bench.homeserver.createUser("dan");
      const room = dan.createRoom({ public: true });
      sayAll((body) => dan.say(room, body), range(1, 60));
      bench.memory.rooms = [room];
      bench.start();
      await bench.homeserver.waitForEvent(
        room,
        (event) => event.state_key === "@bot:x.test" && event.content.membership === "join",
      );
      dan.say(room, "first");
      expect(await last(bench, (body) => dan.say(room, body))).toEqual(["first"]);
    });

    test("the first sync ever takes rooms it was already in as history", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      await account.close();
      dan.say(room, "old");
      bench.memory.state = undefined;
      await bench.startSyncing();
      expect(bench.memory.batches.at(-1)?.gapMs ?? 0).toBeLessThan(1_000);
      expect(await last(bench, (body) => dan.say(room, body))).toEqual([]);
    });

    test("a token of another device is worth nothing", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      await account.close();
      dan.say(room, "old");
      if (bench.memory.state !== undefined) bench.memory.state = { ...bench.memory.state, deviceId: "OTHER" };
      const before = bench.memory.batches.length;
      await bench.startSyncing();
      expect(bench.memory.batches[before]).toMatchObject({ gapMs: undefined, events: [] });
      expect(await last(bench, (body) => dan.say(room, body))).toEqual([]);
    });

    test("what was posted while the host was down comes in order, gaps filled, each once", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      dan.say(room, "before");
      await bench.received("before");
      await account.close();
      sayAll((body) => dan.say(room, body), range(1, 250));
      bench.homeserver.faults.limitTimeline(5);
      await bench.startSyncing();
      await bench.received("m250");
      expect(bench.memory.bodies).toEqual(["before", ...range(1, 250)]);
      expect(bench.memory.batches.at(-1)?.deviceId).toBe(bench.homeserver.devices("@bot:x.test")[0] ?? "");
    });

    test("a rejoin while the host was down leaves out what was said in between", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      await account.close();
      sayAll((body) => dan.say(room, body), range(1, 3));
      dan.kick(room, "@bot:x.test");
      dan.say(room, "while it was out");
      dan.invite(room, "@bot:x.test");
      bench.homeserver.faults.limitTimeline(1);
      await bench.startSyncing();
      await until(() => bench.homeserver.memberships(room).get("@bot:x.test") === "join");
      sayAll((body) => dan.say(room, body), range(4, 9));
      expect(await last(bench, (body) => dan.say(room, body))).toEqual(range(4, 9));
    });

    test("a place that the homeserver lost is found again by the last known messages", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      dan.say(room, "seen");
      await bench.received("seen");
      await account.close();
      const unlisted = dan.createRoom({ public: true });
      sayAll((body) => dan.say(room, body), range(1, 120));
      if (bench.memory.state !== undefined)
        bench.memory.state = { ...bench.memory.state, nextBatch: "lost!" };
      await bench.startSyncing();
      await bench.received("m120");
      dan.say(unlisted, "elsewhere");
      expect(await last(bench, (body) => dan.say(room, body))).toEqual(["seen", ...range(1, 120)]);
      expect(bench.memory.log.count("WARN", /lost the place/)).toBe(1);
    });

    test("a homeserver that counts anew leaves nothing out, whether the account was away or not", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      dan.say(room, "seen");
      await bench.received("seen");
      await account.close();
      sayAll((body) => dan.say(room, body), range(1, 60));
      bench.homeserver.faults.forgetSince();
      await bench.startSyncing();
      await bench.received("m60");
      bench.homeserver.faults.forgetSince();
      dan.say(room, "new");
      expect(await last(bench, (body) => dan.say(room, body))).toEqual(["seen", ...range(1, 60), "new"]);
    });

    test("a name change of ours in the middle hides nothing", async () => {
      await using bench = await Bench.open({ dialect });
      const { dan, room, account } = await bench.startInRoom();
      await account.close();
      dan.say(room, "before the new name");
      const { userId } = account;
      const named = { userId, displayname: "Robot", password: undefined, accessToken: undefined };
      const again = await bench.startSyncing({ config: named });
      await until(() => bench.homeserver.requests.count("PUT", /displayname$/) === 1);
      await again.close();
      dan.say(room, "after it");
      await bench.startSyncing();
      expect(await last(bench, (body) => dan.say(room, body))).toEqual(["before the new name", "after it"]);
    });
  });
}

describe("a batch", () => {
  test("has no event twice though the homeserver repeats itself", async () => {
    await using bench = await Bench.open();
    const { dan, room } = await bench.startInRoom();
    sayAll((body) => dan.say(room, body), range(1, 5));
    await bench.received(...range(1, 5));
    bench.homeserver.faults.repeatEvents(3);
    dan.say(room, "m6");
    await bench.received("m6");
    expect(bench.memory.bodies).toEqual(range(1, 6));
  });

  test("that could not be stored is asked for again", async () => {
    await using bench = await Bench.open();
    const { dan, room, account } = await bench.startInRoom();
    bench.memory.refusals = [new Error("disk full"), new Error("disk full"), new Error("disk full")];
    dan.say(room, "kept");
    await bench.received("kept");
    expect(bench.memory.refusals).toEqual([]);
    expect(bench.memory.bodies).toEqual(["kept"]);
    await until(() => account.status().state === "syncing");
    expect(bench.memory.log.count("WARN", /could not be taken in: disk full/)).toBe(1);
  });

  test("tells how long the account was away", async () => {
    await using bench = await Bench.open();
    const { dan, room, account } = await bench.startInRoom();
    await account.close();
    dan.say(room, "late");
    const { state } = bench.memory;
    if (state !== undefined) bench.memory.state = { ...state, syncedAtMs: Date.now() - 7_200_000 };
    await bench.startSyncing();
    await bench.received("late");
    const gaps = bench.memory.batches.filter((batch) => batch.events.length > 0).map((batch) => batch.gapMs);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(7_200_000);
    expect(gaps.at(-1)).toBeLessThan(7_230_000);
  });

  test("is not taken in by a step of the clock", async () => {
    await using bench = await Bench.open();
    const { dan, room } = await bench.startInRoom();
    try {
      setSystemTime(Date.now() + 7_200_000);
      dan.say(room, "after the step");
      await bench.received("after the step");
    } finally {
      setSystemTime();
    }
    expect(bench.memory.batches.at(-1)?.gapMs).toBeLessThan(60_000);
  });

  test("names the newest event of each room", async () => {
    await using bench = await Bench.open();
    const { dan, room } = await bench.startInRoom();
    const eventId = dan.say(room, "newest");
    await bench.received("newest");
    expect(bench.memory.state?.positions.get(room)).toBe(eventId);
  });
});

describe("a gap", () => {
  test("that is too long is filled with the newest, and one warning says how many are left out", async () => {
    await using bench = await Bench.open();
    const { dan, room, account } = await bench.startInRoom();
    await account.close();
    sayAll((body) => dan.say(room, body), range(1, 1_205));
    bench.homeserver.faults.limitTimeline(5);
    await bench.startSyncing();
    await bench.received("m1205");
    expect(bench.memory.bodies).toEqual(range(201, 1_205));
    const warnings = bench.memory.log.records.filter(({ message }) => /oldest was left out/.test(message));
    expect(warnings.map(({ context }) => [context.count, context.andMore])).toEqual([[200, false]]);
  });

  test("that the homeserver does not give away is warned of, and the room goes on", async () => {
    await using bench = await Bench.open();
    const { dan, room, account } = await bench.startInRoom();
    await account.close();
    sayAll((body) => dan.say(room, body), range(1, 9));
    const { faults } = bench.homeserver;
    faults.limitTimeline(2);
    const body = { errcode: "M_FORBIDDEN", error: "No" };
    faults.inject({ path: /\/messages$/, answer: { kind: "error", status: 403, body } });
    await bench.startSyncing();
    await bench.received("m9");
    expect(bench.memory.bodies).toEqual(["m8", "m9"]);
    expect(bench.memory.log.count("WARN", /could not be read again/)).toBe(1);
  });

  test("whose filling breaks off loses nothing", async () => {
    await using bench = await Bench.open();
    const { dan, room, account } = await bench.startInRoom();
    await account.close();
    sayAll((body) => dan.say(room, body), range(1, 230));
    const { faults } = bench.homeserver;
    faults.limitTimeline(2);
    faults.inject({ path: /\/messages$/, times: 1, answer: { kind: "delay", delayMs: 1 } });
    faults.inject({ path: /\/messages$/, times: 1, answer: { kind: "half" } });
    await bench.startSyncing();
    await bench.received("m230");
    expect(bench.memory.bodies).toEqual(range(1, 230));
  });
});

describe("trouble with the homeserver while it runs", () => {
  const troubles = {
    "an HTML 502": { kind: "html", status: 502 },
    "an HTML 429": { kind: "html", status: 429, headers: { "retry-after": "0" } },
    "a 429 in Matrix's words": { kind: "rate-limited", retryAfterMs: 5 },
    "a web page": { kind: "html", status: 200 },
    "half an answer": { kind: "half" },
    "a dropped connection": { kind: "drop" },
    "an answer that is lost": { kind: "lost-answer" },
  } as const;
  for (const [what, answer] of Object.entries(troubles)) {
    test(`such as ${what} is waited out, and nothing is lost`, async () => {
      await using bench = await Bench.open();
      const { dan, room, account } = await bench.startInRoom();
      const fault = bench.homeserver.faults.inject({ path: /\/sync$/, answer });
      dan.say(room, "meanwhile");
      await until(() => account.status().state === "waiting");
      fault.remove();
      await bench.received("meanwhile");
      await until(() => account.status().state === "syncing");
      expect(bench.memory.bodies).toEqual(["meanwhile"]);
    });
  }

  test("such as one broken poll is not worth a word", async () => {
    await using bench = await Bench.open();
    const { dan, room } = await bench.startInRoom();
    const told = bench.memory.statuses.length;
    bench.homeserver.faults.inject({ path: /\/sync$/, times: 1, answer: { kind: "half" } });
    dan.say(room, "meanwhile");
    await bench.received("meanwhile");
    expect(bench.memory.statuses).toHaveLength(told);
    expect(bench.memory.log.count("WARN", /./)).toBe(0);
  });

  test("such as a poll that hangs is given up and repeated", async () => {
    await using bench = await Bench.open();
    const { dan, room } = await bench.startInRoom({ timing: { pollMs: 50, pollLimitMs: 80 } });
    const fault = bench.homeserver.faults.inject({ path: /\/sync$/, times: 2, answer: { kind: "hang" } });
    await until(() => fault.hits === 2);
    dan.say(room, "after the hang");
    await bench.received("after the hang");
    expect(bench.memory.log.count("WARN", /did not answer within/)).toBe(1);
  });

  test("such as its restart is waited out, though its clients were cut off", async () => {
    await using bench = await Bench.open();
    const { dan, room, account } = await bench.startInRoom();
    await bench.homeserver.close();
    await until(() => account.status().state === "waiting");
    dan.say(room, "just before");
    await bench.reopen();
    await bench.received("just before");
    await until(() => account.status().state === "syncing");
  });

  test("such as polls that it answers at once with nothing does not make us ask without end", async () => {
    await using bench = await Bench.open();
    const { account } = await bench.startInRoom();
    const answer = {
      kind: "error",
      status: 200,
      body: { next_batch: bench.memory.state?.nextBatch ?? "" },
    } as const;
    await account.close();
    const fault = bench.homeserver.faults.inject({ path: /\/sync$/, answer });
    await bench.startSyncing({ timing: { backoffMs: 60_000 } });
    await until(() => fault.hits === 2);
    await (await bench.startSyncing({ user: "@other:x.test" })).refreshRooms();
    expect(bench.homeserver.requests.count("GET", /\/sync$/, "@bot:x.test")).toBeLessThan(10);
  });
});

test("events in a room that was encrypted are passed on, and the room is told of", async () => {
  await using bench = await Bench.open();
  const { dan, room } = await bench.startInRoom();
  dan.send(room, "m.room.encrypted", { algorithm: "m.megolm.v1.aes-sha2", ciphertext: "x" });
  await until(() => bench.memory.standings[0]?.encrypted === true);
  const types = () => bench.memory.batches.flatMap((batch) => batch.events.map((event) => event.type));
  expect(types()).toContain("m.room.encrypted");
});
