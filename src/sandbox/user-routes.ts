import { type Context, Hono } from "hono";
import { stringAt } from "../core/json.ts";
import { jsonBody, type Parts, param } from "./parts.ts";
import { forbidden, notFound } from "./refusal.ts";
import type { User } from "./users.ts";

/** What belongs to one user: profile, presence, account data, filters, and the sync. */
export function userRoutes(parts: Parts): Hono {
  const { users, members, rooms, sync } = parts;
  const routes = new Hono().basePath("/_matrix/client/v3");
  /** The user named in the path, who must be the one asking. */
  const self = (c: Context): User => {
    const { user } = users.session(c.req.raw);
    if (user.userId !== param(c, "user")) throw forbidden("This belongs to another user");
    return user;
  };

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
    const user = self(c);
    user.displayname = stringAt(await jsonBody(c), "displayname");
    members.spreadProfile(user.userId);
    return c.json({});
  });
  routes.put("/profile/:user/avatar_url", async (c) => {
    const user = self(c);
    user.avatarUrl = stringAt(await jsonBody(c), "avatar_url");
    members.spreadProfile(user.userId);
    return c.json({});
  });

  routes.get("/presence/:user/status", (c) => {
    users.session(c.req.raw);
    return c.json(users.get(param(c, "user")).presence);
  });
  routes.put("/presence/:user/status", async (c) => {
    self(c).presence = await jsonBody(c);
    return c.json({});
  });

  routes.get("/user/:user/account_data/:type", (c) => {
    const content = self(c).accountData.get(param(c, "type"));
    if (content === undefined) throw notFound("Account data not found");
    return c.json(content);
  });
  routes.put("/user/:user/account_data/:type", async (c) => {
    const user = self(c);
    user.accountData.set(param(c, "type"), await jsonBody(c));
    rooms.stream.push({ kind: "account-data", user: user.userId, type: param(c, "type") });
    return c.json({});
  });

  routes.post("/user/:user/filter", async (c) => {
    const { filters } = self(c);
    return c.json({ filter_id: String(filters.push(await jsonBody(c)) - 1) });
  });
  routes.get("/user/:user/filter/:filter", (c) => {
    const filter = self(c).filters[Number(param(c, "filter"))];
    if (filter === undefined) throw notFound("No such filter");
    return c.json(filter);
  });

  routes.get("/sync", async (c) => {
    const session = users.session(c.req.raw);
    const signal = AbortSignal.any([c.req.raw.signal, parts.closing()]);
    return c.json(await sync.answer(session, new URL(c.req.url).searchParams, signal));
  });
  return routes;
}
