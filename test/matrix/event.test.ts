import { describe, expect, test } from "bun:test";
import { asRoomId } from "../../src/core/id.ts";
import { isOwnJoin, isRedacted, narrowEvent, narrowSync } from "../../src/matrix/event.ts";
import { user } from "./bench.ts";

const self = user("@bot:x.test");
const roomId = asRoomId("!abc:x.test") ?? expect.unreachable();
const message = {
  event_id: "$1",
  sender: "@dan:x.test",
  type: "m.room.message",
  content: { body: "hi" },
  origin_server_ts: 5,
};

describe("an event", () => {
  test("keeps what is relied on, and its content as it is", () => {
    const event = narrowEvent({ ...message, state_key: "", unsigned: { age: 1 } }, roomId);
    expect(event).toEqual({
      roomId,
      eventId: "$1",
      sender: "@dan:x.test",
      type: "m.room.message",
      stateKey: "",
      content: { body: "hi" },
      originServerTs: 5,
      unsigned: { age: 1 },
    } as never);
  });

  const broken: Record<string, unknown> = {
    "nothing at all": null,
    "a list": [],
    "no id": { ...message, event_id: undefined },
    "an id of another kind": { ...message, event_id: "1" },
    "no sender": { ...message, sender: 7 },
    "a sender that is none": { ...message, sender: "dan" },
    "no type": { ...message, type: undefined },
    "content that is text": { ...message, content: "hi" },
    "content that is a list": { ...message, content: [] },
    "no time": { ...message, origin_server_ts: "now" },
    "a state key that is a number": { ...message, state_key: 1 },
  };
  for (const [what, raw] of Object.entries(broken)) {
    test(`with ${what} is none`, () => expect(narrowEvent(raw, roomId)).toBeUndefined());
  }
});

test("a join of ours counts, a new name of ours or somebody else's join does not", () => {
  const join = { type: "m.room.member", state_key: self, content: { membership: "join" } };
  expect(isOwnJoin(join, self)).toBe(true);
  expect(isOwnJoin({ ...join, unsigned: { prev_content: { membership: "invite" } } }, self)).toBe(true);
  expect(isOwnJoin({ ...join, unsigned: { prev_content: { membership: "join" } } }, self)).toBe(false);
  expect(isOwnJoin({ ...join, state_key: "@dan:x.test" }, self)).toBe(false);
  expect(isOwnJoin({ ...join, content: { membership: "leave" } }, self)).toBe(false);
  expect(isOwnJoin(null, self)).toBe(false);
});

test("a redacted event is told from one that is not", () => {
  expect(isRedacted({ ...message, unsigned: { redacted_because: { type: "m.room.redaction" } } })).toBe(true);
  expect(isRedacted(message)).toBe(false);
});

describe("a sync answer", () => {
  test("without a place to go on from is a failure to try again after", () => {
    for (const raw of [undefined, null, [], "x", {}, { next_batch: 5 }]) {
      expect(() => narrowSync(raw, self)).toThrow(/answer to a sync was not one/);
    }
  });

  test("with nonsense in it keeps the rest and counts the nonsense", () => {
    const raw = {
      next_batch: "s1",
      rooms: {
        join: {
          "!abc:x.test": {
            timeline: {
              events: [message, null, { ...message, event_id: "$2", content: 1 }],
              limited: "yes",
              prev_batch: 7,
            },
            state: { events: [7, { ...message, state_key: "" }] },
          },
          "not a room": { timeline: { events: [message] } },
          "!other:x.test": 5,
          "!empty:x.test": {},
        },
        invite: { "!in:x.test": { invite_state: "nope" } },
        leave: { "!out:x.test": {} },
      },
    };
    const answer = narrowSync(raw, self);
    expect(answer.malformed).toBe(4);
    expect(answer.joined.map((room) => [room.roomId as string, room.events.length])).toEqual([
      ["!abc:x.test", 1],
      ["!empty:x.test", 0],
    ]);
    expect(answer.joined[0]).toMatchObject({ limited: false, prevBatch: undefined, position: "$2" });
    expect(answer.joined[0]?.state).toHaveLength(1);
    expect(answer.invited).toEqual([{ roomId: "!in:x.test", inviter: undefined }] as never);
    expect(answer.left).toEqual([
      { roomId: "!out:x.test", membership: "leave", sender: undefined, events: [] },
    ] as never);
  });

  test("says where our own join lies and who banned us", () => {
    const member = (membership: string, sender: string) => ({
      ...message,
      type: "m.room.member",
      state_key: self,
      sender,
      content: { membership },
    });
    const answer = narrowSync(
      {
        next_batch: "s1",
        rooms: {
          join: { "!abc:x.test": { timeline: { events: [message, member("join", self), message] } } },
          leave: { "!out:x.test": { timeline: { events: [member("ban", "@dan:x.test"), message] } } },
        },
      },
      self,
    );
    expect(answer.joined[0]?.fromJoin).toBe(1);
    expect(answer.left[0]).toMatchObject({ membership: "ban", sender: "@dan:x.test" });
  });
});
