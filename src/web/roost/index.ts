import { RoostError } from "../../core/error.ts";
import { sameOriginOnly, signedInOnly } from "../access.ts";
import { type Api, type ApiOptions, boundedBody, createApi, refuse } from "../api.ts";
import { addAccountRoutes } from "./accounts.ts";
import { addEventRoutes } from "./events.ts";
import { addInstanceRoutes } from "./instances.ts";
import { addLogRoutes } from "./logs.ts";
import { addOverviewRoutes } from "./overview.ts";
import { addPluginRoutes } from "./plugins.ts";
import { addSessionRoutes } from "./session.ts";
import { addUpkeepRoutes } from "./upkeep.ts";

/** Roost's own API, below `/_roost/v1`. What stands after `signedInOnly` is for those who are logged in. */
export function roostApi(options: ApiOptions): Api {
  const { sessions, cutSecrets } = options;
  const api = createApi(options);
  api.use(
    sameOriginOnly((context) =>
      refuse(
        context,
        new RoostError("bad-request", "Only Roost's own page and programs may ask this."),
        cutSecrets,
      ),
    ),
    boundedBody(({ req }) => req.method === "POST" && req.path.endsWith("/plugins")),
  );
  addSessionRoutes(api, options);
  api.use(
    signedInOnly(sessions, (context) =>
      context.json({ error: "Log in first.", errcode: "unauthorized" }, 401),
    ),
  );
  addOverviewRoutes(api, options);
  addEventRoutes(api, options);
  addInstanceRoutes(api, options);
  addLogRoutes(api, options);
  addPluginRoutes(api, options);
  addAccountRoutes(api, options);
  addUpkeepRoutes(api, options);
  // After the login: it names no secret, but nobody else needs it.
  api.get("/openapi.json", (context) =>
    context.json(
      api.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "Roost", version: options.version } }),
    ),
  );
  api.notFound((context) => context.json({ error: "There is nothing here.", errcode: "not-found" }, 404));
  return api;
}
