/** What a person sees in all rooms while a conversation goes on, receipts and typing included. */
import { isObject, type JsonObject, objectAt, stringAt } from "../../../src/core/json.ts";
import type { MatrixUser } from "../../doubles/matrix-user.ts";

export interface Observed {
  readonly roomId: string;
  readonly by: string;
  /** As the homeserver sent it, without what differs from moment to moment. */
  readonly seen: JsonObject;
}

export class Observer {
  readonly observed: Observed[] = [];
  readonly #user: MatrixUser;
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(user: MatrixUser) {
    this.#user = user;
  }

  open(): void {
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let since = "";
    while (!this.#abort.signal.aborted) {
      const query = new URLSearchParams({
        timeout: since === "" ? "0" : "1000",
        ...(since !== "" && { since }),
      });
      const batch = await this.#user.request("GET", `/_matrix/client/v3/sync?${query}`);
      since = stringAt(batch, "next_batch") ?? "";
      const rooms = objectAt(batch, "rooms");
      for (const [roomId, room] of Object.entries(objectAt(rooms, "join") ?? {})) {
        this.#keep(roomId, objectAt(room, "timeline")?.events, ofTimeline);
        this.#keep(roomId, objectAt(room, "ephemeral")?.events, ofMoment);
      }
      for (const [roomId, room] of Object.entries(objectAt(rooms, "invite") ?? {}))
        this.#keep(roomId, objectAt(room, "invite_state")?.events, ofTimeline);
    }
  }

  #keep(
    roomId: string,
    events: unknown,
    read: (event: JsonObject) => readonly Omit<Observed, "roomId">[],
  ): void {
    for (const event of (Array.isArray(events) ? events : []).filter(isObject))
      this.observed.push(...read(event).map((part) => ({ roomId, ...part })));
  }
}

function ofTimeline(event: JsonObject): Omit<Observed, "roomId">[] {
  const { event_id, type, state_key, content, redacts, sender } = event;
  return [{ by: String(sender), seen: { event_id, type, state_key, redacts, content } }];
}

/** Receipts and typing, which are said of several people at once. */
function ofMoment({ type, content }: JsonObject): Omit<Observed, "roomId">[] {
  if (type === "m.typing") {
    const users = isObject(content) && Array.isArray(content.user_ids) ? content.user_ids : [];
    return users.map((user) => ({ by: String(user), seen: { type } }));
  }
  return Object.entries(isObject(content) ? content : {}).flatMap(([eventId, kinds]) =>
    Object.entries(isObject(kinds) ? kinds : {}).flatMap(([kind, users]) =>
      Object.keys(isObject(users) ? users : {}).map((by) => ({ by, seen: { type, kind, of: eventId } })),
    ),
  );
}
