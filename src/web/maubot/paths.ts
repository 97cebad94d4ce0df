import { Hono } from "hono";

/** What maubot answers beside its API: where its page and its API are, and the homeserver's pushes, which it never took in. */
export function maubotPaths(): Hono {
  const app = new Hono();
  app.get("/maubot/paths.json", (context) => context.json({ api_path: "/_matrix/maubot/v1" }));
  for (const path of ["/maubot", "/maubot/"]) app.get(path, (context) => context.redirect("/", 302));
  app.put("/appservice/v1/transactions/:id", (context) =>
    context.json({ error: "Roost takes no events pushed to it: it syncs.", errcode: "not_implemented" }, 501),
  );
  app.all("*", (context) =>
    context.json({ error: "There is nothing here.", errcode: "resource_not_found" }, 404),
  );
  return app;
}
