import { RoostError } from "../core/error.ts";
import { asRoomAlias, type RoomAlias, type RoomId, serverOf, type UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import type { RoomReference } from "../core/matrix.ts";
import type { Client } from "./client.ts";
import { requireRoomId } from "./room-address.ts";

export interface ForbiddenRoomsOptions {
  readonly client: Client;
  readonly self: UserId;
  readonly references: () => readonly RoomReference[];
}

/** Another server's alias may take long to ask about, and nothing is worth waiting longer for. */
const aliasLimitMs = 15_000;

/** The rooms that the account keeps out of, whoever invites it: in admin rooms a bot would be its homeserver's administrator. */
export class ForbiddenRooms {
  readonly #options: ForbiddenRoomsOptions;
  readonly #ids = new Map<RoomAlias, RoomId>();

  constructor(options: ForbiddenRoomsOptions) {
    this.#options = options;
  }

  /** Asks what their aliases stand for. Rejects if our own homeserver could not say. */
  async identify(): Promise<void> {
    const { client, self, references } = this.#options;
    await Promise.all(
      references().map(async (reference) => {
        const alias = asRoomAlias(reference);
        if (alias === undefined) return;
        try {
          this.#ids.set(alias, await lookUpAlias(client, alias));
        } catch (error) {
          const isUnknown = error instanceof RoostError && error.code === "not-found";
          if (isUnknown) this.#ids.delete(alias);
          else if (serverOf(alias) === serverOf(self)) throw error;
        }
      }),
    );
  }

  has(room: RoomReference): boolean {
    return this.#options.references().includes(room) || [...this.#ids.values()].some((id) => id === room);
  }

  all(): ReadonlySet<RoomReference> {
    return new Set([...this.#options.references(), ...this.#ids.values()]);
  }
}

/** The room that the alias stands for. Rejects with `not-found` and the like. */
export async function lookUpAlias(client: Client, alias: RoomAlias): Promise<RoomId> {
  const path = `/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`;
  return requireRoomId(stringAt(await client.doRequest("GET", path, null, null, aliasLimitMs), "room_id"));
}
