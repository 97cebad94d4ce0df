import type { RoomId, UserId } from "../core/id.ts";
import type { RoomReference, RoomStanding } from "../core/matrix.ts";

/** What the account found out about one listed room. */
export interface Entry {
  readonly reference: RoomReference;
  readonly roomId: RoomId | undefined;
  readonly membership: RoomStanding["membership"];
  /** `asking`: not known yet. `unanswered`: the homeserver could not say for now, and the rest is what was known before. */
  readonly certainty: "known" | "asking" | "unanswered";
  /** Why it is unanswered, as a sentence. */
  readonly cause?: string;
}

/** What rooms themselves are like, whoever is in them. */
export interface RoomFacts {
  readonly encrypted: ReadonlySet<RoomId>;
  /** The rooms that took the place of closed ones; undefined for one that was closed for good. */
  readonly replacements: ReadonlyMap<RoomId, RoomId | undefined>;
}

/** A listed room as the rest of the house is told of it, with what an admin should do about it. */
export function standingOf(entry: Entry, facts: RoomFacts, self: UserId): RoomStanding {
  const { reference, roomId, membership } = entry;
  const encrypted = roomId !== undefined && facts.encrypted.has(roomId);
  return { reference, roomId, membership, encrypted, advice: adviceFor(entry, facts, encrypted, self) };
}

function adviceFor(entry: Entry, facts: RoomFacts, encrypted: boolean, self: UserId): string | undefined {
  const { reference: room, roomId, membership, certainty, cause } = entry;
  if (certainty === "asking") return undefined;
  if (certainty === "unanswered" && membership !== "joined") {
    return `The homeserver could not let ${self} into ${room} yet; it is asked again. ${cause ?? ""}`.trimEnd();
  }
  switch (membership) {
    case "joined":
      if (roomId !== undefined && facts.replacements.has(roomId))
        return moved(room, facts.replacements.get(roomId));
      return encrypted
        ? `${room} is encrypted, and Roost cannot read encrypted rooms yet: list a room without encryption.`
        : undefined;
    case "invite-needed":
      return `Invite ${self} into ${room}: the room is not open to it.`;
    case "banned":
      return `${self} is banned from ${room}: have the ban lifted and invite it, or take the room out of the config.`;
    case "left":
      return `${self} is no longer in ${room}: invite it again, or take the room out of the config.`;
    case "unresolved":
      return `The homeserver does not know ${room}: correct it, or invite ${self} into the room.`;
  }
}

function moved(room: RoomReference, replacement: RoomId | undefined): string {
  return replacement === undefined
    ? `${room} was closed on the homeserver: take it out of the config.`
    : `${room} was replaced by ${replacement}: write "${replacement}" in its place in the config.`;
}
