import { expect, test } from "bun:test";
import { join } from "node:path";
import { asTxnId, type EventId } from "../../src/core/id.ts";
import { HostStore } from "../../src/store/host-store.ts";
import { batchOf, botId, instance, messageOf, roomId } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const nowMs = Date.parse("2025-03-08T12:00:00Z");
const dayMs = 24 * 3_600_000;

test("what is open, unsent and counted over seven days is told for each instance, and kept once the database is gone", () => {
  using folder = temporaryFolder();
  const store = new HostStore(join(folder.path, "roost.db"));
  store.open();
  const rows = ["$1", "$2", "$3"].map((id) => ({ instance, account: botId, roomId, eventId: id as EventId }));
  const [first, second] = store.commitBatch(batchOf([messageOf("$1", "a")]), rows, nowMs);
  if (first !== undefined) store.settle(first, nowMs);
  if (second !== undefined) store.defer(second, "later", nowMs + 60_000, 10);
  const entry = {
    instance,
    account: botId,
    roomId,
    type: "m.room.message",
    content: {},
    trigger: "$1" as EventId,
  };
  store.putOutbox([{ ...entry, txnId: asTxnId("a") }]);
  store.notes.count(instance, "post page", nowMs);
  store.notes.count(instance, "post page", nowMs - 6 * dayMs);
  store.notes.count(instance, "post page", nowMs - 7 * dayMs);
  store.dueRows(instance, nowMs, 0, 1); // writes what is behind

  const counts = store.counts.read(nowMs);
  expect(counts.queued.get(instance)).toBe(3);
  expect(store.counts.waitingMessages().get(instance)).toBe(2);
  expect(counts.unsent.get(instance)).toBe(1);
  expect(counts.week.get(instance)).toEqual({ "post page": 2 });
  expect(counts.databaseBytes).toBeGreaterThan(10_000);

  store.settleOutbox({ txnId: asTxnId("a"), outcome: { state: "sent", eventId: "$a" as EventId } }, nowMs);
  expect(store.counts.read(nowMs + 999)).toBe(counts);
  store.dueRows(instance, nowMs, 0, 1);
  expect(store.counts.read(nowMs + 1_000).unsent.get(instance)).toBeUndefined();
  expect(store.counts.read(nowMs - 3_600_000)).not.toBe(counts);
  store.close();
  expect(store.counts.read(nowMs + 2_000).queued.get(instance)).toBe(3);
});
