import { Hono } from "hono";
import { eventRoutes } from "./event-routes.ts";
import { mediaRoutes } from "./media-routes.ts";
import type { Parts } from "./parts.ts";
import { Refusal } from "./refusal.ts";
import { roomRoutes } from "./room-routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import { userRoutes } from "./user-routes.ts";

/** The client-server API, and the one place where a refusal becomes an answer. */
export function matrixRoutes(parts: Parts): Hono {
  const routes = new Hono();
  routes.route("/", sessionRoutes(parts));
  routes.route("/", userRoutes(parts));
  routes.route("/", roomRoutes(parts));
  routes.route("/", eventRoutes(parts));
  routes.route("/", mediaRoutes(parts));
  routes.notFound(() =>
    Response.json({ errcode: "M_UNRECOGNIZED", error: "Unrecognized request" }, { status: 404 }),
  );
  routes.onError((error) => {
    if (error instanceof Refusal) return Response.json(error.body, { status: error.status });
    return Response.json({ errcode: "M_UNKNOWN", error: error.message }, { status: 500 });
  });
  return routes;
}
