import { createRoute, z } from "@hono/zod-openapi";
import type { AccountLogin } from "../../core/management.ts";
import { Secret } from "../../core/secret.ts";
import type { Api, ApiOptions } from "../api.ts";
import { answers, json, jsonBody, roomReference, userId } from "../shapes.ts";
import { answerLines } from "./lines.ts";
import { account, done, roomView, step } from "./shapes.ts";

const params = z.object({ userId: userId.openapi({ param: { name: "userId", in: "path" } }) });
const secret = z.string().min(1).max(1024);
const login = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("registration") }),
  z.strictObject({ by: z.literal("password"), password: secret }),
  z.strictObject({ by: z.literal("access-token"), accessToken: secret }),
]);
const displayname = z.string().max(255).optional();

/** Accounts, their homeserver, and rooms seen through them. */
export function addAccountRoutes(api: Api, options: ApiOptions): void {
  addReading(api, options);
  addWriting(api, options);
}

function addReading(api: Api, { management, cutSecrets }: ApiOptions): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/accounts",
      summary: "The accounts",
      responses: answers("The accounts.", z.array(account)),
    }),
    () => json(management.accounts(), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/homeserver",
      summary: "The homeserver that the accounts live on",
      responses: answers(
        "The homeserver.",
        z.object({ url: z.string(), serverName: z.string().optional(), canRegister: z.boolean() }),
      ),
    }),
    () => json(management.homeserver(), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/rooms",
      summary: "Look at rooms through an account",
      request: {
        body: jsonBody(
          z.strictObject({ account: userId, references: z.array(roomReference).min(1).max(50) }),
        ),
      },
      responses: answers("The rooms.", z.array(roomView)),
    }),
    async (context) => {
      const { account, references } = context.req.valid("json");
      return json(await management.viewRooms(account, references), cutSecrets);
    },
  );
}

function addWriting(api: Api, options: ApiOptions): void {
  const { management, cutSecrets } = options;
  api.openapi(
    createRoute({
      method: "put",
      path: "/accounts/{userId}",
      summary: "Add an account and log it in",
      request: { params, body: jsonBody(z.strictObject({ login, displayname })) },
      responses: answers(
        "One JSON line a step; the last one holds `account`, or `error` and `errcode`.",
        step,
        "application/x-ndjson",
      ),
    }),
    (context) => {
      const { userId } = context.req.valid("param");
      const { login, displayname } = context.req.valid("json");
      return answerLines(options, async (tell) => ({
        account: await management.addAccount(
          userId,
          loginOf(login),
          { displayname },
          context.get("actor"),
          tell,
        ),
      }));
    },
  );

  api.openapi(
    createRoute({
      method: "patch",
      path: "/accounts/{userId}",
      summary: "Change an account's displayname or access token",
      request: { params, body: jsonBody(z.strictObject({ displayname, accessToken: secret.optional() })) },
      responses: answers("The account.", account),
    }),
    async (context) => {
      const { displayname, accessToken } = context.req.valid("json");
      const change = {
        displayname,
        accessToken: accessToken === undefined ? undefined : new Secret(accessToken),
      };
      const { userId } = context.req.valid("param");
      return json(await management.editAccount(userId, change, context.get("actor")), cutSecrets);
    },
  );

  api.openapi(
    createRoute({
      method: "delete",
      path: "/accounts/{userId}",
      summary: "Remove an account that no instance uses",
      request: { params },
      responses: answers("What was done.", done),
    }),
    async (context) => {
      const { userId } = context.req.valid("param");
      await management.removeAccount(userId, context.get("actor"));
      return json({ message: `${userId} was removed. The homeserver still knows it.` }, cutSecrets);
    },
  );
}

function loginOf(input: z.output<typeof login>): AccountLogin {
  switch (input.by) {
    case "registration":
      return input;
    case "password":
      return { by: "password", password: new Secret(input.password) };
    case "access-token":
      return { by: "access-token", accessToken: new Secret(input.accessToken) };
  }
}
