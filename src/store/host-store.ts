import type {
  DeliveryStore,
  InboxRow,
  NewInboxRow,
  OutboxEntry,
  OutboxResult,
  OutboxState,
} from "../core/delivery.ts";
import type { EventId, InstanceId, RoomId, UserId } from "../core/id.ts";
import type { SyncBatch, SyncState } from "../core/matrix.ts";
import { AdminMessages } from "./admin-messages.ts";
import { deferral } from "./deferral.ts";
import { HostAvailability } from "./host-availability.ts";
import { HostCounts } from "./host-counts.ts";
import { HostDatabase } from "./host-database.ts";
import { HostInstances } from "./host-instances.ts";
import { HostNotes } from "./host-notes.ts";
import { HostSessions } from "./host-sessions.ts";
import { entryOf, type StoredEntry, stateOf } from "./outbox-row.ts";
import { placeAfter } from "./place.ts";

const dayMs = 24 * 3_600_000;
/**
 * How long settled rows are kept: to recognise what was already done (Synapse forgets transaction ids after 24 h), and of what was
 * sent, to redact it when the message that it answers is.
 */
const keptMs = { inbox: 3 * dayMs, outbox: 30 * dayMs };
const keptRows = 50_000;

const pending: OutboxState = { state: "pending" };
const inboxColumns = `id, instance, account, room_id AS roomId, event_id AS eventId, key, run_at_ms AS runAtMs, crashes`;

/** Where each account's sync stands, what is still to be handled, and what is still to be sent. */
export class HostStore implements DeliveryStore {
  readonly #db: HostDatabase;
  /** How far accounts have got that is not written yet: it will be soon, or together with the next row. */
  readonly #places = new Map<UserId, SyncState>();
  readonly notes: HostNotes;
  readonly counts: HostCounts;
  readonly availability: HostAvailability;
  readonly instances: HostInstances;
  readonly sessions: HostSessions;
  readonly adminMessages: AdminMessages;

