import type { EventId } from "../core/id.ts";
import type { MatrixEvent } from "../core/matrix.ts";
import type { Departure, RoomTimeline, SyncAnswer } from "./event.ts";

/**
 * How a sync answer relates to what we know. `first`: nothing was ever synced, so all of it is history. `resumed`: the
 * homeserver lost our place and tells everything anew. `next`: it follows on the last one.
 */
export type Continuity = "first" | "resumed" | "next";

/** The last event seen in each room, by room id. A room that is not in here is one we joined since. */
export type Positions = ReadonlyMap<string, EventId | undefined>;

/** What is new in a room, oldest first, and whether something is missing before it. */
export interface Novelty {
  readonly events: readonly MatrixEvent[];
  readonly gap: Gap | undefined;
}

export interface Gap {
  readonly prevBatch: string;
  /** The newest event known from before the gap. */
  readonly until: EventId | undefined;
  /** Only trust what is found if `until` is found too: else it is history. */
  readonly strict: boolean;
}

const nothing: Novelty = { events: [], gap: undefined };

/**
 * Some homeservers answer a `since` that they cannot read as if there were none. Rooms are then told from their creation on,
 * which otherwise happens only to rooms that were joined in this very answer.
 */
export function startsAnew(answer: SyncAnswer, positions: Positions): boolean {
  return answer.joined.some(
    (room) =>
      room.fromJoin === undefined &&
      positions.has(room.roomId) &&
      room.state.some((event) => event.type === "m.room.create"),
  );
}

/** What happened in a room up to our going, as far as it was not seen before. */
export function pickLast({ roomId, events }: Departure, positions: Positions): readonly MatrixEvent[] {
  if (!positions.has(roomId)) return [];
  const until = positions.get(roomId);
  return events.slice(events.findLastIndex(({ eventId }) => eventId === until) + 1);
}

/** Picks what a room's timeline holds that came with our joining or after, and after what we have already seen. */
export function pickNew(room: RoomTimeline, positions: Positions, continuity: Continuity): Novelty {
  const known = positions.has(room.roomId);
  if (continuity === "first" || (continuity === "resumed" && !known)) return nothing;
  const until = positions.get(room.roomId);
  const afterSeen =
    until === undefined ? 0 : room.events.findLastIndex((event) => event.eventId === until) + 1;
  const begin = Math.max(room.fromJoin ?? 0, afterSeen);
  if (room.fromJoin !== undefined || afterSeen > 0)
    return { events: room.events.slice(begin), gap: undefined };
  const strict = continuity === "resumed";
  const fillable = room.limited && room.prevBatch !== undefined && (until !== undefined || !known);
  if (!fillable || room.prevBatch === undefined)
    return strict ? nothing : { events: room.events, gap: undefined };
  return { events: room.events, gap: { prevBatch: room.prevBatch, until, strict } };
}

/** One room's new events in order, each once. */
export function mergeUnique(...parts: readonly (readonly MatrixEvent[])[]): readonly MatrixEvent[] {
  const seen = new Set<EventId>();
  return parts.flat().filter((event) => seen.size < seen.add(event.eventId).size);
}

/** One event of each room after another, so that a room where much is said does not keep the others waiting. */
export function inTurns(rooms: readonly (readonly MatrixEvent[])[]): readonly MatrixEvent[] {
  if (rooms.length < 2) return rooms[0] ?? [];
  const events: MatrixEvent[] = [];
  const longest = Math.max(...rooms.map((room) => room.length));
  for (let turn = 0; turn < longest; turn++) {
    for (const room of rooms) {
      const event = room[turn];
      if (event !== undefined) events.push(event);
    }
  }
  return events;
}
