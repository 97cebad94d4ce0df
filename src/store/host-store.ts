import type { Database, Statement } from "bun:sqlite";
import type {
  DeliveryStore,
  InboxRow,
  NewInboxRow,
  OutboxEntry,
  OutboxResult,
  OutboxState,
} from "../core/delivery.ts";
import { RoostError, sentenceOf } from "../core/error.ts";
import type { EventId, InstanceId, RoomId, UserId } from "../core/id.ts";
import type { SyncBatch, SyncState } from "../core/matrix.ts";
import { closeDatabase, openDatabase } from "./database.ts";
import { hostMigrations } from "./migrations.ts";
import { entryOf, type StoredEntry, stateOf } from "./outbox-row.ts";

/** How long settled rows are kept to recognise what was already done. Synapse forgets transaction ids after 24 h. */
const keptMs = 3 * 24 * 3_600_000;
const keptRows = 50_000;
const writeBehindMs = 50;
const retryMs = 1_000;

const inboxColumns = `id, instance, account, room_id AS roomId, event_id AS eventId, key, run_at_ms AS runAtMs, crashes`;

/** The host's own database, `roost.db`: where each account's sync stands, what is still to be handled and to be sent. */
export class HostStore implements DeliveryStore {
  readonly #file: string;
  #db: Database | undefined;
  /** Made once: building a transaction costs more than a small one takes. */
  #transact: ((work: () => void) => void) | undefined;
  #lastError: string | undefined;
  /** Settlements not yet written: they join the next transaction, or one of their own soon after. */
  #behind: (() => void)[] = [];
  #behindTimer: Timer | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  open(): void {
    this.#db = openDatabase(this.#file, hostMigrations, { exclusive: true });
    this.#transact = this.#db.transaction((work: () => void) => work()).immediate;
  }

  close(): void {
    this.#catchUp();
    clearTimeout(this.#behindTimer);
    if (this.#db !== undefined) closeDatabase(this.#db);
    this.#db = undefined;
    this.#transact = undefined;
  }

  /** Why the last write failed, or undefined when it went through. */
  lastError(): string | undefined {
    return this.#lastError;
  }

  loadSyncState(account: UserId): SyncState | undefined {
    this.#catchUp();
    const row = this.#query<{ nextBatch: string; deviceId: string; syncedAtMs: number }>(
      "SELECT next_batch AS nextBatch, device_id AS deviceId, synced_at_ms AS syncedAtMs FROM account_sync WHERE account = ?",
    ).get(account);
    if (row === null) return undefined;
    const positions = this.#query<{ roomId: RoomId; eventId: EventId | null }>(
      "SELECT room_id AS roomId, event_id AS eventId FROM room_position WHERE account = ?",
    ).all(account);
    return { ...row, positions: new Map(positions.map((each) => [each.roomId, each.eventId ?? undefined])) };
  }

  commitBatch(batch: SyncBatch, rows: readonly NewInboxRow[], nowMs: number): InboxRow[] {
    if (rows.length === 0 && batch.gapMs !== undefined) {
      // Should this be lost, the homeserver tells it again, and there was nothing to answer in it. The first sync ever is
      // another matter: what it says is history only because it came first.
      this.#writeBehind(() => this.#placeSync(batch, nowMs));
      return [];
    }
    return this.#write(() => {
      this.#placeSync(batch, nowMs);
      const insert = this.#query<InboxRow>(
        `INSERT INTO inbox (instance, account, room_id, event_id, run_at_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING RETURNING ${inboxColumns}`,
      );
      const inserted: InboxRow[] = [];
      for (const row of rows) {
        const known = insert.get(row.instance, row.account, row.roomId, row.eventId, nowMs);
        if (known !== null) inserted.push(known);
      }
      return inserted;
    });
  }

  #placeSync(batch: SyncBatch, nowMs: number): void {
    this.#query(
      `INSERT INTO account_sync (account, device_id, next_batch, synced_at_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET device_id = excluded.device_id, next_batch = excluded.next_batch, synced_at_ms = excluded.synced_at_ms`,
    ).run(batch.account, batch.deviceId, batch.nextBatch, nowMs);
    const place = this.#query(
      `INSERT INTO room_position (account, room_id, event_id) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET event_id = coalesce(excluded.event_id, event_id)`,
    );
    for (const [roomId, eventId] of batch.positions) place.run(batch.account, roomId, eventId ?? null);
  }

  dueRows(instance: InstanceId, nowMs: number, afterId: number, limit: number): InboxRow[] {
    this.#catchUp();
    return this.#query<InboxRow>(
      `SELECT ${inboxColumns} FROM inbox
       WHERE instance = ? AND done_at_ms IS NULL AND id > ? AND run_at_ms <= ? ORDER BY id LIMIT ?`,
    ).all(instance, afterId, nowMs, limit);
  }

  nextDueMs(instance: InstanceId, nowMs: number): number | undefined {
    this.#catchUp();
    const row = this.#query<{ at: number | null }>(
      "SELECT min(run_at_ms) AS at FROM inbox WHERE instance = ? AND done_at_ms IS NULL AND run_at_ms > ?",
    ).get(instance, nowMs);
    return row?.at ?? undefined;
  }

  settle(row: InboxRow, nowMs: number): void {
    this.#writeBehind(() =>
      this.#query("UPDATE inbox SET done_at_ms = ? WHERE id = ? AND run_at_ms = ?").run(
        nowMs,
        row.id,
        row.runAtMs,
      ),
    );
  }

  defer(row: InboxRow, key: string, runAtMs: number): void {
    this.#write(() =>
      this.#query(
        `INSERT INTO inbox (instance, account, room_id, event_id, key, run_at_ms) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (instance, event_id, key) DO UPDATE SET run_at_ms = excluded.run_at_ms, done_at_ms = NULL`,
      ).run(row.instance, row.account, row.roomId, row.eventId, key, runAtMs),
    );
  }

  countCrash(rows: readonly InboxRow[]): InboxRow[] {
    return this.#write(() => {
      const count = this.#query("UPDATE inbox SET crashes = crashes + 1 WHERE id = ?");
      for (const row of rows) count.run(row.id);
      return rows.map((row) => ({ ...row, crashes: row.crashes + 1 }));
    });
  }

  putOutbox(entries: readonly OutboxEntry[]): OutboxState[] {
    return this.#write(() => {
      const insert = this.#query(
        `INSERT INTO outbox (txn_id, instance, account, room_id, type, content) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      );
      const find = this.#query<StoredEntry>("SELECT * FROM outbox WHERE txn_id = ?");
      return entries.map((entry): OutboxState => {
        const { txnId, instance, account, roomId, type, content } = entry;
        const added = insert.run(txnId, instance, account, roomId, type, JSON.stringify(content)).changes > 0;
        return added ? { state: "pending" } : stateOf(find.get(txnId));
      });
    });
  }

  settleOutbox({ txnId, outcome }: OutboxResult, nowMs: number): void {
    const failed = outcome.state === "failed" ? outcome : undefined;
    const eventId = outcome.state === "sent" ? outcome.eventId : null;
    this.#writeBehind(() =>
      this.#query(
        "UPDATE outbox SET content = NULL, settled_at_ms = ?, event_id = ?, error_code = ?, error_cause = ? WHERE txn_id = ?",
      ).run(nowMs, eventId, failed?.code ?? null, failed?.cause ?? null, txnId),
    );
  }

  pendingOutbox(account: UserId): OutboxEntry[] {
    this.#catchUp();
    const rows = this.#query<StoredEntry>(
      "SELECT * FROM outbox WHERE account = ? AND settled_at_ms IS NULL ORDER BY id",
    ).all(account);
    return rows.map(entryOf);
  }

  countQueued(instance: InstanceId): number {
    this.#catchUp();
    const row = this.#query<{ queued: number }>(
      "SELECT count(*) AS queued FROM inbox WHERE instance = ? AND done_at_ms IS NULL",
    ).get(instance);
    return row?.queued ?? 0;
  }

  /** Whether an operator's Stop holds: it survives restarts until somebody says start. */
  isStoppedByOperator(instance: InstanceId): boolean {
    return this.#query("SELECT 1 FROM operator_stop WHERE instance = ?").get(instance) !== null;
  }

  saveOperatorStop(instance: InstanceId, stopped: boolean, nowMs: number): void {
    this.#write(() =>
      stopped
        ? this.#query("INSERT OR IGNORE INTO operator_stop (instance, stopped_at_ms) VALUES (?, ?)").run(
            instance,
            nowMs,
          )
        : this.#query("DELETE FROM operator_stop WHERE instance = ?").run(instance),
    );
  }

  /** Forgets settled rows that are old or too many. Called now and then; cheap when there is nothing to do. */
  prune(nowMs: number): void {
    this.#write(() => {
      for (const [table, column] of [
        ["inbox", "done_at_ms"],
        ["outbox", "settled_at_ms"],
      ]) {
        this.#query(`DELETE FROM ${table} WHERE ${column} < ?`).run(nowMs - keptMs);
        this.#query(
          `DELETE FROM ${table} WHERE ${column} IS NOT NULL AND id <= (SELECT coalesce(max(id), 0) - ? FROM ${table})`,
        ).run(keptRows);
      }
    });
  }

  #query<Row>(sql: string): Statement<Row, (string | number | null)[]> {
    if (this.#db === undefined) throw closed();
    return this.#db.query<Row, (string | number | null)[]>(sql);
  }

  #write<Result>(work: () => Result): Result {
    const transact = this.#transact;
    if (transact === undefined) throw closed();
    const done: { result?: Result } = {};
    try {
      transact(() => {
        for (const settlement of this.#behind) settlement();
        done.result = work();
      });
      this.#behind = [];
      this.#lastError = undefined;
      return done.result as Result;
    } catch (error) {
      this.#lastError = `The database ${this.#file} refused a write: ${sentenceOf(error)}. Free some disk space or check its permissions; Roost tries again by itself.`;
      throw new RoostError("database", this.#lastError, { cause: error });
    }
  }

  /** What a crash takes from here is done once more at the next start, and changes nothing then. */
  #writeBehind(settlement: () => void): void {
    this.#behind.push(settlement);
    this.#behindTimer ??= setTimeout(() => this.#catchUp(), writeBehindMs);
  }

  #catchUp(): void {
    this.#behindTimer = undefined;
    if (this.#behind.length === 0 || this.#transact === undefined) return;
    try {
      this.#write(() => {});
    } catch {
      // `lastError` tells health; the settlements stay and are tried again.
      this.#behindTimer = setTimeout(() => this.#catchUp(), retryMs);
    }
  }
}

function closed(): RoostError {
  return new RoostError("cancelled", "The host is stopping: its database is closed.");
}
