import { Hono } from "hono";
import { objectAt, stringAt } from "../core/json.ts";
import { jsonBody, type Parts, param } from "./parts.ts";
import { badRequest, notFound } from "./refusal.ts";

/** Login, logout and devices. */
export function sessionRoutes({ users }: Parts): Hono {
  const routes = new Hono();
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
