import { RoostError } from "../core/error.ts";
import { asEventId, asRoomId, asUserId, type EventId, type RoomId, type UserId } from "../core/id.ts";
import { isObject, type Json, type JsonObject, objectAt, stringAt } from "../core/json.ts";
import type { Invitation, MatrixEvent } from "../core/matrix.ts";

/** What one room's part of a sync answer says, oldest event first. */
export interface RoomTimeline {
  readonly roomId: RoomId;
  readonly events: readonly MatrixEvent[];
  /** The index of our own last join in `events`; undefined if we did not join in there. */
  readonly fromJoin: number | undefined;
  /** The homeserver left out what came before `events`, which starts at `prevBatch`. */
  readonly limited: boolean;
  readonly prevBatch: string | undefined;
  /** The newest event's id, even if the event itself was malformed. */
  readonly position: EventId | undefined;
  /** State from before `events`, of the types that the filter asks for. */
  readonly state: readonly MatrixEvent[];
}

/** Our own way out of a room: left, kicked or banned, by `sender`. */
export interface Departure {
  readonly roomId: RoomId;
  readonly membership: "leave" | "ban";
  readonly sender: UserId | undefined;
  /** The state that changed meanwhile, oldest first; our going stands in it. */
  readonly events: readonly MatrixEvent[];
}

export interface SyncAnswer {
  readonly nextBatch: string;
  readonly joined: readonly RoomTimeline[];
  readonly invited: readonly Invitation[];
  readonly left: readonly Departure[];
  /** Events and rooms that were not what the spec says, and are not in here. */
  readonly malformed: number;
}

/** The event, or undefined when a part that everybody relies on is missing or of the wrong shape. */
export function narrowEvent(raw: unknown, roomId: RoomId): MatrixEvent | undefined {
  if (!isObject(raw)) return undefined;
  const { event_id, sender, type, state_key, content, origin_server_ts, redacts, unsigned } = raw;
  if (typeof event_id !== "string" || typeof sender !== "string" || typeof type !== "string")
    return undefined;
  if (!isObject(content) || typeof origin_server_ts !== "number") return undefined;
  if (state_key !== undefined && typeof state_key !== "string") return undefined;
  const eventId = asEventId(event_id);
  const userId = asUserId(sender);
  if (eventId === undefined || userId === undefined) return undefined;
  return {
    roomId,
    eventId,
    sender: userId,
    type,
    stateKey: state_key,
    // Rooms before version 11 name the redacted event beside the content.
    content: type === "m.room.redaction" && typeof redacts === "string" ? { redacts, ...content } : content,
    originServerTs: origin_server_ts,
    ...(isObject(unsigned) ? { unsigned } : {}),
  };
}

/** Whether this is `self` entering the room; a changed name or picture is a join after a join, and is not meant. */
export function isOwnJoin(raw: unknown, self: UserId): boolean {
  if (stringAt(raw, "type") !== "m.room.member" || stringAt(raw, "state_key") !== self) return false;
  if (stringAt(objectAt(raw, "content"), "membership") !== "join") return false;
  return stringAt(objectAt(objectAt(raw, "unsigned"), "prev_content"), "membership") !== "join";
}

/** Whether the event's content has been taken away by a redaction. */
export function isRedacted(raw: unknown): boolean {
  return isObject(objectAt(raw, "unsigned")?.redacted_because);
}

/** Throws RoostError `network` when the whole is not a sync answer; parts that are wrong are left out and counted. */
export function narrowSync(raw: unknown, self: UserId): SyncAnswer {
  const nextBatch = stringAt(raw, "next_batch");
  if (nextBatch === undefined) {
    throw new RoostError(
      "network",
      "The homeserver's answer to a sync was not one: see the proxy before it. Roost tries again.",
    );
  }
  const tally = { malformed: 0 };
  const rooms = objectAt(raw, "rooms");
  return {
    nextBatch,
    joined: entriesOf(rooms, "join", tally).map(([roomId, room]) =>
      narrowTimeline(roomId, room, self, tally),
    ),
    invited: entriesOf(rooms, "invite", tally).map(([roomId, room]) => ({
      roomId,
      inviter: asUserId(
        stringAt(ownMember(arrayAt(objectAt(room, "invite_state"), "events"), self), "sender") ?? "",
      ),
    })),
    left: entriesOf(rooms, "leave", tally).map(([roomId, room]) => narrowDeparture(roomId, room, self)),
    malformed: tally.malformed,
  };
}

function narrowTimeline(
  roomId: RoomId,
  room: JsonObject,
  self: UserId,
  tally: { malformed: number },
): RoomTimeline {
  const timeline = objectAt(room, "timeline");
  const events: MatrixEvent[] = [];
  let fromJoin: number | undefined;
  const raws = arrayAt(timeline, "events");
  for (const raw of raws) {
    const event = narrowEvent(raw, roomId);
    if (isOwnJoin(raw, self)) fromJoin = events.length;
    if (event === undefined) tally.malformed++;
    else events.push(event);
  }
  return {
    roomId,
    events,
    fromJoin,
    limited: timeline?.limited === true,
    prevBatch: stringAt(timeline, "prev_batch"),
    position: asEventId(stringAt(raws.at(-1), "event_id") ?? ""),
    state: arrayAt(objectAt(room, "state"), "events").flatMap((raw) => narrowEvent(raw, roomId) ?? []),
  };
}

function narrowDeparture(roomId: RoomId, room: JsonObject, self: UserId): Departure {
  const events = [
    ...arrayAt(objectAt(room, "state"), "events"),
    ...arrayAt(objectAt(room, "timeline"), "events"),
  ];
  const member = ownMember(events, self);
  const banned = stringAt(objectAt(member, "content"), "membership") === "ban";
  return {
    roomId,
    membership: banned ? "ban" : "leave",
    sender: asUserId(stringAt(member, "sender") ?? ""),
    events: arrayAt(objectAt(room, "timeline"), "events")
      .flatMap((raw) => narrowEvent(raw, roomId) ?? [])
      .filter(({ stateKey }) => stateKey !== undefined),
  };
}

/** Our newest membership among these events. */
function ownMember(events: readonly Json[], self: UserId): Json | undefined {
  return events.findLast(
    (raw) => stringAt(raw, "type") === "m.room.member" && stringAt(raw, "state_key") === self,
  );
}

function entriesOf(
  rooms: JsonObject | undefined,
  key: string,
  tally: { malformed: number },
): (readonly [RoomId, JsonObject])[] {
  const found: (readonly [RoomId, JsonObject])[] = [];
  for (const [id, room] of Object.entries(objectAt(rooms, key) ?? {})) {
    const roomId = asRoomId(id);
    if (roomId === undefined || !isObject(room)) tally.malformed++;
    else found.push([roomId, room]);
  }
  return found;
}

export function arrayAt(value: unknown, key: string): readonly Json[] {
  const found = isObject(value) ? value[key] : undefined;
  return Array.isArray(found) ? found : [];
}
