import { createRoute, z } from "@hono/zod-openapi";
import type { Actor } from "../../core/management.ts";
import { Secret } from "../../core/secret.ts";
import type { Api, ApiOptions } from "../api.ts";
import { json, jsonBody } from "../shapes.ts";
import { putClient } from "./clients.ts";
import { MaubotRefusal, named } from "./refusal.ts";
import { client, maubotAnswers } from "./shapes.ts";

const session = z
  .object({
    user_id: z.string(),
    access_token: z.string(),
    device_id: z.string(),
    warning: z.string().optional(),
  })
  .openapi("MaubotLogin");
const body = z.strictObject({
  username: z.string().max(255).nullish(),
  password: z.string().max(1024).nullish(),
  device_name: z.string().max(255).nullish(),
  user_type: z.string().max(255).nullish(),
});
const serverParams = z.object({
  server: z
    .string()
    .max(255)
    .openapi({ param: { name: "server", in: "path" }, example: "example.org" }),
});
const query = z.object({
  update_client: z
    .string()
    .max(8)
    .optional()
    .describe("true: keep the session as a client, and do not tell its token."),
  sso: z.string().max(8).optional(),
});
const truths = ["1", "true", "yes"];

/** Logins and registrations on the homeserver, for the caller or for a client of Roost's. */
export function addClientAuthRoutes(api: Api, options: ApiOptions): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/client/auth/servers",
      summary: "The homeserver, by its name",
      responses: maubotAnswers({ 200: ["Its address by its name.", z.record(z.string(), z.string())] }),
    }),
    (context) => {
      const { url } = options.management.homeserver();
      return context.json({ [serverName(options)]: url }, 200);
    },
  );

  for (const verb of ["register", "login"] as const) {
    api.openapi(
      createRoute({
        method: "post",
        path: `/client/auth/{server}/${verb}`,
        summary: verb === "login" ? "Log in on the homeserver" : "Register on the homeserver, with its token",
        request: { params: serverParams, query, body: jsonBody(body) },
        responses: maubotAnswers({
          200: ["A session, which Roost keeps nowhere.", session],
          201: ["The client was added.", client],
          202: ["The client was there, and has the new session.", client],
        }),
      }),
      (context) => {
        const { update_client, sso } = context.req.valid("query");
        requireServer(context.req.valid("param").server, options);
        if (truths.includes(sso?.toLowerCase() ?? ""))
          throw verb === "login"
            ? new MaubotRefusal(
                403,
                "sso_not_supported",
                "Single sign-on is not supported: log in with a password.",
              )
            : new MaubotRefusal(400, "registration_no_sso", "Registering takes a password: leave sso out.");
        const isKept = truths.includes(update_client?.toLowerCase() ?? "");
        return authenticate(context.req.valid("json"), { verb, isKept }, options, context.get("actor"));
      },
    );
  }
}

async function authenticate(
  { username, password, device_name, user_type }: z.output<typeof body>,
  { verb, isKept }: { readonly verb: "login" | "register"; readonly isKept: boolean },
  options: ApiOptions,
  actor: Actor,
): Promise<Response> {
  const { management, cutSecrets } = options;
  if (!username || !password)
    throw new MaubotRefusal(400, "username_or_password_missing", "Give username and password.");
  if (verb === "register" && !management.homeserver().canRegister)
    throw new MaubotRefusal(
      404,
      "registration_secret_not_found",
      "The config has no homeserver.registration_token to register with.",
    );
  const how = { register: verb === "register", deviceName: device_name ?? "Roost" };
  const made = await named(homeserverRefusals, () =>
    management.makeSession(username, new Secret(password), how, actor),
  );
  const { userId, accessToken, deviceId } = made;
  const asked = { access_token: accessToken.reveal(), device_id: deviceId };
  if (isKept) {
    const { isNew, shown } = await putClient(userId, asked, options, actor);
    return json(shown, cutSecrets, isNew ? 201 : 202);
  }
  const warning = user_type
    ? { warning: "user_type has no effect: the homeserver's token makes usual accounts." }
    : {};
  // The one answer that holds a token: the caller's own, made for this request.
  return Response.json({ user_id: userId, ...asked, ...warning });
}

const homeserverRefusals = {
  "login-refused": [403, "M_FORBIDDEN"],
  "registration-token-wrong": [403, "M_FORBIDDEN"],
  "registration-closed": [403, "M_FORBIDDEN"],
  "user-id-taken": [400, "M_USER_IN_USE"],
} as const;

function requireServer(name: string, options: ApiOptions): void {
  const known = serverName(options);
  if (name !== known)
    throw new MaubotRefusal(404, "server_not_found", `Roost serves one homeserver: write ${known}.`);
}

/** What stands behind the colon of its users; before there is one, its host. */
function serverName({ management }: ApiOptions): string {
  const { url, serverName } = management.homeserver();
  return serverName ?? new URL(url).host;
}
