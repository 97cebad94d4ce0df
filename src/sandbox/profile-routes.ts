import { Hono } from "hono";
import { stringAt } from "../core/json.ts";
import { jsonBody, type Parts, param, selfOf } from "./parts.ts";

/** What users show of themselves. */
export function profileRoutes(parts: Parts): Hono {
  const { users, members } = parts;
  const routes = new Hono().basePath("/_matrix/client/v3");
  routes.get("/profile/:user", (c) => {
    const { displayname, avatarUrl } = users.get(param(c, "user"));
    return c.json({ displayname, avatar_url: avatarUrl });
  });
  routes.get("/profile/:user/displayname", (c) =>
    c.json({ displayname: users.get(param(c, "user")).displayname }),
  );
  routes.get("/profile/:user/avatar_url", (c) =>
    c.json({ avatar_url: users.get(param(c, "user")).avatarUrl }),
  );
  routes.put("/profile/:user/displayname", async (c) => {
    const user = selfOf(parts, c);
    user.displayname = stringAt(await jsonBody(c), "displayname");
    members.spreadProfile(user.userId);
    return c.json({});
  });
  routes.put("/profile/:user/avatar_url", async (c) => {
    const user = selfOf(parts, c);
    user.avatarUrl = stringAt(await jsonBody(c), "avatar_url");
    members.spreadProfile(user.userId);
    return c.json({});
  });

  routes.get("/presence/:user/status", (c) => {
    users.session(c.req.raw);
    return c.json(users.get(param(c, "user")).presence);
  });
  routes.put("/presence/:user/status", async (c) => {
    selfOf(parts, c).presence = await jsonBody(c);
    return c.json({});
  });
  return routes;
}
