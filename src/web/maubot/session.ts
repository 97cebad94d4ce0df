import { createRoute, z } from "@hono/zod-openapi";
import { isTokenMissing, sessionOf } from "../access.ts";
import type { Api, ApiOptions } from "../api.ts";
import { jsonBody } from "../shapes.ts";
import { MaubotRefusal, named, refuseStranger } from "./refusal.ts";
import { maubotAnswers } from "./shapes.ts";

/** Which parts of maubot's API there are; all but the way through to a homeserver. */
const features = {
  login: true,
  plugin: true,
  plugin_upload: true,
  instance: true,
  instance_database: true,
  client: true,
  client_proxy: false,
  client_auth: true,
  dev_open: false,
  log: true,
};
const featureMap = z.record(z.string(), z.boolean()).openapi("MaubotFeatures");

/** Login, and what may be asked without one. */
export function addLoginRoutes(api: Api, options: ApiOptions): void {
  addLogin(api, options);
  const { login, sessions, version } = options;

  api.openapi(
    createRoute({
      method: "post",
      path: "/auth/ping",
      summary: "Whose token this is",
      responses: maubotAnswers({
        200: ["Whose it is.", z.object({ username: z.string(), features: featureMap })],
      }),
    }),
    (context) => {
      const session = sessionOf(context, sessions);
      if (session === undefined) return refuseStranger(context, isTokenMissing(context));
      return context.json({ username: session.user, features }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/features",
      summary: "What there is; without login, only whether one can log in",
      security: [],
      responses: maubotAnswers({ 200: ["The features.", featureMap] }),
    }),
    (context) => context.json(sessionOf(context, sessions) ? features : { login: login.isPossible }, 200),
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/version",
      summary: "Roost's version",
      responses: maubotAnswers({ 200: ["The version.", z.object({ version: z.string() })] }),
    }),
    (context) =>
      sessionOf(context, sessions) === undefined
        ? refuseStranger(context, isTokenMissing(context))
        : context.json({ version }, 200),
  );
}

function addLogin(api: Api, { login, sessions, log }: ApiOptions): void {
  const credentials = z.strictObject({
    username: z.string().max(256).nullish(),
    password: z.string().max(1024).nullish(),
    secret: z.string().max(1024).nullish().describe("maubot's unshared secret, which Roost has none of."),
    user: z.string().max(256).nullish(),
  });
  api.openapi(
    createRoute({
      method: "post",
      path: "/auth/login",
      summary: "Log in: answers a bearer token",
      security: [],
      request: { body: jsonBody(credentials) },
      responses: maubotAnswers({ 200: ["Logged in.", z.object({ token: z.string() })] }),
    }),
    async (context) => {
      const { username, password } = context.req.valid("json");
      if (typeof username !== "string" || typeof password !== "string")
        throw new MaubotRefusal(
          401,
          "invalid_auth",
          "Give username and password: Roost has no unshared secret to log in with.",
        );
      const user = await named(
        { unauthorized: [401, "invalid_auth"], "not-found": [401, "invalid_auth"] },
        () => login.verify(username, password),
      );
      const token = sessions.begin(user, "token");
      log.info("Somebody logged in for a token.", { user });
      return context.json({ token }, 200);
    },
  );
}
