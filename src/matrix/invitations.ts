import { failureClass } from "../core/error.ts";
import { type RoomId, serverOf, type UserId } from "../core/id.ts";
import type { Logger } from "../core/log.ts";
import type { Invitation, InvitationStore } from "../core/matrix.ts";
import type { Client } from "./client.ts";
import { serversFor } from "./room-address.ts";

export interface InvitationsOptions {
  readonly client: Client;
  readonly self: UserId;
  readonly log: Logger;
  readonly store: InvitationStore;
}

/** `listed` by an instance; `welcome` because one works in any room. */
export type InvitationVerdict = "listed" | "welcome" | "unwanted" | "unknown";

/** Invitations not answered yet, those that an earlier run of the host left among them. */
export class Invitations {
  readonly #options: InvitationsOptions;
  #known: Map<RoomId, Invitation> | undefined;

  constructor(options: InvitationsOptions) {
    this.#options = options;
  }

  get areThere(): boolean {
    return this.#pending.size > 0;
  }

  /** Throws RoostError `database` if it could not be written down. */
  add(invitation: Invitation): void {
    this.#options.store.save(invitation);
    this.#pending.set(invitation.roomId, invitation);
  }

  /** It was answered, or taken back. */
  remove(roomId: RoomId): void {
    if (this.#pending.delete(roomId)) this.#options.store.remove(roomId);
  }

  get #pending(): Map<RoomId, Invitation> {
    this.#known ??= new Map(this.#options.store.load().map((each) => [each.roomId, each]));
    return this.#known;
  }

  /** Accepts those to listed rooms and welcome ones, declines the others, and keeps those of which it cannot be said yet. */
  async answer(
    judge: (roomId: RoomId) => InvitationVerdict,
    enterListed: (roomId: RoomId) => Promise<void>,
  ): Promise<void> {
    for (const [roomId, invitation] of [...this.#pending]) {
      switch (judge(roomId)) {
        case "listed":
          await enterListed(roomId);
          break;
        case "welcome":
          await this.#accept(invitation);
          break;
        case "unwanted":
          await this.#decline(invitation);
          break;
        case "unknown":
          continue;
      }
      this.remove(roomId);
    }
  }

  #accept(invitation: Invitation): Promise<void> {
    const { client, self } = this.#options;
    const { roomId, inviter } = invitation;
    const servers = serversFor(roomId, self, inviter === undefined ? [] : [serverOf(inviter)]);
    return this.#settle(
      invitation,
      () => client.joinRoom(roomId, [...servers]),
      "Accepted an invitation, because an instance works in any room.",
      "An invitation could not be accepted: have the account invited again.",
    );
  }

  #decline(invitation: Invitation): Promise<void> {
    return this.#settle(
      invitation,
      () => this.#options.client.leaveRoom(invitation.roomId),
      "Declined an invitation to a room that no instance lists.",
      "An invitation to a room that no instance lists could not be declined.",
    );
  }

  /** One that the homeserver cannot settle now waits for the next time. */
  async #settle(
    invitation: Invitation,
    act: () => Promise<unknown>,
    done: string,
    failed: string,
  ): Promise<void> {
    const { self, log } = this.#options;
    const { roomId, inviter } = invitation;
    const context = { account: self, room: roomId, inviter };
    try {
      await act();
      log.info(done, context);
    } catch (error) {
      if (failureClass(error) !== "permanent") throw error;
      log.info(failed, context);
    }
  }
}
