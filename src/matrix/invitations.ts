import { failureClass } from "../core/error.ts";
import type { RoomId, UserId } from "../core/id.ts";
import type { Logger } from "../core/log.ts";
import type { Client } from "./client.ts";
import type { Invitation } from "./event.ts";

export interface InvitationsOptions {
  readonly client: Client;
  readonly self: UserId;
  readonly log: Logger;
}

/** Invitations not answered yet. */
export class Invitations {
  readonly #options: InvitationsOptions;
  readonly #pending = new Map<RoomId, Invitation>();

  constructor(options: InvitationsOptions) {
    this.#options = options;
  }

  add(invitation: Invitation): void {
    this.#pending.set(invitation.roomId, invitation);
  }

  /** It was taken back. */
  remove(roomId: RoomId): void {
    this.#pending.delete(roomId);
  }

  /** Accepts those to listed rooms, declines the others, and keeps those of which it cannot be said yet. */
  async answer(
    isListed: (roomId: RoomId) => boolean | "unknown",
    accept: (roomId: RoomId) => Promise<void>,
  ): Promise<void> {
    for (const [roomId, invitation] of [...this.#pending]) {
      const listed = isListed(roomId);
      if (listed === "unknown") continue;
      this.#pending.delete(roomId);
      await (listed ? accept(roomId) : this.#decline(invitation));
    }
  }

  async #decline(invitation: Invitation): Promise<void> {
    const { client, self, log } = this.#options;
    const { roomId, inviter } = invitation;
    const context = { account: self, room: roomId, inviter };
    try {
      await client.leaveRoom(roomId);
      log.info("Declined an invitation to a room that no instance lists.", context);
    } catch (error) {
      if (failureClass(error) !== "permanent") {
        this.#pending.set(roomId, invitation);
        throw error;
      }
      log.info("An invitation to a room that no instance lists could not be declined.", context);
    }
  }
}