  constructor(file: string) {
    this.#db = new HostDatabase(file);
    this.notes = new HostNotes(this.#db);
    this.counts = new HostCounts(this.#db);
    this.availability = new HostAvailability(this.#db);
    this.instances = new HostInstances(this.#db);
    this.sessions = new HostSessions(this.#db);
    this.adminMessages = new AdminMessages(this.#db);
  }

  open(): void {
    this.#db.open();
  }

  close(): void {
    this.#db.close();
  }

  /** Why the last write failed, or undefined when it went through. */
  lastError(): string | undefined {
    return this.#db.lastError();
  }

  /** Whether what is wrong with the database needs a person. */
  isLost(): boolean {
    return this.#db.isLost();
  }

  /** To be called every second; answers "replaced" when another file was found in the database's place and is in use now. */
  look(): "unchanged" | "replaced" {
    return this.#db.look();
  }

  /** Lets `swap` put another database in the place of this one and goes on with that. */
  replace(swap: () => void): void {
    this.#places.clear();
    this.#db.replace(swap);
  }

  /** Copies the database file as it is now; the copy is not yet checked. */
  copyTo(target: string): Promise<void> {
    return this.#db.copyTo(target);
  }

  /** After a restore: gives up what was still to be done, which somebody may have done since the backup was made. */
  forgetUnfinished(nowMs: number): void {
    this.#db.write(() => {
      this.#db
        .query("UPDATE inbox SET done_at_ms = ? WHERE done_at_ms IS NULL AND run_at_ms <= ?")
        .run(nowMs, nowMs);
      this.#db
        .query(
          "UPDATE outbox SET content = NULL, settled_at_ms = ?, error_code = 'cancelled', error_cause = 'The database was restored from a backup.' WHERE settled_at_ms IS NULL",
        )
        .run(nowMs);
    });
  }

  loadSyncState(account: UserId): SyncState | undefined {
    this.#db.catchUp();
    const row = this.#db
      .query<{ nextBatch: string; deviceId: string; syncedAtMs: number }>(
        "SELECT next_batch AS nextBatch, device_id AS deviceId, synced_at_ms AS syncedAtMs FROM account_sync WHERE account = ?",
      )
      .get(account);
    if (row === null) return undefined;
    const positions = this.#db
      .query<{ roomId: RoomId; eventId: EventId | null }>(
        "SELECT room_id AS roomId, event_id AS eventId FROM room_position WHERE account = ?",
      )
      .all(account);
    return { ...row, positions: new Map(positions.map((each) => [each.roomId, each.eventId ?? undefined])) };
  }

  commitBatch(batch: SyncBatch, rows: readonly NewInboxRow[], nowMs: number): InboxRow[] {
    const { account } = batch;
    if (!this.#db.isBehind) this.#places.clear();
    const place = placeAfter(this.#places.get(account), batch, nowMs);
    // The first sync ever is kept at once even without rows: what it says is history only because it came first.
    if (rows.length === 0 && batch.gapMs !== undefined) {
      this.#places.set(account, place);
      // Should this be lost, the homeserver tells it again, and there was nothing to answer in it.
      this.#db.writeBehind(() => {
        const latest = this.#places.get(account);
        if (latest !== undefined) this.#writePlace(account, latest);
      });
      return [];
    }
    const inserted = this.#db.writeAlone(() => {
      this.#writePlace(account, place);
      return this.#insertRows(rows, nowMs);
    });
    this.#places.delete(account);
    return inserted;
  }

  #insertRows(rows: readonly NewInboxRow[], runAtMs: number): InboxRow[] {
    const insert = this.#db.query(
      "INSERT INTO inbox (instance, account, room_id, event_id, run_at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    const inserted: InboxRow[] = [];
    for (const row of rows) {
      const { changes, lastInsertRowid } = insert.run(
        row.instance,
        row.account,
        row.roomId,
        row.eventId,
        runAtMs,
      );
      if (changes > 0) inserted.push({ ...row, id: Number(lastInsertRowid), key: "", runAtMs, crashes: 0 });
    }
    return inserted;
  }

  #writePlace(account: UserId, { deviceId, nextBatch, syncedAtMs, positions }: SyncState): void {
    this.#db
      .query(
        `INSERT INTO account_sync (account, device_id, next_batch, synced_at_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET device_id = excluded.device_id, next_batch = excluded.next_batch, synced_at_ms = excluded.synced_at_ms`,
      )
      .run(account, deviceId, nextBatch, syncedAtMs);
    const place = this.#db.query(
      `INSERT INTO room_position (account, room_id, event_id) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET event_id = coalesce(excluded.event_id, event_id)`,
    );
    for (const [roomId, eventId] of positions) place.run(account, roomId, eventId ?? null);
  }

  dueRows(instance: InstanceId, nowMs: number, afterId: number, limit: number): InboxRow[] {
    this.#db.catchUp();
    return this.#db
      .query<InboxRow>(
        `SELECT ${inboxColumns} FROM inbox
       WHERE instance = ? AND done_at_ms IS NULL AND id > ? AND run_at_ms <= ? ORDER BY id LIMIT ?`,
      )
      .all(instance, afterId, nowMs, limit);
  }

  nextDueMs(instance: InstanceId, nowMs: number): number | undefined {
    this.#db.catchUp();
    const row = this.#db
      .query<{ at: number | null }>(
        "SELECT min(run_at_ms) AS at FROM inbox WHERE instance = ? AND done_at_ms IS NULL AND run_at_ms > ?",
      )
      .get(instance, nowMs);
    return row?.at ?? undefined;
  }

  settle(row: InboxRow, nowMs: number): void {
    this.#db.writeBehind(() =>
      this.#db
        .query("UPDATE inbox SET done_at_ms = ? WHERE id = ? AND run_at_ms = ?")
        .run(nowMs, row.id, row.runAtMs),
    );
  }

  defer(
    { instance, account, roomId, eventId }: InboxRow,
    key: string,
    runAtMs: number,
    most: number,
  ): boolean {
    const put = () =>
      this.#db.query(deferral).run(instance, account, roomId, eventId, key, runAtMs, most).changes > 0;
    return this.#db.write(put);
  }

  countCrash(rows: readonly InboxRow[]): InboxRow[] {
    return this.#db.write(() => {
      const count = this.#db.query("UPDATE inbox SET crashes = crashes + 1 WHERE id = ?");
      for (const row of rows) count.run(row.id);
      return rows.map((row) => ({ ...row, crashes: row.crashes + 1 }));
    });
  }

  putOutbox(entries: readonly OutboxEntry[]): OutboxState[] {
    const isNew = this.#db.writeAlone(() => {
      const insert = this.#db.query(
        `INSERT INTO outbox (txn_id, instance, account, room_id, type, content, trigger_id) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      );
      return entries.map(
        ({ txnId, instance, account, roomId, type, content, trigger }) =>
          insert.run(txnId, instance, account, roomId, type, JSON.stringify(content), trigger).changes > 0,
      );
    });
    if (!isNew.includes(false)) return entries.map(() => pending);
    // How those stand that were there already may be behind.
    this.#db.catchUp();
    const find = this.#db.query<StoredEntry>("SELECT * FROM outbox WHERE txn_id = ?");
    return entries.map(({ txnId }, index) => (isNew[index] ? pending : stateOf(find.get(txnId))));
  }

  settleOutbox({ txnId, outcome }: OutboxResult, nowMs: number): void {
    const failed = outcome.state === "failed" ? outcome : undefined;
    const eventId = outcome.state === "sent" ? outcome.eventId : null;
    this.#db.writeBehind(() =>
      this.#db
        .query(
          "UPDATE outbox SET content = NULL, settled_at_ms = ?, event_id = ?, error_code = ?, error_cause = ? WHERE txn_id = ?",
        )
        .run(nowMs, eventId, failed?.code ?? null, failed?.cause ?? null, txnId),
    );
  }

  pendingOutbox(account: UserId): OutboxEntry[] {
    this.#db.catchUp();
    const rows = this.#db
      .query<StoredEntry>("SELECT * FROM outbox WHERE account = ? AND settled_at_ms IS NULL ORDER BY id")
      .all(account);
    return rows.map(entryOf);
  }

  countQueued(instance: InstanceId): number {
    this.#db.catchUp();
    const row = this.#db
      .query<{ queued: number }>(
        "SELECT count(*) AS queued FROM inbox WHERE instance = ? AND done_at_ms IS NULL",
      )
      .get(instance);
    return row?.queued ?? 0;
  }

  withdraw(instance: InstanceId, eventId: EventId, nowMs: number): readonly EventId[] {
    return this.#db.write(() => {
      this.#db
        .query("UPDATE inbox SET done_at_ms = ? WHERE instance = ? AND event_id = ? AND done_at_ms IS NULL")
        .run(nowMs, instance, eventId);
      const sent = this.#db
        .query<{ eventId: EventId }>(
          "SELECT event_id AS eventId FROM outbox WHERE trigger_id = ? AND instance = ? AND event_id IS NOT NULL AND type <> 'm.room.redaction' ORDER BY id",
        )
        .all(eventId, instance);
      return sent.map((row) => row.eventId);
    });
  }

  /** Forgets settled rows that are old or too many. Called now and then; cheap when there is nothing to do. */
  prune(nowMs: number): void {
    this.#db.write(() => {
      for (const [table, column] of [
        ["inbox", "done_at_ms"],
        ["outbox", "settled_at_ms"],
      ] as const) {
        this.#db.query(`DELETE FROM ${table} WHERE ${column} < ?`).run(nowMs - keptMs[table]);
        this.#db
          .query(
            `DELETE FROM ${table} WHERE ${column} IS NOT NULL AND id <= (SELECT coalesce(max(id), 0) - ? FROM ${table})`,
          )
          .run(keptRows);
      }
    });
  }
}
