import { type Context, Hono } from "hono";
import { objectAt } from "../core/json.ts";
import { eventFilter, objectIn } from "./filter.ts";
import { type Parts, param, seatOf } from "./parts.ts";
import { badRequest, forbidden, notFound } from "./refusal.ts";
import type { Room } from "./room.ts";
import { type RoomEvent, type Viewer, type WireEvent, wireEvent } from "./room-event.ts";

const ordinaryLimit = 10;

/** Reading events outside of the sync. */
export function historyRoutes(parts: Parts): Hono {
  const { faults, rooms } = parts;
  const routes = new Hono().basePath("/_matrix/client");
  routes.get("/v3/rooms/:room/event/:event", (c) => {
    const { room, viewer } = seatOf(parts, c);
    return c.json(wireEvent(visibleEvent(room, viewer, param(c, "event")), viewer));
  });
  routes.get("/v3/rooms/:room/context/:event", (c) => {
    const { room, viewer } = seatOf(parts, c);
    const event = visibleEvent(room, viewer, param(c, "event"));
    const half = Math.ceil(limitOf(c) / 2);
    const index = room.indexAfter(event.position - 1);
    const before = room.events.slice(Math.max(0, index - half), index).reverse();
    const last = lastVisible(room, viewer, rooms.stream.end);
    const after = room.events.slice(index + 1, index + 1 + half).filter(({ position }) => position <= last);
    return c.json({
      event: wireEvent(event, viewer),
      events_before: before.map((one) => wireEvent(one, viewer)),
      events_after: after.map((one) => wireEvent(one, viewer)),
      state: room.stateAt(event.position).map((one) => wireEvent(one)),
      start: faults.pageToken((before.at(-1) ?? event).position - 1),
      end: faults.pageToken((after.at(-1) ?? event).position),
    });
  });

  routes.get("/v3/rooms/:room/messages", (c) => {
    const { room, viewer } = seatOf(parts, c);
    const query = c.req.query("filter");
    const filter = eventFilter(query === undefined ? undefined : objectIn(query), parts.dialect);
    const page = pageOf(parts, c, room, viewer, (event) => filter.showsEvent(event));
    return c.json({ ...page, state: [] });
  });
  const relations = (c: Context) => {
    const { room, viewer } = seatOf(parts, c);
    const { event_id: target } = wireEvent(visibleEvent(room, viewer, param(c, "event")));
    const [relType, type] = [c.req.param("relType"), c.req.param("eventType")];
    const page = pageOf(parts, c, room, viewer, (event) => {
      const relation = objectAt(event.content, "m.relates_to");
      if (relation?.event_id !== target) return false;
      return (
        (relType === undefined || relation.rel_type === relType) &&
        (type === undefined || event.type === type)
      );
    });
    return c.json({ chunk: page.chunk, ...(page.end === undefined ? {} : { next_batch: page.end }) });
  };
  routes.get("/v1/rooms/:room/relations/:event", relations);
  routes.get("/v1/rooms/:room/relations/:event/:relType", relations);
  routes.get("/v1/rooms/:room/relations/:event/:relType/:eventType", relations);
  return routes;
}

interface Page {
  readonly chunk: readonly WireEvent[];
  readonly start: string;
  /** Absent at the end of what the user may see. */
  readonly end?: string;
}

/** One page of a room's history. A token stands between two stream positions, so pages neither overlap nor skip. */
function pageOf(
  { faults, rooms }: Parts,
  c: Context,
  room: Room,
  viewer: Viewer,
  shows: (event: RoomEvent) => boolean,
): Page {
  const backwards = (c.req.query("dir") ?? "b") === "b";
  const lastSeen = lastVisible(room, viewer, rooms.stream.end);
  const from = Math.min(tokenAt(c, "from") ?? (backwards ? lastSeen : 0), lastSeen);
  const to = tokenAt(c, "to") ?? (backwards ? 0 : lastSeen);
  const limit = limitOf(c);
  const chunk: WireEvent[] = [];
  const step = backwards ? -1 : 1;
  let edge = from;
  let index = room.indexAfter(from) + (backwards ? -1 : 0);
  for (; chunk.length < limit; index += step) {
    const event = room.events[index];
    const isBeyond = event === undefined || (backwards ? event.position <= to : event.position > to);
    if (isBeyond || event.position > lastSeen) return { chunk, start: faults.pageToken(from) };
    edge = backwards ? event.position - 1 : event.position;
    if (shows(event)) chunk.push(wireEvent(event, viewer));
  }
  return { chunk, start: faults.pageToken(from), end: faults.pageToken(edge) };

  function tokenAt(context: Context, name: string): number | undefined {
    const token = context.req.query(name);
    if (token === undefined || token === "") return undefined;
    const position = faults.position(token);
    if (position === undefined) throw badRequest("M_INVALID_PARAM", `Invalid ${name} parameter`);
    return position;
  }
}

/** The last stream position whose events the user may see: now for those in the room, their leaving for others. */
function lastVisible(room: Room, { userId }: Viewer, now: number): number {
  const own = room.stateEvent("m.room.member", userId);
  if (own === undefined || room.membership(userId) === "invite") {
    throw forbidden(`User ${userId} not in room ${room.id}`);
  }
  return room.membership(userId) === "join" ? now : own.position;
}
function visibleEvent(room: Room, viewer: Viewer, eventId: string): RoomEvent {
  const event = room.event(eventId);
  const last = lastVisible(room, viewer, Number.POSITIVE_INFINITY);
  if (event === undefined || event.position > last) throw notFound("Event not found.");
  return event;
}
function limitOf(c: Context): number {
  const limit = Number(c.req.query("limit") ?? ordinaryLimit);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, 1000) : ordinaryLimit;
}
