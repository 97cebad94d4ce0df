import type { RoomId } from "../core/id.ts";
import type { MatrixEvent } from "../core/matrix.ts";

/**
 * The place where decryption will go: every event of a sync passes here, gaps included, on its way into the batch. Until
 * encryption is built it passes all of them on as they are, and tells which rooms hold events that nobody here can read.
 */
export class Decryptor {
  readonly #noteUnreadable: (roomId: RoomId) => void;

  constructor(noteUnreadable: (roomId: RoomId) => void) {
    this.#noteUnreadable = noteUnreadable;
  }

  decrypt(events: readonly MatrixEvent[]): readonly MatrixEvent[] {
    for (const event of events) if (event.type === "m.room.encrypted") this.#noteUnreadable(event.roomId);
    return events;
  }
}
