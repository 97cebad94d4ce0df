import { RoostError } from "../core/error.ts";
import { asRoomId, type RoomId, serverOf, type UserId } from "../core/id.ts";
import { objectAt, stringAt } from "../core/json.ts";

export interface SuccessorsOptions {
  /** The rooms whose successors were found by earlier runs of the host. */
  readonly load: () => ReadonlyMap<RoomId, RoomId>;
  readonly save: (room: RoomId, successor: RoomId) => void;
  readonly join: (room: RoomId, via: readonly string[]) => Promise<RoomId>;
  readonly leave: (room: RoomId) => Promise<unknown>;
  /** The content of a state event with an empty key; undefined where there is none. */
  readonly readState: (room: RoomId, type: string) => Promise<unknown>;
}

/** Why the bot stays in a room that was closed. */
export type Obstacle =
  | { readonly kind: "closed" }
  | { readonly kind: "not-open" | "unrelated"; readonly replacement: RoomId };

const longestChain = 10;

/**
 * Follows a room's upgrades. The old room's tombstone names the new one, and only those whom its power levels allow can have put
 * it there; the new room has to name the old one as its predecessor. Where both agree, the new room takes the old one's place.
 */
export class Successors {
  readonly #options: SuccessorsOptions;
  readonly #tombstones = new Map<RoomId, { replacement: RoomId | undefined; via: string | undefined }>();
  readonly #obstacles = new Map<RoomId, Obstacle>();
  #followed: Map<RoomId, RoomId> | undefined;

  constructor(options: SuccessorsOptions) {
    this.#options = options;
  }

  /** The room that now stands in the given one's place: itself, unless it was replaced. */
  last(room: RoomId): RoomId {
    this.#followed ??= new Map(this.#options.load());
    let last = room;
    for (let step = 0; step < longestChain; step++) last = this.#followed.get(last) ?? last;
    return last;
  }

  obstacle(room: RoomId): Obstacle | undefined {
    return this.#obstacles.get(room);
  }

  /** Takes note of a room's tombstone; answers whether it says something new. */
  note(room: RoomId, tombstone: unknown, sender?: UserId): boolean {
    const replacement = asRoomId(stringAt(tombstone, "replacement_room") ?? "");
    const known = this.#tombstones.get(room);
    if (known !== undefined && known.replacement === replacement) return false;
    this.#tombstones.set(room, { replacement, via: sender === undefined ? undefined : serverOf(sender) });
    return true;
  }

  /** Goes on from a joined room to the one in its place, and answers that. Rejects if the homeserver could not say for now. */
  async follow(room: RoomId, isListed: (room: RoomId) => boolean): Promise<RoomId> {
    const passed = new Set<RoomId>();
    for (let current = room; ; ) {
      const tombstone = this.#tombstones.get(current);
      passed.add(current);
      if (tombstone === undefined) return current;
      const { replacement, via } = tombstone;
      if (replacement === undefined || passed.has(replacement) || passed.size > longestChain) {
        this.#obstacles.set(current, { kind: "closed" });
        return current;
      }
      const obstacle = await this.#enter(current, replacement, via, isListed);
      if (obstacle !== undefined) {
        this.#obstacles.set(current, { kind: obstacle, replacement });
        return current;
      }
      this.#options.save(current, replacement);
      this.#obstacles.delete(current);
      this.#followed = new Map(this.#followed).set(current, replacement);
      const next = await this.#options.readState(replacement, "m.room.tombstone");
      if (next !== undefined) this.note(replacement, next);
      current = replacement;
    }
  }

  async #enter(
    old: RoomId,
    replacement: RoomId,
    via: string | undefined,
    isListed: (room: RoomId) => boolean,
  ): Promise<"not-open" | "unrelated" | undefined> {
    const { join, leave, readState } = this.#options;
    try {
      await join(replacement, via === undefined ? [] : [via]);
    } catch (error) {
      if (error instanceof RoostError && refusals.has(error.code)) return "not-open";
      throw error;
    }
    const creation = await readState(replacement, "m.room.create");
    if (creation === undefined)
      throw new RoostError("network", "The new room's beginning could not be read.");
    if (stringAt(objectAt(creation, "predecessor"), "room_id") === old) return undefined;
    if (!isListed(replacement)) await leave(replacement);
    return "unrelated";
  }
}

const refusals: ReadonlySet<string> = new Set(["room-forbidden", "not-found", "bad-request"]);
