import { asEventId, type EventId, type TxnId } from "../core/id.ts";
import { isObject, objectAt, stringAt } from "../core/json.ts";
import { arrayAt } from "./event.ts";

/** The homeserver's clock and ours may differ so much. */
const skewMs = 60_000;
const mostPages = 20;

/**
 * The event that our own device made with that transaction since then, if a room has it: read backwards, a hundred events at a
 * time, since a busy room may have gone on for long before the homeserver answers again. `ask` is given the query of `/messages`.
 */
export async function findMade(
  txnId: TxnId,
  sinceMs: number,
  ask: (query: string) => Promise<unknown>,
): Promise<EventId | undefined> {
  let from = "";
  for (let page = 0; page < mostPages; page++) {
    const answer = await ask(`dir=b&limit=100${from}`);
    const chunk = arrayAt(answer, "chunk");
    const made = chunk.find((raw) => stringAt(objectAt(raw, "unsigned"), "transaction_id") === txnId);
    if (made !== undefined) return asEventId(stringAt(made, "event_id") ?? "");
    const end = stringAt(answer, "end");
    if (end === undefined || timeOf(chunk.at(-1)) < sinceMs - skewMs) return undefined;
    from = `&from=${encodeURIComponent(end)}`;
  }
  return undefined;
}

function timeOf(raw: unknown): number {
  return isObject(raw) && typeof raw.origin_server_ts === "number" ? raw.origin_server_ts : 0;
}
