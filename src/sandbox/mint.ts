import {
  asEventId,
  asMxcUri,
  asRoomAlias,
  asRoomId,
  asUserId,
  type EventId,
  type MxcUri,
  type RoomAlias,
  type RoomId,
  type UserId,
} from "../core/id.ts";
import { badRequest } from "./refusal.ts";

/** Random, URL-safe text with 6 bits a character. */
export function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil((length * 3) / 4)));
  return Buffer.from(bytes).toString("base64url").slice(0, length);
}

export function mintEventId(): EventId {
  return checked(asEventId(`$${randomText(43)}`), "event id");
}
/** Room versions from 12 on have ids without a server name (MSC4291). */
export function mintRoomId(serverName: string, version: string): RoomId {
  const text = Number(version) >= 12 ? `!${randomText(43)}` : `!${randomText(18)}:${serverName}`;
  return checked(asRoomId(text), "room id");
}
export function mintMxc(serverName: string): MxcUri {
  return checked(asMxcUri(`mxc://${serverName}/${randomText(24)}`), "server name");
}
export function userIdOf(localpart: string, serverName: string): UserId {
  return checked(asUserId(`@${localpart}:${serverName}`), "user name");
}
export function roomAliasOf(localpart: string, serverName: string): RoomAlias {
  return checked(asRoomAlias(`#${localpart}:${serverName}`), "room alias");
}

function checked<Id>(id: Id | undefined, what: string): Id {
  if (id === undefined) throw badRequest("M_INVALID_PARAM", `Not a valid ${what}`);
  return id;
}
