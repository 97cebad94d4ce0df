import { Hono } from "hono";
import { objectAt, stringAt } from "../core/json.ts";
import { jsonBody, type Parts, param } from "./parts.ts";
import { badRequest, notFound } from "./refusal.ts";

/** Discovery, registration, login and devices. */
export function sessionRoutes(parts: Parts): Hono {
  const { users, registration, dialect } = parts;
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

  routes.get("/_matrix/client/v3/login", (c) => c.json({ flows: [{ type: "m.login.password" }] }));
  routes.post("/_matrix/client/v3/login", async (c) => {
    const body = await jsonBody(c);
    if (body.type !== "m.login.password") throw badRequest("M_UNKNOWN", "Unknown login type");
    const name = stringAt(objectAt(body, "identifier"), "user") ?? stringAt(body, "user") ?? "";
    const deviceName = stringAt(body, "initial_device_display_name");
    const { user, device } = users.logIn(
      name,
      stringAt(body, "password") ?? "",
      stringAt(body, "device_id"),
      deviceName,
    );
    return c.json({
      user_id: user.userId,
      access_token: device.accessToken.reveal(),
      device_id: device.deviceId,
    });
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

  routes.get("/_matrix/client/v3/account/whoami", (c) => {
    const { user, device } = users.session(c.req.raw);
    return c.json({ user_id: user.userId, device_id: device.deviceId, is_guest: false });
  });
  routes.post("/_matrix/client/v3/logout", (c) => {
    users.close(users.session(c.req.raw));
    return c.json({});
  });
  routes.post("/_matrix/client/v3/logout/all", (c) => {
    const { user } = users.session(c.req.raw);
    for (const device of [...user.devices.values()]) users.close({ user, device });
    return c.json({});
  });
  routes.get("/_matrix/client/v3/devices", (c) => {
    const { user } = users.session(c.req.raw);
    return c.json({ devices: [...user.devices.values()].map(shownDevice) });
  });
  routes.get("/_matrix/client/v3/devices/:device", (c) => {
    const device = users.session(c.req.raw).user.devices.get(param(c, "device"));
    if (device === undefined) throw notFound("No such device");
    return c.json(shownDevice(device));
  });
  return routes;
}

function shownDevice(device: { deviceId: string; displayName: string | undefined }) {
  return { device_id: device.deviceId, display_name: device.displayName };
}
