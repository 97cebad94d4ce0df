import { type Context, Hono } from "hono";
import { asUserId, type UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import { jsonBody, ownRoom, type Parts, param } from "./parts.ts";
import { badRequest, notFound } from "./refusal.ts";
import { wireEvent } from "./room-event.ts";

/** Who is in a room, and how they get in and out. */
export function membershipRoutes(parts: Parts): Hono {
  const { users, rooms, members } = parts;
  const routes = new Hono().basePath("/_matrix/client/v3");
  const caller = (c: Context): UserId => users.session(c.req.raw).user.userId;

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
  routes.get("/rooms/:room/joined_members", (c) => {
    const joined = ownRoom(parts, c)
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
    const found = ownRoom(parts, c)
      .members()
      .filter(({ content }) => wanted === undefined || content.membership === wanted);
    return c.json({ chunk: found.map((event) => wireEvent(event)) });
  });
  return routes;
}
