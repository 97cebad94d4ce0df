import { asUserId, type EventId, type RoomId, type UserId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Parts } from "./parts.ts";
import { badRequest, notFound } from "./refusal.ts";
import type { Room } from "./room.ts";
import { createRoom, upgradeRoom } from "./room-creation.ts";
import type { Session } from "./users.ts";

export interface RoomWish {
  readonly name?: string;
  /** The local part: `ops` becomes `#ops:server`. */
  readonly alias?: string;
  readonly invite?: readonly string[];
  /** Anybody may join; otherwise only the invited. */
  readonly public?: boolean;
  readonly encrypted?: boolean;
  /** The dialect's own, if not given. */
  readonly version?: string;
}

/** A person on the sandbox homeserver, acted by a test or by the demo. Throws `Refusal` where a client would get an error. */
export class SandboxUser {
  readonly #parts: Parts;
  readonly #session: Session;

  constructor(parts: Parts, session: Session) {
    this.#parts = parts;
    this.#session = session;
  }

  get userId(): UserId {
    return this.#session.user.userId;
  }
  get accessToken(): string {
    return this.#session.device.accessToken.reveal();
  }
  createRoom(wish: RoomWish = {}): RoomId {
    const encryption = { type: "m.room.encryption", content: { algorithm: "m.megolm.v1.aes-sha2" } };
    return createRoom(this.#parts.rooms, this.#parts.members, this.userId, {
      preset: wish.public === true ? "public_chat" : "private_chat",
      name: wish.name,
      room_alias_name: wish.alias,
      invite: wish.invite ?? [],
      room_version: wish.version,
      initial_state: wish.encrypted === true ? [encryption] : [],
    }).id;
  }
  /** Posts an `m.text`; `extra` is laid over its content. */
  say(roomId: string, body: string, extra: JsonObject = {}): EventId {
    return this.send(roomId, "m.room.message", { msgtype: "m.text", body, ...extra });
  }
  send(roomId: string, type: string, content: JsonObject): EventId {
    return this.#parts.rooms.send(this.#room(roomId), this.userId, type, content);
  }
  setState(roomId: string, type: string, content: JsonObject, stateKey = ""): EventId {
    return this.#parts.members.setState(this.#room(roomId), this.userId, type, stateKey, content);
  }
  redact(roomId: string, eventId: string, reason?: string): EventId {
    return this.#parts.rooms.redact(this.#room(roomId), this.userId, eventId, reason);
  }
  join(roomIdOrAlias: string): void {
    this.#parts.members.join(this.#room(roomIdOrAlias), this.userId);
  }
  leave(roomId: string): void {
    this.#parts.members.leave(this.#room(roomId), this.userId);
  }
  invite(roomId: string, userId: string): void {
    this.#parts.members.invite(this.#room(roomId), this.userId, userIn(userId));
  }
  kick(roomId: string, userId: string, reason?: string): void {
    this.#parts.members.kick(this.#room(roomId), this.userId, userIn(userId), reason);
  }
  ban(roomId: string, userId: string, reason?: string): void {
    this.#parts.members.ban(this.#room(roomId), this.userId, userIn(userId), reason);
  }
  unban(roomId: string, userId: string): void {
    this.#parts.members.unban(this.#room(roomId), this.userId, userIn(userId));
  }
  /** Answers the new room's id. */
  upgradeRoom(roomId: string, version: string): RoomId {
    const { rooms, members } = this.#parts;
    return upgradeRoom(rooms, members, this.#room(roomId), this.userId, version).id;
  }

  #room(idOrAlias: string): Room {
    const room = this.#parts.rooms.find(idOrAlias);
    if (room === undefined) throw notFound(`There is no room ${idOrAlias}`);
    return room;
  }
}

function userIn(text: string): UserId {
  const userId = asUserId(text);
  if (userId === undefined) throw badRequest("M_INVALID_PARAM", `${text} is not a user id`);
  return userId;
}
