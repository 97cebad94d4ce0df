import type { OutboxEntry, OutboxState } from "../core/delivery.ts";
import type { ErrorCode } from "../core/error.ts";
import { asTxnId, type EventId, type InstanceId, type RoomId, type UserId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";

/** A row of the outbox as SQLite gives it. Only Roost writes the table, so its ids are taken as they are. */
export interface StoredEntry {
  readonly txn_id: string;
  readonly instance: InstanceId;
  readonly account: UserId;
  readonly room_id: RoomId;
  readonly type: string;
  readonly content: string | null;
  readonly trigger_id: EventId;
  readonly event_id: EventId | null;
  readonly error_code: ErrorCode | null;
  readonly error_cause: string | null;
}

export function entryOf(row: StoredEntry): OutboxEntry {
  return {
    txnId: asTxnId(row.txn_id),
    instance: row.instance,
    account: row.account,
    roomId: row.room_id,
    type: row.type,
    content: JSON.parse(row.content ?? "{}") as JsonObject,
    trigger: row.trigger_id,
  };
}

export function stateOf(row: StoredEntry | null): OutboxState {
  if (row?.event_id) return { state: "sent", eventId: row.event_id };
  if (row?.error_code) return { state: "failed", code: row.error_code, cause: row.error_cause ?? "" };
  return { state: "pending" };
}
