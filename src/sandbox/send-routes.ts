import { Hono } from "hono";
import { asEventId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import { jsonBody, type Parts, param, seatOf } from "./parts.ts";
import { badRequest, forbidden } from "./refusal.ts";

/** What a user puts into a room: events, redactions, typing notices and receipts. */
export function sendRoutes(parts: Parts): Hono {
  const { rooms } = parts;
  const routes = new Hono().basePath("/_matrix/client");
  routes.put("/v3/rooms/:room/send/:type/:txn", async (c) => {
    const { session, room, viewer } = seatOf(parts, c);
    const from = { device: session.device, txnId: param(c, "txn") };
    const content = await jsonBody(c);
    return c.json({ event_id: rooms.send(room, viewer.userId, param(c, "type"), content, from) });
  });
  routes.put("/v3/rooms/:room/redact/:event/:txn", async (c) => {
    const { session, room, viewer } = seatOf(parts, c);
    const from = { device: session.device, txnId: param(c, "txn") };
    const reason = stringAt(await jsonBody(c), "reason");
    return c.json({ event_id: rooms.redact(room, viewer.userId, param(c, "event"), reason, from) });
  });
  routes.put("/v3/rooms/:room/typing/:user", async (c) => {
    const { room, viewer } = seatOf(parts, c);
    room.requireJoined(viewer.userId);
    if (viewer.userId !== param(c, "user")) throw forbidden("Cannot type for somebody else");
    if ((await jsonBody(c)).typing === true) room.typing.add(viewer.userId);
    else room.typing.delete(viewer.userId);
    rooms.stream.push({ kind: "typing", room });
    return c.json({});
  });
  routes.post("/v3/rooms/:room/receipt/:type/:event", (c) => {
    const { room, viewer } = seatOf(parts, c);
    room.requireJoined(viewer.userId);
    const eventId = asEventId(param(c, "event"));
    if (eventId === undefined) throw badRequest("M_INVALID_PARAM", "Not an event id");
    rooms.stream.push({ kind: "receipt", room, user: viewer.userId, eventId, timeMs: Date.now() });
    return c.json({});
  });
  return routes;
}
