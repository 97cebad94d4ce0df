import type { EventId, RoomId, UserId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";

/** An event as the server keeps it. `content` and `redactedBy` change when it is redacted; nothing else ever does. */
export interface RoomEvent {
  /** Its place in the server's stream. */
  readonly position: number;
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly sender: UserId;
  readonly type: string;
  readonly stateKey: string | undefined;
  content: JsonObject;
  readonly originServerTs: number;
  /** The device and transaction it was sent with. */
  readonly origin: { readonly deviceId: string; readonly txnId: string } | undefined;
  /** The state event this one took the place of. */
  readonly replaced: RoomEvent | undefined;
  redactedBy: RoomEvent | undefined;
}

/** An event as clients are given it (the Matrix spec's ClientEvent). */
export interface WireEvent {
  readonly type: string;
  readonly event_id: EventId;
  readonly room_id: RoomId;
  readonly sender: UserId;
  readonly origin_server_ts: number;
  readonly content: JsonObject;
  readonly state_key?: string;
  readonly redacts?: string;
  readonly unsigned: JsonObject;
}

/** Who looks: a device sees the transaction ids of its own events. */
export interface Viewer {
  readonly userId: UserId;
  readonly deviceId: string;
}

export function wireEvent(event: RoomEvent, viewer?: Viewer): WireEvent {
  return {
    type: event.type,
    event_id: event.eventId,
    room_id: event.roomId,
    sender: event.sender,
    origin_server_ts: event.originServerTs,
    content: event.content,
    ...(event.stateKey === undefined ? {} : { state_key: event.stateKey }),
    // Room versions before 11 have it at the top, later ones in the content; servers give both.
    ...(event.type === "m.room.redaction" && typeof event.content.redacts === "string"
      ? { redacts: event.content.redacts }
      : {}),
    unsigned: unsignedOf(event, viewer),
  };
}

/** Matrix's `StrippedStateEvent`: what somebody invited may know of a room. */
export function strippedEvent(event: RoomEvent): JsonObject {
  return { type: event.type, sender: event.sender, state_key: event.stateKey, content: event.content };
}

/** What is left of an event's content once it is redacted. */
export function prunedContent(event: RoomEvent): JsonObject {
  switch (event.type) {
    case "m.room.member":
      return { membership: event.content.membership };
    case "m.room.create":
    case "m.room.power_levels":
    case "m.room.join_rules":
    case "m.room.history_visibility":
      return event.content;
    default:
      return {};
  }
}

function unsignedOf(event: RoomEvent, viewer: Viewer | undefined): JsonObject {
  const own =
    viewer !== undefined && event.sender === viewer.userId && event.origin?.deviceId === viewer.deviceId;
  return {
    age: Math.max(0, Date.now() - event.originServerTs),
    ...(own ? { transaction_id: event.origin?.txnId } : {}),
    ...(event.replaced === undefined
      ? {}
      : { prev_content: event.replaced.content, replaces_state: event.replaced.eventId }),
    ...(event.redactedBy === undefined
      ? {}
      : { redacted_because: { ...wireEvent(event.redactedBy), unsigned: {} } }),
  };
}
