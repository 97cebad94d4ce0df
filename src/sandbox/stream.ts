import type { EventId, UserId } from "../core/id.ts";
import type { Room } from "./room.ts";
import type { RoomEvent } from "./room-event.ts";

/** One thing that happened on the server. Its position in the stream counts from 1. */
export type Change =
  | { readonly kind: "event"; readonly room: Room; readonly event: RoomEvent }
  | { readonly kind: "typing"; readonly room: Room }
  | {
      readonly kind: "receipt";
      readonly room: Room;
      readonly user: UserId;
      readonly eventId: EventId;
      readonly timeMs: number;
    }
  | { readonly kind: "account-data"; readonly user: UserId; readonly type: string };

/** Everything that happened, in order, so that a sync walks only what is new. */
export class Stream {
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();

  /** The position of the newest change. */
  get end(): number {
    return this.#changes.length;
  }
  push(change: Change): void {
    this.#changes.push(change);
    for (const listener of this.#listeners) listener(change);
  }
  /** The changes after `position`, oldest first. */
  *after(position: number): Generator<Change> {
    for (let at = Math.max(0, position); at < this.#changes.length; at++) {
      const change = this.#changes[at];
      if (change !== undefined) yield change;
    }
  }
  /** Calls back for every change until the returned function is called. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  /** Resolves at the next change that concerns somebody, after `delayMs`, or when `signal` aborts: whichever is first. */
  wait(concerns: (change: Change) => boolean, delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        unlisten();
        signal.removeEventListener("abort", finish);
        resolve();
      };
      const timer = setTimeout(finish, delayMs);
      const unlisten = this.listen((change) => {
        if (concerns(change)) finish();
      });
      signal.addEventListener("abort", finish);
      if (signal.aborted) finish();
    });
  }
}
