import { RoostError } from "../../core/error.ts";
import { sameOriginOnly, signedInOnly } from "../access.ts";
import { type Api, type ApiOptions, boundedBody, createApi, refuse } from "../api.ts";
import { addOverviewRoutes } from "./overview.ts";
import { addSessionRoutes } from "./session.ts";

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
    boundedBody,
  );
  addSessionRoutes(api, options);
  api.use(
    signedInOnly(sessions, (context) =>
      context.json({ error: "Log in first.", errcode: "unauthorized" }, 401),
    ),
  );
  addOverviewRoutes(api, options);
  api.notFound((context) => context.json({ error: "There is nothing here.", errcode: "not-found" }, 404));
  return api;
}
