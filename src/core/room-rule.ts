import type { RoomId } from "./id.ts";
import type { RoomReference } from "./matrix.ts";

/** Where an instance works, as its YAML says it: in the rooms it lists, or with `any` in every room that its account is in. */
export type RoomRule = "any" | readonly RoomReference[];

/** The same by room ids, for judging what comes and goes. */
export type RoomScope = "any" | ReadonlySet<RoomId>;

export function listedRooms(rule: RoomRule): readonly RoomReference[] {
  return rule === "any" ? [] : rule;
}

export function includesRoom(scope: RoomScope, roomId: RoomId): boolean {
  return scope === "any" || scope.has(roomId);
}
