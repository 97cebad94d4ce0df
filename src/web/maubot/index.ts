import type { Context } from "hono";
import { signedInOnly } from "../access.ts";
import { type Api, type ApiOptions, boundedBody, closeApi, createApi } from "../api.ts";
import { addClientAuthRoutes } from "./client-auth.ts";
import { addClientRoutes } from "./clients.ts";
import { addDatabaseRoutes } from "./database.ts";
import { addInstanceRoutes } from "./instances.ts";
import { addLogSocket } from "./logs.ts";
import { addPluginRoutes } from "./plugins.ts";
import { answerMaubotError, refuseStranger } from "./refusal.ts";
import { addLoginRoutes } from "./session.ts";
import { addUnsupportedRoutes } from "./unsupported.ts";

/**
 * maubot's management API, below `/_matrix/maubot/v1`, so that `mbc` and other programs written for it work. Where it differs, and
 * why, is in docs/maubot-differences.md. What stands after `signedInOnly` is for those who are logged in.
 */
export function maubotApi(options: ApiOptions): Api {
  const { sessions, cutSecrets } = options;
  const api = createApi(options, (context, error) => answerMaubotError(context, error, cutSecrets));
  api.use(boundedBody(isUpload), async ({ req }, next) => {
    // Bodies are JSON whatever they are said to be: many a script never says.
    if (!isUpload({ req }) && req.raw.body !== null) req.raw.headers.set("content-type", "application/json");
    await next();
  });
  addLoginRoutes(api, options);
  addLogSocket(api, options);
  api.use(signedInOnly(sessions, refuseStranger));
  addPluginRoutes(api, options);
  addInstanceRoutes(api, options);
  addDatabaseRoutes(api, options);
  addClientAuthRoutes(api, options);
  addClientRoutes(api, options);
  addUnsupportedRoutes(api, options);
  closeApi(api, { 404: "resource_not_found", 405: "method_not_allowed" });
  return api;
}

function isUpload({ req }: Pick<Context, "req">): boolean {
  return (
    (req.method === "POST" && req.path.endsWith("/plugins/upload")) ||
    (req.method === "PUT" && req.path.includes("/v1/plugin/"))
  );
}
