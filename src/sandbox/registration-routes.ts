import { Hono } from "hono";
import { jsonBody, type Parts } from "./parts.ts";
import { badRequest } from "./refusal.ts";

/** What a client can ask before it has an account: what server this is, and to be registered. */
export function registrationRoutes({ users, registration, dialect }: Parts): Hono {
  const routes = new Hono();
  routes.get("/.well-known/matrix/client", (c) =>
    c.json({ "m.homeserver": { base_url: new URL(c.req.url).origin } }),
  );
  routes.get("/_matrix/client/versions", (c) =>
    c.json({ versions: dialect.versions, unstable_features: {} }),
  );
  routes.get("/_matrix/client/v3/capabilities", (c) => {
    users.session(c.req.raw);
    const available = { "9": "stable", "10": "stable", "11": "stable", "12": "stable" };
    return c.json({ capabilities: { "m.room_versions": { default: dialect.roomVersion, available } } });
  });
  routes.post("/_matrix/client/v3/register", async (c) => {
    const body = await jsonBody(c);
    if (c.req.query("kind") === "guest") throw badRequest("M_GUEST_ACCESS_FORBIDDEN", "No guests here");
    return c.json(registration.register(body));
  });
  routes.get("/_matrix/client/v3/register/available", (c) => {
    registration.localpart(c.req.query("username") ?? "");
    return c.json({ available: true });
  });
  routes.get("/_matrix/client/v1/register/m.login.registration_token/validity", (c) =>
    c.json({ valid: registration.isValid(c.req.query("token") ?? "") }),
  );
  return routes;
}
