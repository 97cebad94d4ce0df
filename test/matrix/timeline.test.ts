import { describe, expect, test } from "bun:test";
import { asEventId, asRoomId, type EventId } from "../../src/core/id.ts";
import type { MatrixEvent } from "../../src/core/matrix.ts";
import type { RoomTimeline } from "../../src/matrix/event.ts";
import { inTurns, mergeUnique, pickLast, pickNew, startsAnew } from "../../src/matrix/timeline.ts";
import { user } from "./bench.ts";

const roomId = asRoomId("!abc:x.test") ?? expect.unreachable();
const id = (name: string): EventId => asEventId(`$${name}`) ?? expect.unreachable();

function event(name: string, type = "m.room.message"): MatrixEvent {
  const sender = user("@dan:x.test");
  return { roomId, eventId: id(name), sender, type, stateKey: undefined, content: {}, originServerTs: 0 };
}
function room(names: string, more: Partial<RoomTimeline> = {}): RoomTimeline {
  const events = names.split("").map((name) => event(name));
  const position = events.at(-1)?.eventId;
  return {
    roomId,
    events,
    fromJoin: undefined,
    limited: false,
    prevBatch: "p",
    position,
    state: [],
    ...more,
  };
}
function at(name?: string): Map<string, EventId | undefined> {
  return new Map([[roomId, name === undefined ? undefined : id(name)]]);
}
function names(events: readonly MatrixEvent[]): string {
  return events.map((each) => each.eventId.slice(1)).join("");
}
const unknown: Map<string, EventId | undefined> = new Map();

describe("what is new", () => {
  test("at the first sync ever is nothing", () => {
    expect(pickNew(room("abc"), unknown, "first")).toEqual({ events: [], gap: undefined });
    expect(pickNew(room("abc", { limited: true }), at("x"), "first").gap).toBeUndefined();
  });

  test("in a room that goes on is everything in its timeline", () => {
    expect(names(pickNew(room("bc"), at("a"), "next").events)).toBe("bc");
    expect(names(pickNew(room("bc"), at(), "next").events)).toBe("bc");
  });

  test("is not what was seen before, should it come again", () => {
    const found = pickNew(room("abcd", { limited: true }), at("b"), "next");
    expect(names(found.events)).toBe("cd");
    expect(found.gap).toBeUndefined();
  });

  test("after a rejoin begins with it, and nothing before it is fetched", () => {
    const found = pickNew(room("abcd", { fromJoin: 2, limited: true }), at("x"), "next");
    expect(names(found.events)).toBe("cd");
    expect(found.gap).toBeUndefined();
  });

  test("in a room that we left is the state that changed since we last looked", () => {
    const departure = (...events: MatrixEvent[]) =>
      ({ roomId, membership: "leave", sender: undefined, events }) as const;
    const [a, b] = room("ab").events;
    if (a === undefined || b === undefined) return expect.unreachable();
    expect(pickLast(departure(a, b), at("a"))).toEqual([b]);
    expect(pickLast(departure(a, b), at("x"))).toEqual([a, b]);
    expect(pickLast(departure(a, b), unknown)).toEqual([]);
  });

  test("in a limited timeline has a gap up to the last known event", () => {
    const found = pickNew(room("cd", { limited: true }), at("a"), "next");
    expect(found.gap).toEqual({ prevBatch: "p", until: id("a"), strict: false });
  });

  test("in a room just joined begins with our join, which is looked for in the gap if need be", () => {
    expect(names(pickNew(room("abc", { fromJoin: 1, limited: true }), unknown, "next").events)).toBe("bc");
    const found = pickNew(room("bc", { limited: true }), unknown, "next");
    expect(found.gap).toEqual({ prevBatch: "p", until: undefined, strict: false });
    expect(names(pickNew(room("bc"), unknown, "next").events)).toBe("bc");
  });

  test("has no gap that nothing would end", () => {
    expect(pickNew(room("bc", { limited: true }), at(), "next").gap).toBeUndefined();
    expect(pickNew(room("bc", { limited: true, prevBatch: undefined }), at("a"), "next").gap).toBeUndefined();
  });

  test("once the place is lost is only what provably follows the last known event", () => {
    expect(pickNew(room("abc"), unknown, "resumed").events).toEqual([]);
    expect(names(pickNew(room("abc", { limited: true }), at("a"), "resumed").events)).toBe("bc");
    expect(pickNew(room("bc", { limited: true }), at("a"), "resumed").gap).toMatchObject({ strict: true });
    expect(pickNew(room("bc"), at("a"), "resumed").events).toEqual([]);
    expect(pickNew(room("bc", { limited: true }), at(), "resumed").events).toEqual([]);
  });
});

describe("an answer that tells a known room from its creation on", () => {
  const state = [event("create", "m.room.create")];
  const answer = (joined: RoomTimeline) => ({
    nextBatch: "n",
    joined: [joined],
    invited: [],
    left: [],
    malformed: 0,
  });
  test("starts anew", () => {
    expect(startsAnew(answer(room("abc", { state })), at("a"))).toBe(true);
  });
  test("does not if the room is new to us or was joined again", () => {
    expect(startsAnew(answer(room("abc", { state })), unknown)).toBe(false);
    expect(startsAnew(answer(room("abc", { state, fromJoin: 0 })), at("a"))).toBe(false);
    expect(startsAnew(answer(room("abc")), at("a"))).toBe(false);
  });
});

test("parts are merged in order, each event once", () => {
  const parts = ["abc", "cbd", "d"].map((part) => room(part).events);
  expect(names(mergeUnique(...parts))).toBe("abcd");
});

test("rooms take turns, so that the first events of each come before the last of a busy one", () => {
  const rooms = ["abcd", "x", "yz"].map((each) => room(each).events);
  expect(names(inTurns(rooms))).toBe("axybzcd");
});
