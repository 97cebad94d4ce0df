import { signedInOnly } from "../access.ts";
import { type Api, type ApiOptions, boundedBody, closeApi, createApi } from "../api.ts";
import { addAccountRoutes } from "./accounts.ts";
import { addEventRoutes } from "./events.ts";
import { addInstanceRoutes } from "./instances.ts";
import { addLogRoutes } from "./logs.ts";
import { addPluginRoutes } from "./plugins.ts";
import { addSessionRoutes } from "./session.ts";
import { addUpkeepRoutes } from "./upkeep.ts";

/** Roost's own API, below `/_roost/v1`; `describeApis` answers the OpenAPI document. What stands after `signedInOnly` is for those who are logged in. */
export function roostApi(options: ApiOptions, describeApis: () => object): Api {
  const { sessions } = options;
  const api = createApi(options);
  api.use(boundedBody(({ req }) => req.method === "POST" && req.path.endsWith("/plugins")));
  addSessionRoutes(api, options);
  api.use(
    signedInOnly(sessions, (context) =>
      context.json({ error: "Log in first.", errcode: "unauthorized" }, 401),
    ),
  );
  addEventRoutes(api, options);
  addInstanceRoutes(api, options);
  addLogRoutes(api, options);
  addPluginRoutes(api, options);
  addAccountRoutes(api, options);
  addUpkeepRoutes(api, options);
  // After the login: it names no secret, but nobody else needs it.
  api.get("/openapi.json", (context) => context.json(describeApis()));
  closeApi(api, { 404: "not-found", 405: "bad-request" });
  return api;
}
