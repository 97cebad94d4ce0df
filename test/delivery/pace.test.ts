import { expect, test } from "bun:test";
import type { OutboxEntry } from "../../src/core/delivery.ts";
import { asTxnId, type EventId, type InstanceId } from "../../src/core/id.ts";
import { Pace } from "../../src/delivery/pace.ts";
import { botId, CollectingLogger, instance, roomId, until } from "../doubles/delivery.ts";

const minuteMs = 200;

function setUp(perMinute: number) {
  const released: string[] = [];
  const log = new CollectingLogger();
  const release = ({ txnId }: OutboxEntry) => void released.push(txnId);
  const pace = new Pace({ perMinute: () => perMinute, release, log: () => log, minuteMs });
  const add = (name: string, trigger = name, by: InstanceId = instance) =>
    pace.add({
      txnId: asTxnId(name),
      instance: by,
      account: botId,
      roomId,
      type: "m.room.message",
      content: {},
      trigger: `$${trigger}` as EventId,
    });
  return { pace, add, released, log };
}

test("what is beyond the rate waits its turn in order, is told once, and none of it is dropped", async () => {
  const { pace, add, released, log } = setUp(3);
  const beganMs = performance.now();
  for (const name of ["1", "2", "3", "4", "5", "6", "7"]) add(name);
  expect(released).toEqual(["1", "2", "3"]);
  expect(pace.troubleOf(instance)).toContain("sends_per_minute");
  await until("all are released", () => released.length === 7);
  expect(released).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(2 * minuteMs - 5);
  expect(log.lines).toEqual([
    "WARN It posts more than 3 messages a minute (sends_per_minute): the rest waits its turn.",
    "INFO Nothing waits for sends_per_minute any more.",
  ]);
  expect(pace.troubleOf(instance)).toBeUndefined();
  pace.close();
});

test("a carousel and its caption count as one, an answer without end does not", () => {
  const { pace, add, released } = setUp(3);
  for (let part = 0; part < 25; part++) add(`a${part}`, "a");
  for (let part = 0; part < 60; part++) add(`b${part}`, "b");
  expect(released.length).toBe(75);
  pace.close();
});

test("one instance's flood delays no other", () => {
  const { pace, add, released } = setUp(1);
  const other = "other" as InstanceId;
  for (const name of ["1", "2", "3"]) add(name);
  add("4", "4", other);
  expect(released).toEqual(["1", "4"]);
  expect(pace.troubleOf(other)).toBeUndefined();
  pace.close();
});

test("nothing is released once it is closed", async () => {
  const { pace, add, released } = setUp(1);
  for (const name of ["1", "2"]) add(name);
  pace.close();
  await Bun.sleep(minuteMs + 20);
  expect(released).toEqual(["1"]);
});
