import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiOptions } from "../api.ts";
import { clientParams, requireAccount } from "./clients.ts";
import { MaubotRefusal } from "./refusal.ts";
import { maubotAnswers } from "./shapes.ts";

const verbs = [
  [
    "clearcache",
    "Roost keeps its place in the sync, so that no message is lost or answered twice. Restart an instance to have its rooms looked at anew.",
  ],
  ["verify", "Roost does not read encrypted rooms, so there are no keys to verify."],
  ["generate_recovery_key", "Roost does not read encrypted rooms, so there are no keys to recover."],
] as const;

/** What maubot does and Roost does not, each refused with the reason. */
export function addUnsupportedRoutes(api: Api, options: ApiOptions): void {
  for (const [verb, sentence] of verbs) {
    api.openapi(
      createRoute({
        method: "post",
        path: `/client/{id}/${verb}`,
        summary: "Refused, with the reason",
        request: { params: clientParams },
        responses: maubotAnswers({}),
      }),
      (context) => {
        requireAccount(context.req.valid("param").id, options);
        throw new MaubotRefusal(409, "not_supported", sentence);
      },
    );
  }

  api.all("/proxy/:id/*", () => {
    throw new MaubotRefusal(
      403,
      "client_proxy_disabled",
      "Roost passes no requests on with an account's token: make a session of your own with client/auth.",
    );
  });

  api.openapi(
    createRoute({
      method: "get",
      path: "/debug/open",
      summary: "Whether files can be opened in an editor: never",
      responses: maubotAnswers({ 200: ["Never.", z.object({ enabled: z.literal(false) })] }),
    }),
    (context) => context.json({ enabled: false }, 200),
  );
}
