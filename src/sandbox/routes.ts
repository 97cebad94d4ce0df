import { Hono } from "hono";
import { historyRoutes } from "./history-routes.ts";
import { mediaRoutes } from "./media-routes.ts";
import { membershipRoutes } from "./membership-routes.ts";
import type { Parts } from "./parts.ts";
import { profileRoutes } from "./profile-routes.ts";
import { answerRefusals } from "./refusal.ts";
import { registrationRoutes } from "./registration-routes.ts";
import { roomRoutes } from "./room-routes.ts";
import { sendRoutes } from "./send-routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import { summaryRoutes } from "./summary-routes.ts";
import { userRoutes } from "./user-routes.ts";

/** The client-server API. */
export function matrixRoutes(parts: Parts): Hono {
  const routes = answerRefusals(new Hono());
  routes.route("/", registrationRoutes(parts));
  routes.route("/", sessionRoutes(parts));
  routes.route("/", profileRoutes(parts));
  routes.route("/", userRoutes(parts));
  routes.route("/", roomRoutes(parts));
  routes.route("/", summaryRoutes(parts));
  routes.route("/", membershipRoutes(parts));
  routes.route("/", sendRoutes(parts));
  routes.route("/", historyRoutes(parts));
  routes.route("/", mediaRoutes(parts));
  return routes;
}
