import { expect, test } from "bun:test";
import type { RoomId, UserId } from "../../src/core/id.ts";
import type { MatrixEvent } from "../../src/core/matrix.ts";
import type { Subscription } from "../../src/core/plugin.ts";
import type { RoomScope } from "../../src/core/room-rule.ts";
import { admit } from "../../src/delivery/gate.ts";
import { botId, instance, messageOf, roomId } from "../doubles/delivery.ts";

const own = new Set<UserId>([botId]);
const message = messageOf("$message", "hello");
const notice = messageOf("$notice", "", { content: { msgtype: "m.notice", body: "hello" } });
const reaction = messageOf("$reaction", "", { type: "m.reaction", content: {} });
const topic = messageOf("$topic", "", { type: "m.room.topic", stateKey: "", content: { topic: "news" } });
const ownMessage = messageOf("$own", "hello", { sender: botId });
const elsewhere = messageOf("$elsewhere", "", { type: "m.reaction", roomId: "!other:test" as RoomId });
const all = [message, notice, reaction, topic, ownMessage, elsewhere];

function admitted(
  subscriptions: readonly Subscription[] | undefined,
  listening = true,
  rooms: RoomScope = new Set([roomId]),
): string[] {
  const listener = {
    instance,
    account: botId,
    rooms,
    listening,
    subscriptions,
    redactsReplies: false,
  };
  return all.flatMap((event: MatrixEvent) => admit(event, [listener], own)).map(({ eventId }) => eventId);
}

test("a plugin that names types of events gets those of its rooms, notices too, and nobody else's rooms'", () => {
  expect(admitted([{ kind: "events", types: ["m.reaction", "m.room.message"], own: false }])).toEqual([
    "$message",
    "$notice",
    "$reaction",
  ]);
});

test("a plugin that asks for every type gets state as well, and its own only when it asks for them", () => {
  const others = ["$message", "$notice", "$reaction", "$topic"];
  expect(admitted([{ kind: "events", types: "*", own: false }])).toEqual(others);
  expect(admitted([{ kind: "events", types: "*", own: true }])).toEqual([...others, "$own"]);
});

test("a plugin that listens for words gets no other events beside them", () => {
  expect(admitted([{ kind: "contains", literals: ["hello"] }])).toEqual(["$message"]);
});

test("a plugin that has not said yet what it wants is kept what others sent, and a stopped one nothing", () => {
  expect(admitted(undefined)).toEqual(["$message", "$reaction", "$topic"]);
  expect(admitted([{ kind: "events", types: "*", own: true }], false)).toEqual([]);
});

test("a plugin that works in any room gets what is for it from all of them", () => {
  const reactions: Subscription = { kind: "events", types: ["m.reaction"], own: false };
  expect(admitted([reactions], true, { except: new Set() })).toEqual(["$reaction", "$elsewhere"]);
});
