import type { UserId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Faults } from "./faults.ts";
import { type Filter, objectIn, syncFilter } from "./filter.ts";
import { badRequest } from "./refusal.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Change } from "./stream.ts";
import { SyncAnswer } from "./sync-answer.ts";
import type { Session } from "./users.ts";

/** `GET /sync`: what is new for a user since a token, waiting for it if there is nothing yet. */
export class Sync {
  readonly #rooms: Rooms;
  readonly #faults: Faults;

  constructor(rooms: Rooms, faults: Faults) {
    this.#rooms = rooms;
    this.#faults = faults;
  }

  /** Waits at most as long as the client asked, and no longer than until `signal` aborts. */
  async answer(session: Session, query: URLSearchParams, signal: AbortSignal): Promise<JsonObject> {
    const { dialect, stream } = this.#rooms;
    const filter = syncFilter(this.#filterIn(session, query), dialect);
    const asked = query.get("timeout");
    const wishMs = asked === null ? dialect.defaultTimeoutMs : Number(asked) || 0;
    const timeoutMs = Math.min(Math.max(wishMs, dialect.shortestWaitMs), dialect.longestWaitMs);
    const deadlineMs = performance.now() + timeoutMs;
    const fullState = query.get("full_state") === "true";
    const asSince = this.#since(query.get("since"));
    const isFuture = asSince !== undefined && asSince > stream.end;
    const since = isFuture ? stream.end : asSince;
    const answersAtOnce = since === undefined || fullState || (isFuture && dialect.skipsFutureSince);
    for (;;) {
      const answer = this.#collect(session, since, filter, fullState);
      const leftMs = deadlineMs - performance.now();
      if (answersAtOnce || !answer.isEmpty || leftMs <= 0 || signal.aborted) {
        return answer.toJson(this.#faults.syncToken(stream.end));
      }
      await stream.wait((change) => concerns(change, session.user.userId), leftMs, signal);
    }
  }

  #filterIn({ user }: Session, query: URLSearchParams): JsonObject | undefined {
    const filter = query.get("filter");
    if (filter === null || filter === "") return undefined;
    return filter.startsWith("{") ? objectIn(filter) : user.filters[Number(filter)];
  }
  /** The position to start from: undefined means an initial sync. */
  #since(token: string | null): number | undefined {
    if (token === null || token === "") return undefined;
    const position = this.#faults.position(token);
    if (position === undefined && this.#rooms.dialect.refusesBadSince) {
      throw badRequest("M_UNKNOWN", "Invalid stream token");
    }
    return position;
  }

  #collect(session: Session, since: number | undefined, filter: Filter, fullState: boolean): SyncAnswer {
    const { user } = session;
    const answer = new SyncAnswer(session, this.#rooms.dialect, filter, this.#faults);
    if (since === undefined || fullState) {
      for (const type of user.accountData.keys()) answer.addAccountData(type);
      for (const room of this.#rooms.all()) answer.addRoom(room, since, fullState);
      return answer;
    }
    const from = since - this.#faults.takeRepeat();
    const touched = new Set<Room>();
    for (const change of this.#rooms.stream.after(from)) {
      if (change.kind === "event") touched.add(change.room);
      else if (change.kind === "typing") answer.addTyping(change.room);
      else if (change.kind === "receipt") answer.addReceipt(change);
      else if (change.user === user.userId) answer.addAccountData(change.type);
    }
    for (const room of touched) answer.addRoom(room, from, false);
    return answer;
  }
}

function concerns(change: Change, user: UserId): boolean {
  return change.kind === "account-data" ? change.user === user : change.room.membership(user) !== "none";
}
