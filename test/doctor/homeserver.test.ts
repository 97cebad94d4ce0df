import { describe, expect, test } from "bun:test";
import { checkClock, mayPost } from "../../src/doctor/homeserver.ts";
import { botId } from "../doubles/delivery.ts";

describe("who may post", () => {
  test.each([
    ["everybody, in a room without power levels", undefined, true],
    ["everybody, where nothing is said", {}, true],
    ["only the raised, where all events need it", { events_default: 50 }, false],
    ["one who was raised", { events_default: 50, users: { [botId]: 50 } }, true],
    ["nobody by default, where messages need more", { events: { "m.room.message": 10 } }, false],
    ["everybody, where the default user is raised", { events_default: 50, users_default: 50 }, true],
    ["not one who was put down", { users: { [botId]: -1 } }, false],
  ])("%s", (_, levels, may) => {
    expect(mayPost(levels, botId)).toBe(may);
  });
});

describe("the clock", () => {
  const nowMs = Date.parse("2025-03-01T12:00:00Z");

  test.each([
    ["agrees within half a minute", "Sat, 01 Mar 2025 11:59:40 GMT", true],
    ["is told when it is ahead", "Sat, 01 Mar 2025 11:58:00 GMT", false],
    ["is told when it is behind", "Sat, 01 Mar 2025 13:00:00 GMT", false],
  ])("%s", (_, date, isFine) => {
    expect(checkClock(date, nowMs)).toMatchObject([{ isFine }]);
  });

  test("says by how much, and nothing where the homeserver tells no time", () => {
    const [finding] = checkClock("Sat, 01 Mar 2025 13:00:00 GMT", nowMs);
    expect(finding?.sentence).toContain("3600 s behind");
    expect(checkClock(null, nowMs)).toEqual([]);
  });
});
