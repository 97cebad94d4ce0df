import { expect, test } from "bun:test";
import { asInstanceId } from "../../src/core/id.ts";
import type { RecordFilter } from "../../src/core/record.ts";
import { RecentRecords } from "../../src/log/recent.ts";
import { LogRouter } from "../../src/log/router.ts";
import { RecordStore } from "../../src/store/record-store.ts";

const insta = asInstanceId("insta");

/** Records whose store was never opened, so that they are in memory alone. */
function open(maxCount: number, now: () => number = Date.now) {
  const router = new LogRouter(now);
  const recent = new RecentRecords(new RecordStore({ folder: "/nowhere", log: router.logger() }), maxCount);
  router.addSink(recent.sink);
  const messages = (filter: RecordFilter & { afterId?: number; beforeId?: number; limit?: number } = {}) =>
    recent.query({ limit: 100, ...filter }).map(({ message }) => message);
  return { recent, router, messages };
}

test("the oldest records fall out", () => {
  const { router, messages } = open(3);
  for (let i = 0; i < 5; i++) router.logger().info(`${i}`);
  expect(messages()).toEqual(["2", "3", "4"]);
});

test("records are found by instance, severity, time and text", () => {
  let nowMs = 1000;
  const { router, messages } = open(10, () => nowMs++);
  router.logger().error("host");
  router.logger(insta).info("small");
  router.logger(insta).warn("big", { Room: "Küche" }, new Error("Away"));
  expect(messages({ instance: insta })).toEqual(["small", "big"]);
  expect(messages({ instance: null })).toEqual(["host"]);
  expect(messages({ severity: "WARN" })).toEqual(["host", "big"]);
  expect(messages({ instance: insta, severity: "WARN" })).toEqual(["big"]);
  expect(messages({ sinceMs: 1001, untilMs: 1001 })).toEqual(["small"]);
  for (const text of ["BIG", "room=KÜCHE", "away"]) expect(messages({ text })).toEqual(["big"]);
});

test("numbers grow also when the clock stands still or goes back", () => {
  const times = [5, 5, 3, 9];
  const { recent, router } = open(10, () => times.shift() ?? 0);
  for (let i = 0; i < 4; i++) router.logger().info("x");
  expect(recent.query({ limit: 9 }).map(({ id }) => id)).toEqual([5000, 5001, 5002, 9000]);
  expect(recent.lastId()).toBe(9000);
});

test("a page is the newest records before a number, or the oldest after one", () => {
  let nowMs = 0;
  const { router, messages } = open(10, () => ++nowMs);
  for (let i = 1; i <= 6; i++) router.logger().info(`${i}`);
  expect(messages({ limit: 2 })).toEqual(["5", "6"]);
  expect(messages({ beforeId: 5000, limit: 2 })).toEqual(["3", "4"]);
  expect(messages({ afterId: 2000, limit: 2 })).toEqual(["3", "4"]);
});

test("a listener hears of each record until it leaves", () => {
  const { recent, router } = open(10);
  let count = 0;
  const leave = recent.onRecord(() => count++);
  router.logger().info("heard");
  leave();
  router.logger().info("not heard");
  expect(count).toBe(1);
});
