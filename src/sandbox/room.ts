import type { RoomId, UserId } from "../core/id.ts";
import { type JsonObject, objectAt, stringAt } from "../core/json.ts";
import { forbidden } from "./refusal.ts";
import type { RoomEvent } from "./room-event.ts";

export type Membership = "join" | "invite" | "leave" | "ban" | "knock" | "none";

/** One room: its timeline, the state that came of it, and who may do what in it. It only keeps; `Rooms` writes. */
export class Room {
  readonly id: RoomId;
  readonly version: string;
  readonly creator: UserId;
  readonly events: RoomEvent[] = [];
  readonly typing = new Set<UserId>();
  readonly #byId = new Map<string, RoomEvent>();
  readonly #state = new Map<string, RoomEvent>();

  constructor(id: RoomId, version: string, creator: UserId) {
    this.id = id;
    this.version = version;
    this.creator = creator;
  }

  keep(event: RoomEvent): void {
    this.events.push(event);
    this.#byId.set(event.eventId, event);
    if (event.stateKey !== undefined) this.#state.set(stateId(event.type, event.stateKey), event);
  }
  event(eventId: string): RoomEvent | undefined {
    return this.#byId.get(eventId);
  }
  stateEvent(type: string, stateKey = ""): RoomEvent | undefined {
    return this.#state.get(stateId(type, stateKey));
  }
  /** The state as it was when the stream was at `position`. */
  stateAt(position: number): RoomEvent[] {
    const found: RoomEvent[] = [];
    for (const current of this.#state.values()) {
      const event = eventAt(current, position);
      if (event !== undefined) found.push(event);
    }
    return found;
  }
  /** The index of the first event after `position`. */
  indexAfter(position: number): number {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const event = this.events[middle];
      if (event !== undefined && event.position <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  membership(user: string): Membership {
    return membershipOf(this.stateEvent("m.room.member", user));
  }
  membershipAt(user: string, position: number): Membership {
    return membershipOf(eventAt(this.stateEvent("m.room.member", user), position));
  }
  members(): RoomEvent[] {
    return [...this.#state.values()].filter((event) => event.type === "m.room.member");
  }

  power(user: string): number {
    if (Number(this.version) >= 12 && user === this.creator) return Number.POSITIVE_INFINITY;
    const levels = this.stateEvent("m.room.power_levels")?.content;
    if (levels === undefined) return user === this.creator ? 100 : 0;
    return numberAt(objectAt(levels, "users"), user) ?? numberAt(levels, "users_default") ?? 0;
  }
  requireJoined(user: string): void {
    if (this.membership(user) !== "join") throw forbidden(`User ${user} is not in room ${this.id}`);
  }
  /** Throws a 403 unless the user is in the room and may send such an event. */
  requirePower(user: string, type: string, isState: boolean): void {
    this.requireJoined(user);
    const levels = this.stateEvent("m.room.power_levels")?.content;
    const ordinary = isState
      ? (numberAt(levels, "state_default") ?? 50)
      : (numberAt(levels, "events_default") ?? 0);
    this.#require(user, numberAt(objectAt(levels, "events"), type) ?? ordinary, `send ${type}`);
  }
  /** The same for the actions that have a level of their own. */
  requireAction(user: string, action: "invite" | "kick" | "ban" | "redact"): void {
    this.requireJoined(user);
    const levels = this.stateEvent("m.room.power_levels")?.content;
    this.#require(user, numberAt(levels, action) ?? (action === "invite" ? 0 : 50), action);
  }
  #require(user: string, level: number, what: string): void {
    if (this.power(user) < level) throw forbidden(`You don't have permission to ${what} (level ${level})`);
  }
}

function stateId(type: string, stateKey: string): string {
  return `${type}\n${stateKey}`;
}
function eventAt(current: RoomEvent | undefined, position: number): RoomEvent | undefined {
  let event = current;
  while (event !== undefined && event.position > position) event = event.replaced;
  return event;
}
function membershipOf(event: RoomEvent | undefined): Membership {
  const found = stringAt(event?.content, "membership");
  return found === "join" || found === "invite" || found === "leave" || found === "ban" || found === "knock"
    ? found
    : "none";
}
function numberAt(levels: JsonObject | undefined, key: string): number | undefined {
  const found = levels?.[key];
  return typeof found === "number" ? found : undefined;
}
