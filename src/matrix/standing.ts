import { RoostError, sentenceOf } from "../core/error.ts";
import type { RoomId, UserId } from "../core/id.ts";
import type { RoomReference, RoomStanding } from "../core/matrix.ts";
import type { Obstacle, Successors } from "./successors.ts";

/** What the account found out about one room. */
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
  readonly successors: Pick<Successors, "last" | "obstacle">;
  /** Whether the config names it, or the account is there because an instance works in any room. */
  readonly isListed: boolean;
}

/** A listed room as the rest of the house is told of it, with what an admin should do about it. */
export function standingOf(entry: Entry, facts: RoomFacts, self: UserId): RoomStanding {
  const { reference, membership } = entry;
  const roomId = entry.roomId === undefined ? undefined : facts.successors.last(entry.roomId);
  const encrypted = roomId !== undefined && facts.encrypted.has(roomId);
  const advice = adviceFor(entry, roomId, facts, encrypted, self);
  return { reference, roomId, membership, encrypted, advice };
}

/** What it says of a room that the account was not let in, given the membership known before. */
export function foundByRefusal(
  known: Entry["membership"] | undefined,
  error: unknown,
): Pick<Entry, "membership" | "certainty" | "cause"> {
  switch (error instanceof RoostError ? error.code : undefined) {
    case "room-forbidden": {
      // Matrix has no error code for a ban; its servers say it in words.
      const isBanned = known === "banned" || (error instanceof Error && /\bbanned\b/i.test(error.message));
      return { membership: isBanned ? "banned" : "invite-needed", certainty: "known" };
    }
    case "not-found":
    case "bad-request":
      return { membership: "unresolved", certainty: "known" };
    default:
      return { membership: known ?? "unresolved", certainty: "unanswered", cause: sentenceOf(error) };
  }
}

function adviceFor(
  entry: Entry,
  roomId: RoomId | undefined,
  facts: RoomFacts,
  encrypted: boolean,
  self: UserId,
): string | undefined {
  const { membership, certainty, cause } = entry;
  const isMoved = roomId !== undefined && roomId !== entry.roomId;
  const room = isMoved ? `${roomId}, which replaced ${entry.reference},` : entry.reference;
  if (certainty === "asking") return undefined;
  if (certainty === "unanswered" && membership !== "joined") {
    return `The homeserver could not let ${self} into ${room} yet; it is asked again. ${cause ?? ""}`.trimEnd();
  }
  switch (membership) {
    case "joined": {
      const obstacle = roomId === undefined ? undefined : facts.successors.obstacle(roomId);
      if (!facts.isListed) return encrypted ? unreadable(room) : unreached(room, obstacle, self);
      if (obstacle !== undefined) return stuck(room, obstacle, self);
      if (isMoved && !encrypted) return moved(entry.reference, roomId, self);
      return encrypted ? unreadable(room) : undefined;
    }
    default:
      return adviceOutside(membership, room, self);
  }
}

export function unreadable(room: string): string {
  return `${room} is encrypted, and Roost cannot read encrypted rooms yet: use a room without encryption.`;
}

/** How the account gets into a room that it is not in. */
export function adviceOutside(
  membership: Exclude<RoomStanding["membership"], "joined">,
  room: string,
  self: UserId,
): string {
  switch (membership) {
    case "invite-needed":
      return `Invite ${self} into ${room}: the room is not open to it.`;
    case "banned":
      return `${self} is banned from ${room}: have the ban lifted and invite it, or take the room out of the config.`;
    case "left":
      return `${self} is no longer in ${room}: invite it again, or take the room out of the config.`;
    case "forbidden":
      return `${room} is the admin room, where no bot works, for whoever is in it may command the homeserver: take it out of this instance's rooms.`;
    case "unresolved":
      return `The homeserver does not know ${room}: correct it, or invite ${self} into the room.`;
  }
}

function moved(room: RoomReference, successor: RoomId, self: UserId): string {
  return `${room} was replaced by ${successor}, and ${self} works there now: write "${successor}" in its place in the config.`;
}

/** Of a room that nobody lists nothing else has to be corrected. */
function unreached(room: string, obstacle: Obstacle | undefined, self: UserId): string | undefined {
  return obstacle?.kind === "not-open"
    ? `${room} was replaced by ${obstacle.replacement}, which is not open to ${self}: invite it there.`
    : undefined;
}

function stuck(room: string, obstacle: Obstacle, self: UserId): string {
  switch (obstacle.kind) {
    case "closed":
      return `${room} was closed on the homeserver: take it out of the config.`;
    case "not-open":
      return `${room} was replaced by ${obstacle.replacement}, which is not open to ${self}: invite it there, and write "${obstacle.replacement}" in the config.`;
    case "unrelated":
      return `${room} was closed in favour of ${obstacle.replacement}, which does not say that it is its successor, so ${self} does not follow: write "${obstacle.replacement}" in the config if that is meant.`;
  }
}
