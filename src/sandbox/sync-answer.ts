import type { JsonObject } from "../core/json.ts";
import type { Dialect } from "./dialect.ts";
import type { Faults } from "./faults.ts";
import type { Filter } from "./filter.ts";
import type { Room } from "./room.ts";
import { type RoomEvent, strippedEvent, type Viewer, type WireEvent, wireEvent } from "./room-event.ts";
import type { Change } from "./stream.ts";
import type { Session } from "./users.ts";

interface Timeline {
  readonly events: readonly RoomEvent[];
  readonly limited: boolean;
  /** The stream position just before the first event. */
  readonly start: number;
}

/** One answer of `/sync` in the making. */
export class SyncAnswer {
  readonly #session: Session;
  readonly #viewer: Viewer;
  readonly #dialect: Dialect;
  readonly #filter: Filter;
  readonly #faults: Faults;
  readonly #join = new Map<string, JsonObject>();
  readonly #invite = new Map<string, JsonObject>();
  readonly #leave = new Map<string, JsonObject>();
  readonly #ephemeral = new Map<string, JsonObject[]>();
  readonly #accountData = new Map<string, JsonObject>();

  constructor(session: Session, dialect: Dialect, filter: Filter, faults: Faults) {
    this.#session = session;
    this.#viewer = { userId: session.user.userId, deviceId: session.device.deviceId };
    this.#dialect = dialect;
    this.#filter = filter;
    this.#faults = faults;
  }

