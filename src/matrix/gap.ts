import type { RoomId, UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import type { MatrixEvent } from "../core/matrix.ts";
import type { Client } from "./client.ts";
import { arrayAt, isOwnJoin, narrowEvent } from "./event.ts";
import type { Gap } from "./timeline.ts";

export interface Filling {
  /** The newest events of the gap, oldest first, `maxGapEvents` at most. */
  readonly events: readonly MatrixEvent[];
  /** How many older ones were left out; `counted` is false if there are more than that. */
  readonly leftOut: number;
  readonly counted: boolean;
  readonly malformed: number;
  readonly foundUntil: boolean;
}

/** What a gap is filled with at most; as many again are read on, to say how many were left out. */
export const maxGapEvents = 1000;
const pageSize = 100;

/** Reads a gap backwards until the last event known, our own join, or the last sync, whichever comes first. */
export async function fillGap(
  client: Client,
  self: UserId,
  roomId: RoomId,
  gap: Gap,
  since: string | undefined,
): Promise<Filling> {
  const newestFirst: MatrixEvent[] = [];
  let read = 0;
  let malformed = 0;
  const filling = (counted: boolean, foundUntil: boolean): Filling => ({
    events: newestFirst.toReversed(),
    leftOut: read - newestFirst.length - malformed,
    counted,
    malformed,
    foundUntil,
  });
  for (let from: string | undefined = gap.prevBatch; from !== undefined; ) {
    const page = await readPage(client, roomId, from, since);
    for (const raw of page.events) {
      if (gap.until !== undefined && stringAt(raw, "event_id") === gap.until) return filling(true, true);
      if (isOwnJoin(raw, self)) return filling(true, false);
      const event = narrowEvent(raw, roomId);
      read++;
      if (event === undefined) malformed++;
      else if (newestFirst.length < maxGapEvents) newestFirst.push(event);
    }
    if (read >= 2 * maxGapEvents) return filling(false, false);
    from = page.events.length === 0 || page.end === from ? undefined : page.end;
  }
  return filling(true, false);
}

async function readPage(client: Client, roomId: RoomId, from: string, to: string | undefined) {
  const query = { dir: "b", from, limit: pageSize, ...(to === undefined ? {} : { to }) };
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages`;
  const answer = await client.doRequest("GET", path, query);
  return { events: arrayAt(answer, "chunk"), end: stringAt(answer, "end") };
}
