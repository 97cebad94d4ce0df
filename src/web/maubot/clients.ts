import { createRoute, z } from "@hono/zod-openapi";
import { asUserId, type UserId } from "../../core/id.ts";
import type { AccountInfo, Actor } from "../../core/management.ts";
import { Secret } from "../../core/secret.ts";
import type { Api, ApiOptions } from "../api.ts";
import { json, jsonBody } from "../shapes.ts";
import { MaubotRefusal, named } from "./refusal.ts";
import { answered, client, type MaubotClient, MaubotView, maubotAnswers } from "./shapes.ts";

export const clientParams = z.object({
  id: z
    .string()
    .max(255)
    .openapi({ param: { name: "id", in: "path" }, example: "@weather:example.org" }),
});
const body = z
  .strictObject({
    id: z.string().max(255).nullish(),
    homeserver: z.string().max(2048).nullish(),
    access_token: z.string().max(1024).nullish().describe("Empty or left out: it stays as it is."),
    device_id: z.string().max(255).nullish(),
    enabled: z.boolean().nullish(),
    started: z.boolean().nullish(),
    sync: z.boolean().nullish(),
    autojoin: z.boolean().nullish(),
    online: z.boolean().nullish(),
    displayname: z.string().max(255).nullish().describe('"disable" leaves it alone.'),
    avatar_url: z.string().max(255).nullish(),
    fingerprint: answered,
    sync_ok: answered,
    remote_displayname: answered,
    remote_avatar_url: answered,
    instances: answered,
    trust_state: answered,
    error: answered,
    warning: answered,
  })
  .openapi("MaubotClientChange");
export type ClientBody = Partial<z.output<typeof body>>;

/** Clients, which Roost calls accounts: looked at, added, changed, removed. */
export function addClientRoutes(api: Api, options: ApiOptions): void {
  addReading(api, options);
  const { management, cutSecrets } = options;
  const written = maubotAnswers({ 200: ["It was changed.", client], 201: ["It was added.", client] });

  api.openapi(
    createRoute({
      method: "post",
      path: "/client/new",
      summary: "Add the account that an access token belongs to",
      request: { body: jsonBody(body) },
      responses: maubotAnswers({ 201: ["It was added.", client] }),
    }),
    async (context) => {
      const asked = context.req.valid("json");
      const who = await whoIs(asked, options);
      if (findAccount(who.userId, options) !== undefined)
        throw new MaubotRefusal(409, "user_exists", `${who.userId} is here already: change it instead.`);
      return json(await create(who.userId, asked, options, context.get("actor")), cutSecrets, 201);
    },
  );

  api.openapi(
    createRoute({
      method: "put",
      path: "/client/{id}",
      summary: "Add an account by its access token, or change one; what is left out stays as it is",
      request: { params: clientParams, body: jsonBody(body) },
      responses: written,
    }),
    async (context) => {
      const { id } = context.req.valid("param");
      const { isNew, shown } = await putClient(id, context.req.valid("json"), options, context.get("actor"));
      return json(shown, cutSecrets, isNew ? 201 : 200);
    },
  );

  api.openapi(
    createRoute({
      method: "delete",
      path: "/client/{id}",
      summary: "Remove an account that no instance uses",
      request: { params: clientParams },
      responses: maubotAnswers({ 204: ["It is gone."] }),
    }),
    async (context) => {
      const { userId } = requireAccount(context.req.valid("param").id, options);
      await named({ conflict: [412, "client_in_use"], "not-found": [404, "client_not_found"] }, () =>
        management.removeAccount(userId, context.get("actor")),
      );
      return context.body(null, 204);
    },
  );
}

function addReading(api: Api, options: ApiOptions): void {
  const { management, cutSecrets } = options;
  api.openapi(
    createRoute({
      method: "get",
      path: "/clients",
      summary: "The accounts",
      responses: maubotAnswers({ 200: ["The accounts.", z.array(client)] }),
    }),
    () => {
      const view = new MaubotView(options);
      return json(
        management.accounts().map((account) => view.client(account)),
        cutSecrets,
      );
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/client/{id}",
      summary: "One account",
      request: { params: clientParams },
      responses: maubotAnswers({ 200: ["The account.", client] }),
    }),
    (context) => {
      const account = requireAccount(context.req.valid("param").id, options);
      return json(new MaubotView(options).client(account), cutSecrets);
    },
  );
}

