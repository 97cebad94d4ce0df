import { Hono } from "hono";
import { eventRoutes } from "./event-routes.ts";
import { mediaRoutes } from "./media-routes.ts";
import type { Parts } from "./parts.ts";
import { answerRefusals } from "./refusal.ts";
import { roomRoutes } from "./room-routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import { userRoutes } from "./user-routes.ts";

/** The client-server API. */
export function matrixRoutes(parts: Parts): Hono {
  const routes = answerRefusals(new Hono());
  routes.route("/", sessionRoutes(parts));
  routes.route("/", userRoutes(parts));
  routes.route("/", roomRoutes(parts));
  routes.route("/", eventRoutes(parts));
  routes.route("/", mediaRoutes(parts));
  return routes;
}
