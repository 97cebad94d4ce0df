import type { UserId } from "../core/id.ts";
import type { HostLogger } from "../core/log.ts";
import type { RoomReference, RoomStanding } from "../core/matrix.ts";

/** What is wrong with an account's listed rooms: each thing is said once, and so is its end. */
export class RoomFaults {
  readonly #self: UserId;
  readonly #log: HostLogger;
  readonly #advised = new Map<RoomReference, string>();

  constructor(self: UserId, log: HostLogger) {
    this.#self = self;
    this.#log = log;
  }

  tell({ reference, advice }: RoomStanding): void {
    if (this.#advised.get(reference) === advice) return;
    const context = { account: this.#self, room: reference };
    if (advice === undefined) {
      this.#advised.delete(reference);
      this.#log.clear(this.#key(reference), "The account is in the room again.", context);
    } else {
      this.#advised.set(reference, advice);
      this.#log.raise("WARN", { key: this.#key(reference) }, advice, context);
    }
  }

  /** It is none of the account's rooms any more. */
  forget(reference: RoomReference): void {
    if (this.#advised.delete(reference))
      this.#log.clear(this.#key(reference), "The bot works there no more.");
  }

  #key(reference: RoomReference): string {
    return `room ${reference} of ${this.#self}`;
  }
}
