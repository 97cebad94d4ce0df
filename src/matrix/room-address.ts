import { RoostError } from "../core/error.ts";
import { asRoomId, type RoomId, serverOf, type UserId } from "../core/id.ts";
import type { RoomReference } from "../core/matrix.ts";

/** The servers to ask for a room by its id: whoever told of it, the one it was made on, and our own if anybody here is in it. */
export function serversFor(
  reference: RoomReference,
  self: UserId,
  told: readonly string[] = [],
): readonly string[] {
  if (!reference.startsWith("!")) return [];
  const servers = [...told, serverOf(reference), serverOf(self)];
  return [...new Set(servers)].filter((server) => server !== "");
}

/** Throws RoostError `network` for an answer that names no room. */
export function requireRoomId(answered: unknown): RoomId {
  const roomId = typeof answered === "string" ? asRoomId(answered) : undefined;
  if (roomId !== undefined) return roomId;
  throw new RoostError("network", "The homeserver named no room in its answer. Roost tries again.");
}
