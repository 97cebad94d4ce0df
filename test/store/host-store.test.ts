import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { asTxnId, type EventId } from "../../src/core/id.ts";
import { HostStore } from "../../src/store/host-store.ts";
import { FolderLock } from "../../src/store/lock.ts";
import { batchOf, botId, instance, messageOf, roomId } from "../doubles/delivery.ts";
import { temporaryFolder } from "../doubles/folder.ts";

const rowOf = (eventId: string) => ({ instance, account: botId, roomId, eventId: eventId as EventId });
const entry = (txnId: string) => ({
  txnId: asTxnId(txnId),
  instance,
  account: botId,
  roomId,
  type: "m.room.message",
  content: { body: "hello" },
  trigger: "$ask" as EventId,
});

function withStore(work: (store: HostStore, file: string) => void): void {
  using folder = temporaryFolder();
  const file = join(folder.path, "roost.db");
  const store = new HostStore(file);
  store.open();
  work(store, file);
  store.close();
}

/** What a `kill -9` at this moment would leave behind. */
function afterKill(file: string): unknown {
  const left = `${file}.left`;
  for (const suffix of ["", "-wal"])
    if (existsSync(file + suffix)) copyFileSync(file + suffix, left + suffix);
  const db = new Database(left);
  const found = db
    .query(
      `SELECT next_batch AS token, event_id AS position, (SELECT count(*) FROM inbox) AS rows
       FROM account_sync JOIN room_position USING (account)`,
    )
    .get();
  db.close();
  return found;
}

