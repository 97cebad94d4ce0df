import type { ErrorCode } from "./error.ts";
import type { EventId, InstanceId, RoomId, TxnId, UserId } from "./id.ts";
import type { JsonObject } from "./json.ts";
import type { SyncBatch } from "./matrix.ts";

/** A message one instance still has to handle: ids only, the text stays on the homeserver. */
export interface InboxRow {
  readonly id: number;
  readonly instance: InstanceId;
  readonly account: UserId;
  readonly roomId: RoomId;
  readonly eventId: EventId;
  /** Empty for the message itself, else the key of the `defer` that made this row. */
  readonly key: string;
  /** Not to be run before this time. */
  readonly runAtMs: number;
  /** How often the plugin's process died while it handled this row. */
  readonly crashes: number;
}

export type NewInboxRow = Pick<InboxRow, "instance" | "account" | "roomId" | "eventId">;

/** A send that must happen exactly once. Written before the request that carries it out. */
export interface OutboxEntry {
  readonly txnId: TxnId;
  readonly instance: InstanceId;
  readonly account: UserId;
  readonly roomId: RoomId;
  readonly type: string;
  readonly content: JsonObject;
  /** The event it answers. */
  readonly trigger: EventId;
}

/** How a send stands in the store. */
export type OutboxState =
  | { readonly state: "pending" }
  | { readonly state: "sent"; readonly eventId: EventId }
  | { readonly state: "failed"; readonly code: ErrorCode; readonly cause: string };

export interface OutboxResult {
  readonly txnId: TxnId;
  readonly outcome: Exclude<OutboxState, { state: "pending" }>;
}

/** The durable half of delivery. Every method but the two that settle is done when it returns; errors are RoostErrors `database`. */
export interface DeliveryStore {
  /**
   * Stores the sync token, the room positions and the rows together, and soon where there are no rows; answers the rows that were
   * not known before.
   */
  commitBatch(batch: SyncBatch, rows: readonly NewInboxRow[], nowMs: number): InboxRow[];
  /** Unsettled rows due by `nowMs` with an id above `afterId`, oldest first. */
  dueRows(instance: InstanceId, nowMs: number, afterId: number, limit: number): InboxRow[];
  /** When the next row that is not yet due will be. */
  nextDueMs(instance: InstanceId, nowMs: number): number | undefined;
  /** Marks a row done, unless a defer moved it to a later time since it was read. Written soon. */
  settle(row: InboxRow, nowMs: number): void;
  /**
   * Makes (or moves) the row that runs the same message again at `runAtMs`. False, and nothing is made, when `most` of the
   * instance's rows are put off already.
   */
  defer(row: InboxRow, key: string, runAtMs: number, most: number): boolean;
  /** Counts one crash on each and answers the rows with their new counts. */
  countCrash(rows: readonly InboxRow[]): InboxRow[];
  /** Writes entries that are not there yet; answers how each one stands, in the order given. */
  putOutbox(entries: readonly OutboxEntry[]): OutboxState[];
  /** Written soon; a repeated `putOutbox` knows of it at once. */
  settleOutbox(result: OutboxResult, nowMs: number): void;
  pendingOutbox(account: UserId): OutboxEntry[];
  countQueued(instance: InstanceId): number;
  /** Settles what is left to do for a message that is gone; answers what was sent in answer to it. */
  withdraw(instance: InstanceId, eventId: EventId, nowMs: number): readonly EventId[];
}

/** Keeps the host's allowances, each as one text. */
export interface AllowanceStore {
  loadAllowance(name: string): string | undefined;
  saveAllowance(name: string, state: string): void;
}
