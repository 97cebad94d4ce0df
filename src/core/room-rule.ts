import { asRoomAlias, type RoomId, serverOf, type UserId } from "./id.ts";
import type { RoomReference } from "./matrix.ts";

/** Where an instance works, as its YAML says it: in the rooms it lists, or with `any` in every room that its account is in. */
export type RoomRule = "any" | readonly RoomReference[];

/** The same by room ids, for judging what comes and goes. */
export type RoomScope = { readonly except: ReadonlySet<RoomReference> } | ReadonlySet<RoomId>;

export function listedRooms(rule: RoomRule): readonly RoomReference[] {
  return rule === "any" ? [] : rule;
}

export function includesRoom(scope: RoomScope, roomId: RoomId): boolean {
  return "except" in scope ? !scope.except.has(roomId) : scope.has(roomId);
}

/** The rooms in which no bot works: the one that `admin.room` names, and the one whose members command a homeserver of the conduwuit family. */
export function adminRooms(named: RoomReference | undefined, self: UserId): RoomReference[] {
  const alias = asRoomAlias(`#admins:${serverOf(self)}`);
  return [named, alias].filter((each) => each !== undefined);
}
