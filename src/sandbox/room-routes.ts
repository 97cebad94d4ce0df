import { type Context, Hono } from "hono";
import { asRoomAlias, asUserId, type UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import { jsonBody, type Parts, param } from "./parts.ts";
import { badRequest, notFound } from "./refusal.ts";
import type { Room } from "./room.ts";
import { createRoom, upgradeRoom } from "./room-creation.ts";
import { wireEvent } from "./room-event.ts";

/** Rooms, their members and their state. */
export function roomRoutes(parts: Parts): Hono {
  const { users, rooms, members } = parts;
  const routes = new Hono().basePath("/_matrix/client/v3");
  const caller = (c: Context): UserId => users.session(c.req.raw).user.userId;
  /** The room of the path, which the caller must be in. */
  const ownRoom = (c: Context): Room => {
    const room = rooms.get(param(c, "room"));
    room.requireJoined(caller(c));
    return room;
  };

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

  const join = (c: Context) => {
    const user = caller(c);
    const room = rooms.find(param(c, "room"));
    if (room === undefined) throw notFound("Can't join a room that does not exist");
    members.join(room, user);
    return c.json({ room_id: room.id });
  };
  routes.post("/join/:room", join);
  routes.post("/rooms/:room/join", join);
  routes.post("/rooms/:room/leave", (c) => {
    members.leave(rooms.get(param(c, "room")), caller(c));
    return c.json({});
  });
  routes.post("/rooms/:room/forget", (c) => {
    if (rooms.get(param(c, "room")).membership(caller(c)) === "join") {
      throw badRequest("M_UNKNOWN", "Leave the room before you forget it");
    }
    return c.json({});
  });
  routes.post("/rooms/:room/:action{invite|kick|ban|unban}", async (c) => {
    const sender = caller(c);
    const body = await jsonBody(c);
    const target = asUserId(stringAt(body, "user_id") ?? "");
    if (target === undefined) throw badRequest("M_INVALID_PARAM", "user_id is missing");
    const action = c.req.param("action");
    if (action === "invite" || action === "kick" || action === "ban" || action === "unban") {
      members[action](rooms.get(param(c, "room")), sender, target, stringAt(body, "reason"));
    }
    return c.json({});
  });
  routes.post("/rooms/:room/upgrade", async (c) => {
    const room = rooms.get(param(c, "room"));
    const version = stringAt(await jsonBody(c), "new_version") ?? "";
    return c.json({ replacement_room: upgradeRoom(rooms, members, room, caller(c), version).id });
  });

  routes.get("/rooms/:room/joined_members", (c) => {
    const joined = ownRoom(c)
      .members()
      .filter(({ content }) => content.membership === "join")
      .map(({ stateKey, content }) => [
        stateKey,
        { display_name: content.displayname, avatar_url: content.avatar_url },
      ]);
    return c.json({ joined: Object.fromEntries(joined) });
  });
  routes.get("/rooms/:room/members", (c) => {
    const wanted = c.req.query("membership");
    const found = ownRoom(c)
      .members()
      .filter(({ content }) => wanted === undefined || content.membership === wanted);
    return c.json({ chunk: found.map((event) => wireEvent(event)) });
  });

  routes.get("/rooms/:room/state", (c) =>
    c.json(
      ownRoom(c)
        .stateAt(rooms.stream.end)
        .map((event) => wireEvent(event)),
    ),
  );
  const readState = (c: Context) => {
    const event = ownRoom(c).stateEvent(param(c, "type"), param(c, "key"));
    if (event === undefined) throw notFound("Event not found.");
    return c.json(c.req.query("format") === "event" ? wireEvent(event) : event.content);
  };
  const writeState = async (c: Context) => {
    const room = ownRoom(c);
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
