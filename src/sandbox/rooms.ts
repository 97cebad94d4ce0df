import type { EventId, RoomAlias, RoomId, UserId } from "../core/id.ts";
import { type JsonObject, stringAt } from "../core/json.ts";
import type { Dialect } from "./dialect.ts";
import { mintEventId, mintRoomId } from "./mint.ts";
import { badRequest, forbidden, notFound, Refusal } from "./refusal.ts";
import { Room } from "./room.ts";
import { prunedContent, type RoomEvent } from "./room-event.ts";
import type { Stream } from "./stream.ts";
import type { Device } from "./users.ts";

/** The spec's limit for a whole event; ours counts the content, which is nearly all of it. */
const maxContentBytes = 65_000;

export interface Draft {
  readonly sender: UserId;
  readonly type: string;
  readonly content: JsonObject;
  readonly stateKey?: string | undefined;
  readonly origin?: RoomEvent["origin"];
}

/** All rooms of the server, and the only place where events come into being. */
export class Rooms {
  readonly serverName: string;
  readonly dialect: Dialect;
  readonly stream: Stream;
  readonly aliases = new Map<string, RoomId>();
  readonly #rooms = new Map<string, Room>();

  constructor(serverName: string, dialect: Dialect, stream: Stream) {
    this.serverName = serverName;
    this.dialect = dialect;
    this.stream = stream;
  }

  open(version: string, creator: UserId): Room {
    if (!/^([6-9]|1[0-2])$/.test(version)) {
      throw badRequest("M_UNSUPPORTED_ROOM_VERSION", `Room version ${version} is not supported`);
    }
    const room = new Room(mintRoomId(this.serverName, version), version, creator);
    this.#rooms.set(room.id, room);
    return room;
  }
  all(): Iterable<Room> {
    return this.#rooms.values();
  }
  find(idOrAlias: string): Room | undefined {
    return this.#rooms.get(this.aliases.get(idOrAlias) ?? idOrAlias);
  }
  /** A room the caller should be in: one that does not exist is refused like one they are not in. */
  get(roomId: string): Room {
    const room = this.#rooms.get(roomId);
    if (room === undefined) throw forbidden(`You are not in room ${roomId}`);
    return room;
  }
  alias(alias: RoomAlias, room: Room): void {
    if (this.aliases.has(alias)) throw new Refusal(400, "M_ROOM_IN_USE", `${alias} is already taken`);
    this.aliases.set(alias, room.id);
  }

  /** Writes an event without asking who may: the callers have. */
  append(room: Room, draft: Draft): RoomEvent {
    const event: RoomEvent = {
      position: this.stream.end + 1,
      eventId: mintEventId(),
      roomId: room.id,
      sender: draft.sender,
      type: draft.type,
      stateKey: draft.stateKey,
      content: draft.content,
      originServerTs: Date.now(),
      origin: draft.origin,
      replaced: draft.stateKey === undefined ? undefined : room.stateEvent(draft.type, draft.stateKey),
      redactedBy: undefined,
    };
    room.keep(event);
    if (event.type === "m.room.redaction") strike(room, event);
    this.stream.push({ kind: "event", room, event });
    return event;
  }
  /** Sends a message event, once for each (device, transaction id): a repeat answers the first one's id. */
  send(room: Room, sender: UserId, type: string, content: JsonObject, from?: Transaction): EventId {
    if (type === "m.room.redaction") {
      return this.redact(room, sender, stringAt(content, "redacts") ?? "", stringAt(content, "reason"), from);
    }
    return once(from, () => {
      room.requirePower(sender, type, false);
      requireSize(content);
      return this.append(room, { sender, type, content, origin: originOf(from) }).eventId;
    });
  }
  setState(room: Room, sender: UserId, type: string, stateKey: string, content: JsonObject): EventId {
    room.requirePower(sender, type, true);
    requireSize(content);
    return this.append(room, { sender, type, stateKey, content }).eventId;
  }
  redact(room: Room, sender: UserId, target: string, reason?: string, from?: Transaction): EventId {
    return once(from, () => {
      const event = room.event(target);
      if (event === undefined) throw notFound("There is no such event in this room");
      room.requirePower(sender, "m.room.redaction", false);
      if (event.sender !== sender) room.requireAction(sender, "redact");
      const content = { redacts: target, ...(reason === undefined ? {} : { reason }) };
      return this.append(room, { sender, type: "m.room.redaction", content, origin: originOf(from) }).eventId;
    });
  }
}

/** What makes a send idempotent. */
export interface Transaction {
  readonly device: Device;
  readonly txnId: string;
}

/** Empties the event that a redaction names. */
function strike(room: Room, redaction: RoomEvent): void {
  const event = room.event(stringAt(redaction.content, "redacts") ?? "");
  if (event === undefined) return;
  event.content = prunedContent(event);
  event.redactedBy = redaction;
}
function once(from: Transaction | undefined, write: () => EventId): EventId {
  const known = from?.device.transactions.get(from.txnId);
  if (known !== undefined) return known;
  const eventId = write();
  from?.device.transactions.set(from.txnId, eventId);
  return eventId;
}
function originOf(from: Transaction | undefined): RoomEvent["origin"] {
  return from === undefined ? undefined : { deviceId: from.device.deviceId, txnId: from.txnId };
}
function requireSize(content: JsonObject): void {
  if (Buffer.byteLength(JSON.stringify(content)) > maxContentBytes) {
    throw new Refusal(413, "M_TOO_LARGE", "The event is larger than 65535 bytes");
  }
}
