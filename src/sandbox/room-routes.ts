import { type Context, Hono } from "hono";
import { asRoomAlias, type UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import { jsonBody, ownRoom, type Parts, param } from "./parts.ts";
import { badRequest, notFound } from "./refusal.ts";
import { createRoom, upgradeRoom } from "./room-creation.ts";
import { wireEvent } from "./room-event.ts";

/** Rooms, their aliases and their state. */
export function roomRoutes(parts: Parts): Hono {
  const { users, rooms, members } = parts;
  const routes = new Hono().basePath("/_matrix/client/v3");
  const caller = (c: Context): UserId => users.session(c.req.raw).user.userId;

  routes.post("/createRoom", async (c) =>
    c.json({ room_id: createRoom(rooms, members, caller(c), await jsonBody(c)).id }),
  );
  routes.get("/joined_rooms", (c) => {
    const user = caller(c);
    const joined = [...rooms.all()].filter((room) => room.membership(user) === "join");
    return c.json({ joined_rooms: joined.map(({ id }) => id) });
  });
  routes.get("/directory/room/:alias", (c) => {
    const room = rooms.find(param(c, "alias"));
    if (room === undefined) throw notFound(`Room alias ${param(c, "alias")} not found`);
    return c.json({ room_id: room.id, servers: [parts.serverName] });
  });
  routes.put("/directory/room/:alias", async (c) => {
    const alias = asRoomAlias(param(c, "alias"));
    const room = rooms.get(stringAt(await jsonBody(c), "room_id") ?? "");
    room.requireJoined(caller(c));
    if (alias === undefined) throw badRequest("M_INVALID_PARAM", "Not a room alias");
    rooms.alias(alias, room);
    return c.json({});
  });
  routes.post("/rooms/:room/upgrade", async (c) => {
    const room = rooms.get(param(c, "room"));
    const version = stringAt(await jsonBody(c), "new_version") ?? "";
    return c.json({ replacement_room: upgradeRoom(rooms, members, room, caller(c), version).id });
  });

  routes.get("/rooms/:room/state", (c) =>
    c.json(
      ownRoom(parts, c)
        .stateAt(rooms.stream.end)
        .map((event) => wireEvent(event)),
    ),
  );
  const readState = (c: Context) => {
    const event = ownRoom(parts, c).stateEvent(param(c, "type"), param(c, "key"));
    if (event === undefined) throw notFound("Event not found.");
    return c.json(c.req.query("format") === "event" ? wireEvent(event) : event.content);
  };
  const writeState = async (c: Context) => {
    const room = ownRoom(parts, c);
    const [type, key] = [param(c, "type"), param(c, "key")];
    return c.json({ event_id: members.setState(room, caller(c), type, key, await jsonBody(c)) });
  };
  // The slash before an empty state key may be left out or not (spec, 11.6.1.2).
  for (const end of ["", "/", "/:key"]) {
    const path = `/rooms/:room/state/:type${end}`;
    routes.get(path, readState);
    routes.put(path, writeState);
  }
  return routes;
}
