/**
 * Matrix identifiers as branded strings, so that a room can never be passed where a user is meant.
 * Each `as...` function checks the shape (Matrix spec, appendices 4.2) and answers undefined for anything else;
 * casting elsewhere is a defect.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** The admin's name of an instance: lower-case letters, digits, `-`, `_`; it becomes a folder name. */
export type InstanceId = Branded<"InstanceId">;
export type UserId = Branded<"UserId">;
export type RoomId = Branded<"RoomId">;
export type RoomAlias = Branded<"RoomAlias">;
export type EventId = Branded<"EventId">;
export type MxcUri = Branded<"MxcUri">;
/** A transaction id: what makes a repeated send the same send. */
export type TxnId = Branded<"TxnId">;

const serverName = "[A-Za-z0-9.:\\[\\]-]+";
const patterns = {
  instance: /^[a-z0-9][a-z0-9_-]{0,62}$/,
  user: new RegExp(`^@[\\x21-\\x39\\x3B-\\x7E]*:${serverName}$`),
  // Room version 12 ids are a bare hash without a server (MSC4291).
  room: new RegExp(`^!(?:[^\\s:]+:${serverName}|[A-Za-z0-9_-]{20,})$`),
  alias: new RegExp(`^#[^\\s:]+:${serverName}$`),
  event: /^\$\S+$/,
  mxc: new RegExp(`^mxc://${serverName}/[A-Za-z0-9_-]+$`),
};

export function asInstanceId(text: string): InstanceId | undefined {
  return patterns.instance.test(text) ? (text as InstanceId) : undefined;
}
export function asUserId(text: string): UserId | undefined {
  return text.length <= 255 && patterns.user.test(text) ? (text as UserId) : undefined;
}
export function asRoomId(text: string): RoomId | undefined {
  return text.length <= 255 && patterns.room.test(text) ? (text as RoomId) : undefined;
}
export function asRoomAlias(text: string): RoomAlias | undefined {
  return text.length <= 255 && patterns.alias.test(text) ? (text as RoomAlias) : undefined;
}
export function asEventId(text: string): EventId | undefined {
  return text.length <= 255 && patterns.event.test(text) ? (text as EventId) : undefined;
}
export function asMxcUri(text: string): MxcUri | undefined {
  return patterns.mxc.test(text) ? (text as MxcUri) : undefined;
}
/** Stands in for the event that caused a send where none did: a timer's, say. No homeserver makes one like it. */
export function madeUpEventId(): EventId {
  return `$roost-${crypto.randomUUID()}` as EventId;
}
/** Transaction ids are made by the host alone (a hash or a random UUID), so nothing is checked. */
export function asTxnId(text: string): TxnId {
  return text as TxnId;
}

/** What stands behind the first colon; empty for an id without a server, as those of rooms of version 12 are. */
export function serverOf(id: string): string {
  return id.includes(":") ? id.slice(id.indexOf(":") + 1) : "";
}