describe("the host's database", () => {
  test("keeps the sync token, the room positions and the rows across a restart", () => {
    withStore((store, file) => {
      const rows = store.commitBatch(batchOf([messageOf("$1", "a")], "s7"), [rowOf("$1")], 5);
      expect(rows.map((row) => row.eventId)).toEqual(["$1" as EventId]);
      store.close();
      const again = new HostStore(file);
      again.open();
      expect(again.loadSyncState(botId)).toMatchObject({ nextBatch: "s7", deviceId: "D", syncedAtMs: 5 });
      expect(again.loadSyncState(botId)?.positions.get(roomId)).toBe("$1" as EventId);
      expect(again.dueRows(instance, 10, 0, 10)).toEqual(rows);
      again.close();
    });
  });

  test("moves the sync token together with the rows, and never back to one that was told without rows before", () => {
    withStore((store, file) => {
      store.commitBatch(batchOf([messageOf("$1", "a")], "s1"), [], 1);
      store.commitBatch(batchOf([messageOf("$2", "!echo")], "s2"), [rowOf("$2")], 2);
      const kept = { token: "s2", position: "$2", rows: 1 };
      expect(afterKill(file)).toEqual(kept);
      store.close();
      expect(afterKill(file)).toEqual(kept);
    });
  });

  test("writes what was told without rows together with the next row, and forgets no room's position for it", () => {
    withStore((store, file) => {
      store.commitBatch(batchOf([messageOf("$1", "a")], "s1"), [], 1);
      store.commitBatch({ ...batchOf([], "s2"), positions: new Map([[roomId, undefined]]) }, [], 2);
      store.commitBatch(batchOf([], "s3"), [rowOf("$3")], 3);
      expect(afterKill(file)).toEqual({ token: "s3", position: "$1", rows: 1 });
      store.close();
      expect(afterKill(file)).toEqual({ token: "s3", position: "$1", rows: 1 });
    });
  });

  test("takes an event that the homeserver repeats only once, also after it was handled", () => {
    withStore((store) => {
      const [row] = store.commitBatch(batchOf([]), [rowOf("$1")], 0);
      expect(store.commitBatch(batchOf([]), [rowOf("$1")], 0)).toEqual([]);
      if (row !== undefined) store.settle(row, 1);
      expect(store.commitBatch(batchOf([]), [rowOf("$1")], 2)).toEqual([]);
      expect(store.countQueued(instance)).toBe(0);
    });
  });

  test("runs a deferred row when it is due, and keeps it open when its own run defers it again", () => {
    withStore((store) => {
      const [row] = store.commitBatch(batchOf([]), [rowOf("$1")], 0);
      if (row === undefined) throw new Error("no row");
      store.defer(row, "retry", 500, 10);
      store.settle(row, 1);
      expect(store.dueRows(instance, 499, 0, 10)).toEqual([]);
      expect(store.nextDueMs(instance, 499)).toBe(500);
      const [deferred] = store.dueRows(instance, 500, 0, 10);
      expect(deferred?.key).toBe("retry");
      if (deferred === undefined) throw new Error("no row");
      store.defer(deferred, "retry", 900, 10);
      store.settle(deferred, 600);
      expect(store.nextDueMs(instance, 600)).toBe(900);
    });
  });

  test("puts off so many rows of an instance at once and no more, but moves those that are", () => {
    withStore((store) => {
      const [row] = store.commitBatch(batchOf([]), [rowOf("$1")], 0);
      if (row === undefined) throw new Error("no row");
      expect(["a", "b", "c", "b"].map((key) => store.defer(row, key, 500, 2))).toEqual([
        true,
        true,
        false,
        true,
      ]);
      const [first] = store.dueRows(instance, 500, row.id, 10);
      if (first !== undefined) store.settle(first, 600);
      expect(store.defer(row, "c", 900, 2)).toBe(true);
      expect(store.countQueued(instance)).toBe(3);
    });
  });

  test("answers how a send stands when its key is already there, and forgets the content once it is sent", () => {
    withStore((store, file) => {
      expect(store.putOutbox([entry("t1")])).toEqual([{ state: "pending" }]);
      expect(store.pendingOutbox(botId)).toEqual([entry("t1")]);
      store.settleOutbox({ txnId: asTxnId("t1"), outcome: { state: "sent", eventId: "$r" as EventId } }, 1);
      expect(store.putOutbox([entry("t1")])).toEqual([{ state: "sent", eventId: "$r" as EventId }]);
      expect(store.pendingOutbox(botId)).toEqual([]);
      store.close();
      const content = new Database(file).query("SELECT content FROM outbox").get();
      expect(content).toEqual({ content: null });
    });
  });

  test("prunes settled rows after three days and keeps what is still open", () => {
    withStore((store) => {
      const rows = store.commitBatch(batchOf([]), [rowOf("$1"), rowOf("$2")], 0);
      for (const row of rows.slice(0, 1)) store.settle(row, 0);
      store.prune(4 * 24 * 3_600_000);
      expect(store.commitBatch(batchOf([]), [rowOf("$1"), rowOf("$2")], 1).length).toBe(1);
    });
  });

  test("refuses a database that a newer Roost has written, and changes nothing in it", () => {
    withStore((store, file) => {
      store.close();
      const db = new Database(file);
      db.run("PRAGMA user_version = 999");
      db.close();
      expect(() => new HostStore(file).open()).toThrow("newer Roost");
    });
  });

  test("remembers an operator's stop until somebody says start", () => {
    withStore((store) => {
      store.notes.saveOperatorStop(instance, true, 1);
      expect(store.notes.isStoppedByOperator(instance)).toBe(true);
      store.notes.saveOperatorStop(instance, false, 2);
      expect(store.notes.isStoppedByOperator(instance)).toBe(false);
    });
  });
});

describe("the data folder's lock", () => {
  test("refuses a second host, says which process holds it, and is free again once that one ends", () => {
    using folder = temporaryFolder();
    const first = new FolderLock(folder.path);
    first.open();
    expect(() => new FolderLock(folder.path).open()).toThrow(`process ${process.pid}`);
    first.close();
    const second = new FolderLock(folder.path);
    second.open();
    second.close();
  });
});