  get isEmpty(): boolean {
    const parts = [this.#join, this.#invite, this.#leave, this.#ephemeral, this.#accountData];
    return parts.every((part) => part.size === 0);
  }
  addAccountData(type: string): void {
    const content = this.#session.user.accountData.get(type);
    if (content !== undefined) this.#accountData.set(type, { type, content });
  }
  addTyping(room: Room): void {
    this.#addEphemeral(room, { type: "m.typing", content: { user_ids: [...room.typing] } });
  }
  addReceipt({ room, user, eventId, timeMs }: Extract<Change, { kind: "receipt" }>): void {
    const content = { [eventId]: { "m.read": { [user]: { ts: timeMs } } } };
    this.#addEphemeral(room, { type: "m.receipt", content });
  }

  /** Adds what the user may see of a room since a position: all of it if they were not in it then. */
  addRoom(room: Room, since: number | undefined, fullState: boolean): void {
    const { userId } = this.#viewer;
    if (!this.#filter.showsRoom(room.id)) return;
    const own = room.stateEvent("m.room.member", userId);
    if (own === undefined) return;
    const wasJoined = since !== undefined && room.membershipAt(userId, since) === "join";
    const isNews = since === undefined || own.position > since;
    const now = room.membership(userId);
    if (now === "join") {
      const part = this.#joined(room, wasJoined ? since : undefined, since === undefined, fullState);
      if (part !== undefined) this.#join.set(room.id, part);
    } else if (now === "invite" && isNews) {
      this.#invite.set(room.id, { invite_state: { events: inviteState(room, own) } });
    } else if ((now === "leave" || now === "ban") && isNews && since !== undefined) {
      this.#leave.set(room.id, this.#left(room, wasJoined ? since : own.position - 1, own));
    }
  }

  toJson(nextBatch: string): JsonObject {
    for (const [roomId, events] of this.#ephemeral) {
      const part = this.#join.get(roomId) ?? {
        timeline: { events: [], limited: false },
        state: { events: [] },
      };
      this.#join.set(roomId, { ...part, ephemeral: { events } });
    }
    return {
      next_batch: nextBatch,
      account_data: { events: [...this.#accountData.values()] },
      presence: { events: [] },
      to_device: { events: [] },
      rooms: {
        join: Object.fromEntries(this.#join),
        invite: Object.fromEntries(this.#invite),
        leave: Object.fromEntries(this.#leave),
      },
    };
  }

  #joined(
    room: Room,
    from: number | undefined,
    initial: boolean,
    fullState: boolean,
  ): JsonObject | undefined {
    const end = room.events.length;
    const timeline = this.#timeline(room, from ?? 0, end);
    if (from !== undefined && timeline.events.length === 0 && !timeline.limited && !fullState)
      return undefined;
    const stateSince = fullState ? 0 : (from ?? 0);
    const hasState = from === undefined || timeline.limited || fullState;
    const state = hasState
      ? room.stateAt(timeline.start).filter(({ position }) => position > stateSince)
      : [];
    const joinedNow = from === undefined && !initial && this.#dialect.joinIsLimited;
    const joined = room.members().filter(({ content }) => content.membership === "join").length;
    return {
      state: { events: [...state.map((event) => this.#wire(event)), ...ballast(this.#faults.stateBytes)] },
      timeline: {
        events: this.#ordered(timeline).map((event) => this.#wire(event)),
        limited: timeline.limited || joinedNow,
        prev_batch: this.#faults.pageToken(timeline.start),
      },
      ephemeral: { events: [] },
      account_data: { events: [] },
      summary: { "m.joined_member_count": joined },
      unread_notifications: { highlight_count: 0, notification_count: 0 },
    };
  }
  #left(room: Room, from: number, own: RoomEvent): JsonObject {
    const timeline = this.#timeline(room, from, room.indexAfter(own.position));
    return {
      state: { events: [] },
      timeline: {
        events: timeline.events.map((event) => this.#wire(event)),
        limited: timeline.limited,
        prev_batch: this.#faults.pageToken(timeline.start),
      },
      account_data: { events: [] },
    };
  }
  /** The newest events after `from` and before index `end`, as many as fit. Walks back, so old history costs nothing. */
  #timeline(room: Room, from: number, end: number): Timeline {
    const limit = this.#faults.timelineLimit(this.#filter.timelineLimit);
    const events: RoomEvent[] = [];
    let start = room.events[end - 1]?.position ?? from;
    for (let at = end - 1; at >= 0; at--) {
      const event = room.events[at];
      if (event === undefined || event.position <= from) break;
      if (!this.#filter.showsEvent(event)) continue;
      if (events.length >= limit) return { events: events.reverse(), limited: true, start };
      events.push(event);
      start = event.position - 1;
    }
    return { events: events.reverse(), limited: false, start };
  }

  #ordered({ events }: Timeline): readonly RoomEvent[] {
    return this.#faults.isDisordered ? events.toReversed() : events;
  }

  #addEphemeral(room: Room, event: JsonObject): void {
    if (room.membership(this.#viewer.userId) !== "join") return;
    const others = (this.#ephemeral.get(room.id) ?? []).filter(
      ({ type }) => type !== "m.typing" || event.type !== "m.typing",
    );
    this.#ephemeral.set(room.id, [...others, event]);
  }
  #wire(event: RoomEvent): JsonObject & WireEvent {
    return { ...wireEvent(event, this.#viewer) };
  }
}

/** State events that mean nothing, of so many bytes together. */
function ballast(bytes: number): JsonObject[] {
  // No event may be larger than 65,536 bytes.
  const eventBytes = 60_000;
  return Array.from({ length: Math.ceil(bytes / eventBytes) }, (_, index) => ({
    type: "org.example.ballast",
    state_key: String(index),
    event_id: `$ballast${index}`,
    sender: "@ballast:example.org",
    origin_server_ts: 0,
    content: { weight: "x".repeat(eventBytes) },
  }));
}

function inviteState(room: Room, own: RoomEvent): JsonObject[] {
  const shown = [
    "m.room.create",
    "m.room.join_rules",
    "m.room.name",
    "m.room.canonical_alias",
    "m.room.encryption",
  ];
  const state = shown.flatMap((type) => room.stateEvent(type) ?? []);
  const inviter = room.stateEvent("m.room.member", own.sender);
  return [...state, ...(inviter === undefined ? [] : [inviter]), own].map(strippedEvent);
}
