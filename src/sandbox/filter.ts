import { isObject, type JsonObject, objectAt } from "../core/json.ts";
import type { Dialect } from "./dialect.ts";
import { badRequest } from "./refusal.ts";
import type { RoomEvent } from "./room-event.ts";

/** What a client asked to be shown, as far as this server's dialect listens. */
export interface Filter {
  readonly timelineLimit: number;
  showsRoom(roomId: string): boolean;
  showsEvent(event: RoomEvent): boolean;
}

/** Reads a sync filter (the whole object of `POST /filter`). */
export function syncFilter(filter: JsonObject | undefined, dialect: Dialect): Filter {
  const rooms = objectAt(filter, "room");
  return eventFilter(objectAt(rooms, "timeline"), dialect, rooms);
}
/** Reads a `RoomEventFilter`, as `/messages` takes it; `rooms` may hold a room list of its own. */
export function eventFilter(filter: JsonObject | undefined, dialect: Dialect, rooms?: JsonObject): Filter {
  const limit = dialect.filters === "ignored" ? undefined : filter?.limit;
  const timelineLimit =
    typeof limit === "number" && limit >= 0 ? Math.min(Math.floor(limit), 100) : dialect.timelineLimit;
  if (dialect.filters !== "applied") return { timelineLimit, showsRoom: () => true, showsEvent: () => true };
  return {
    timelineLimit,
    showsRoom: (roomId) => passes(rooms, "rooms", roomId) && passes(filter, "rooms", roomId),
    showsEvent: (event) => passes(filter, "types", event.type) && passes(filter, "senders", event.sender),
  };
}

/** Parses the JSON of a query parameter that must hold an object. */
export function objectIn(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {}
  throw badRequest("M_NOT_JSON", "The filter is not a JSON object");
}

/** True if `key` is not given or lists the value, and `not_<key>` does not. `*` stands for anything. */
function passes(filter: JsonObject | undefined, key: string, value: string): boolean {
  const wanted = filter?.[key];
  const unwanted = filter?.[`not_${key}`];
  const listed = (list: readonly unknown[]) => list.some((pattern) => matches(pattern, value));
  return (!Array.isArray(wanted) || listed(wanted)) && !(Array.isArray(unwanted) && listed(unwanted));
}
function matches(pattern: unknown, value: string): boolean {
  if (typeof pattern !== "string") return false;
  const parts = pattern.split("*");
  const [first = ""] = parts;
  if (parts.length === 1) return pattern === value;
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const last = parts.at(-1) ?? "";
  return value.length - at >= last.length && value.endsWith(last);
}
