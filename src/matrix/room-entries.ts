import type { RoomId } from "../core/id.ts";
import type { RoomReference } from "../core/matrix.ts";
import type { Entry } from "./standing.ts";
import type { Successors } from "./successors.ts";

/** What an account has found out about rooms, by the name under which they are listed, or their id where nobody lists them. */
export class RoomEntries {
  readonly #entries = new Map<RoomReference, Entry>();
  readonly #successors: Pick<Successors, "last" | "obstacle">;

  constructor(successors: Pick<Successors, "last" | "obstacle">) {
    this.#successors = successors;
  }

  get(reference: RoomReference): Entry | undefined {
    return this.#entries.get(reference);
  }

  set(entry: Entry): void {
    this.#entries.set(entry.reference, entry);
  }

  delete(reference: RoomReference): void {
    this.#entries.delete(reference);
  }

  references(): RoomReference[] {
    return [...this.#entries.keys()];
  }

  /** Those that the given room is, or stands in the place of. */
  of(roomId: RoomId): Entry[] {
    return [...this.#entries.values()].filter((entry) => this.#placeOf(entry) === roomId);
  }

  /** The same with those that it is to take the place of, once the account may enter it. */
  for(roomId: RoomId): Entry[] {
    return [...this.#entries.values()].filter((entry) => {
      const place = this.#placeOf(entry);
      const obstacle = place === undefined ? undefined : this.#successors.obstacle(place);
      return place === roomId || (obstacle?.kind === "not-open" && obstacle.replacement === roomId);
    });
  }

  /** Whether one of them is this very room, whatever has become of it. */
  has(roomId: RoomId): boolean {
    return [...this.#entries.values()].some((entry) => entry.roomId === roomId);
  }

  isIn(reference: RoomReference): boolean {
    const entry = this.#entries.get(reference);
    return entry?.membership === "joined" && entry.certainty === "known";
  }

  /** Whether it is known which room that is, as far as it can be. */
  isSettled(reference: RoomReference): boolean {
    const entry = this.#entries.get(reference);
    return entry !== undefined && (entry.roomId !== undefined || entry.certainty === "known");
  }

  #placeOf({ roomId }: Entry): RoomId | undefined {
    return roomId === undefined ? undefined : this.#successors.last(roomId);
  }
}