/** Adds the account, or changes it if it is there. */
export async function putClient(
  id: string,
  asked: ClientBody,
  options: ApiOptions,
  actor: Actor,
): Promise<{ readonly isNew: boolean; readonly shown: MaubotClient }> {
  const userId = asUserId(id);
  if (userId === undefined)
    throw new MaubotRefusal(400, "bad-request", "A client's id is a user id such as @bot:example.org.");
  if (asked.id && asked.id !== id)
    throw new MaubotRefusal(400, "mxid_mismatch", "A client cannot change its user id: add another one.");
  const isNew = findAccount(userId, options) === undefined;
  if (isNew || asked.access_token) await requireOwner(userId, asked, options);
  else requireHomeserver(asked, options);
  const shown = await (isNew ? create : change)(userId, asked, options, actor);
  return { isNew, shown };
}

async function create(userId: UserId, asked: ClientBody, options: ApiOptions, actor: Actor) {
  const accessToken = new Secret(asked.access_token ?? "");
  const account = await named({ "login-refused": [400, "bad_client_access_token"] }, () =>
    options.management.addAccount(
      userId,
      { by: "access-token", accessToken },
      { displayname: displaynameOf(asked) },
      actor,
    ),
  );
  return describe(account, asked, options);
}

async function change(userId: UserId, asked: ClientBody, options: ApiOptions, actor: Actor) {
  const found = requireAccount(userId, options);
  const displayname = displaynameOf(asked) === found.displayname ? undefined : displaynameOf(asked);
  const accessToken = asked.access_token ? new Secret(asked.access_token) : undefined;
  if (displayname === undefined && accessToken === undefined) return describe(found, asked, options);
  const account = await named({ "login-refused": [400, "bad_client_access_token"] }, () =>
    options.management.editAccount(userId, { displayname, accessToken }, actor),
  );
  return describe(account, asked, options);
}

/** Throws unless the token belongs to the user and, if one is given, to the device. */
async function requireOwner(userId: UserId, asked: ClientBody, options: ApiOptions): Promise<void> {
  const who = await whoIs(asked, options);
  if (who.userId !== userId)
    throw new MaubotRefusal(
      400,
      "mxid_mismatch",
      `The access token belongs to ${who.userId}, not to ${userId}.`,
    );
  if (asked.device_id && who.deviceId !== undefined && who.deviceId !== asked.device_id)
    throw new MaubotRefusal(400, "mxid_mismatch", `The access token belongs to the device ${who.deviceId}.`);
}

function whoIs(asked: ClientBody, options: ApiOptions) {
  requireHomeserver(asked, options);
  const token = asked.access_token;
  if (!token)
    throw new MaubotRefusal(
      400,
      "bad_client_access_token",
      "Give the account's access_token, or have one made by client/auth.",
    );
  return named(
    {
      "token-revoked": [400, "bad_client_access_token"],
      "login-refused": [400, "bad_client_access_token"],
      "homeserver-unreachable": [400, "bad_client_connection_details"],
      network: [400, "bad_client_connection_details"],
    },
    () => options.management.whoIs(new Secret(token)),
  );
}

function requireHomeserver({ homeserver }: ClientBody, { management }: ApiOptions): void {
  const { url } = management.homeserver();
  if (!homeserver || homeserver.replace(/\/+$/, "") === url.replace(/\/+$/, "")) return;
  throw new MaubotRefusal(
    400,
    "bad_client_connection_details",
    `Roost serves one homeserver, ${url}: leave homeserver out or give this one.`,
  );
}

function findAccount(userId: string, { management }: ApiOptions): AccountInfo | undefined {
  return management.accounts().find((account) => account.userId === userId);
}

export function requireAccount(id: string, options: ApiOptions): AccountInfo {
  const found = findAccount(id, options);
  if (found === undefined)
    throw new MaubotRefusal(404, "client_not_found", "There is no account of this user id.");
  return found;
}

function displaynameOf({ displayname }: ClientBody): string | undefined {
  return displayname === null || displayname === "disable" ? undefined : displayname;
}

/** The account as it is, with a word on what was asked for and is not done here. */
function describe(account: AccountInfo, asked: ClientBody, options: ApiOptions): MaubotClient {
  const shown = new MaubotView(options).client(account);
  const warnings = [
    asked.enabled === false || asked.started === false || asked.sync === false
      ? "An account runs while an instance uses it: stop the instances instead."
      : undefined,
    asked.autojoin === true
      ? "autojoin has no effect: an account accepts invitations to the rooms that its instances list, or all if one says rooms: any."
      : undefined,
    asked.online === false ? "online has no effect: Roost sets no presence." : undefined,
    asked.avatar_url && asked.avatar_url !== "disable"
      ? "avatar_url has no effect: set the picture with a Matrix client."
      : undefined,
  ].filter((warning) => warning !== undefined);
  return warnings.length === 0 ? shown : { ...shown, warning: warnings.join(" ") };
}
