import { Hono } from "hono";
import { jsonBody, type Parts, param, selfOf } from "./parts.ts";
import { notFound } from "./refusal.ts";

/** What a user keeps on the server, and the sync. */
export function userRoutes(parts: Parts): Hono {
  const { users, rooms, sync } = parts;
  const routes = new Hono().basePath("/_matrix/client/v3");
  routes.get("/user/:user/account_data/:type", (c) => {
    const content = selfOf(parts, c).accountData.get(param(c, "type"));
    if (content === undefined) throw notFound("Account data not found");
    return c.json(content);
  });
  routes.put("/user/:user/account_data/:type", async (c) => {
    const user = selfOf(parts, c);
    user.accountData.set(param(c, "type"), await jsonBody(c));
    rooms.stream.push({ kind: "account-data", user: user.userId, type: param(c, "type") });
    return c.json({});
  });

  routes.post("/user/:user/filter", async (c) => {
    const { filters } = selfOf(parts, c);
    return c.json({ filter_id: String(filters.push(await jsonBody(c)) - 1) });
  });
  routes.get("/user/:user/filter/:filter", (c) => {
    const filter = selfOf(parts, c).filters[Number(param(c, "filter"))];
    if (filter === undefined) throw notFound("No such filter");
    return c.json(filter);
  });

  routes.get("/sync", async (c) => {
    const session = users.session(c.req.raw);
    session.user.presence = { presence: c.req.query("set_presence") ?? "online" };
    const signal = AbortSignal.any([c.req.raw.signal, parts.closing()]);
    return c.json(await sync.answer(session, new URL(c.req.url).searchParams, signal));
  });
  return routes;
}
