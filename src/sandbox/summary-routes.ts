import { Hono } from "hono";
import { stringAt } from "../core/json.ts";
import { type Parts, param } from "./parts.ts";
import { notFound } from "./refusal.ts";

/** What a room tells those who are not in it (Matrix 1.15). */
export function summaryRoutes({ users, rooms }: Parts): Hono {
  const routes = new Hono();
  routes.get("/_matrix/client/v1/room_summary/:room", (c) => {
    const { userId } = users.session(c.req.raw).user;
    const room = rooms.find(param(c, "room"));
    const contentOf = (type: string) => room?.stateEvent(type)?.content;
    const rule = stringAt(contentOf("m.room.join_rules"), "join_rule");
    const isShown = rule === "public" || ["join", "invite"].includes(room?.membership(userId) ?? "");
    if (room === undefined || !isShown) throw notFound("Room not found or not shown to you.");
    return c.json({
      room_id: room.id,
      join_rule: rule,
      name: contentOf("m.room.name")?.name,
      canonical_alias: contentOf("m.room.canonical_alias")?.alias,
      encryption: contentOf("m.room.encryption")?.algorithm,
    });
  });
  return routes;
}
