import { createRoute, z } from "@hono/zod-openapi";
import { asInstanceId, asUserId, type InstanceId } from "../../core/id.ts";
import type { Actor, InstanceChange } from "../../core/management.ts";
import type { Api, ApiOptions } from "../api.ts";
import { json, jsonBody, roomRule } from "../shapes.ts";
import { MaubotRefusal, named } from "./refusal.ts";
import { answered, instance, type MaubotInstance, MaubotView, maubotAnswers } from "./shapes.ts";

/** maubot takes names in upper case too, and means the same by them. */
export const instanceName = z
  .string()
  .max(255)
  .transform((text, context) => {
    const id = asInstanceId(text.toLowerCase());
    if (id !== undefined) return id;
    context.addIssue({
      code: "custom",
      message: "must be a name of up to 63 letters, digits, - and _, beginning with a letter or digit",
    });
    return z.NEVER;
  })
  .openapi({ type: "string", example: "weather" });
export const instanceParams = z.object({
  id: instanceName.openapi({ param: { name: "id", in: "path" } }),
});

const body = z
  .strictObject({
    id: instanceName.nullish().describe("Another name to give it."),
    type: z.string().max(255).nullish(),
    primary_user: z.string().max(255).nullish(),
    enabled: z.boolean().nullish(),
    started: z.boolean().nullish(),
    config: z.string().nullish().describe("The plugin's settings as YAML."),
    rooms: roomRule
      .nullish()
      .describe("Where it is to work, or any; a new instance has none when this is left out."),
    base_config: answered,
    database: answered,
    database_interface: answered,
    database_engine: answered,
    error: answered,
    errcode: answered,
    warning: answered,
  })
  .openapi("MaubotInstanceChange");
type Body = z.output<typeof body>;

/** Instances: looked at, created, changed, renamed, deleted. */
export function addInstanceRoutes(api: Api, options: ApiOptions): void {
  addReading(api, options);
  const { management, cutSecrets } = options;

  api.openapi(
    createRoute({
      method: "put",
      path: "/instance/{id}",
      summary: "Create or change an instance; what is left out stays as it is",
      request: { params: instanceParams, body: jsonBody(body) },
      responses: maubotAnswers({ 200: ["It was changed.", instance], 201: ["It was created.", instance] }),
    }),
    async (context) => {
      const { id } = context.req.valid("param");
      const asked = context.req.valid("json");
      const found = new MaubotView(options).instance(id);
      const put = found === undefined ? create : update;
      const answer = await named({ "config-invalid": [400, "config-invalid"] }, () =>
        put({ id, asked, found, actor: context.get("actor") }, options),
      );
      return json(answer, cutSecrets, found === undefined ? 201 : 200);
    },
  );

  api.openapi(
    createRoute({
      method: "delete",
      path: "/instance/{id}",
      summary: "Stop an instance and put it aside, with its data",
      request: { params: instanceParams },
      responses: maubotAnswers({ 204: ["It is gone."] }),
    }),
    async (context) => {
      await named({ "not-found": [404, "instance_not_found"] }, () =>
        management.deleteInstance(context.req.valid("param").id, context.get("actor")),
      );
      return context.body(null, 204);
    },
  );
}

function addReading(api: Api, options: ApiOptions): void {
  const { cutSecrets } = options;
  api.openapi(
    createRoute({
      method: "get",
      path: "/instances",
      summary: "The instances",
      responses: maubotAnswers({ 200: ["The instances.", z.array(instance)] }),
    }),
    () => json(new MaubotView(options).instances(), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/instance/{id}",
      summary: "One instance",
      request: { params: instanceParams },
      responses: maubotAnswers({ 200: ["The instance.", instance] }),
    }),
    (context) => json(requireInstance(context.req.valid("param").id, options), cutSecrets),
  );
}

export function requireInstance(id: InstanceId, options: ApiOptions): MaubotInstance {
  const found = new MaubotView(options).instance(id);
  if (found === undefined) throw new MaubotRefusal(404, "instance_not_found", `There is no instance ${id}.`);
  return found;
}

interface Put {
  readonly id: InstanceId;
  readonly asked: Body;
  readonly found: MaubotInstance | undefined;
  readonly actor: Actor;
}

async function create({ id, asked, actor }: Put, options: ApiOptions): Promise<MaubotInstance> {
  if (!asked.type)
    throw new MaubotRefusal(400, "plugin_type_required", "Say in type which plugin it is to be.");
  if (!asked.primary_user)
    throw new MaubotRefusal(400, "primary_user_required", "Say in primary_user which account it is to use.");
  if (asked.id !== undefined && asked.id !== null && asked.id !== id)
    throw new MaubotRefusal(400, "bad-request", `A new instance cannot be ${id} and ${asked.id} at once.`);
  const change = { ...changeOf(asked, undefined, options), rooms: asked.rooms ?? [] };
  const { warnings } = await options.management.saveInstance(id, change, actor);
  if (asked.started === false) await options.control.stop(id, actor);
  return describe(id, warnings, options);
}

async function update({ id, asked, found, actor }: Put, options: ApiOptions): Promise<MaubotInstance> {
  const { management, control } = options;
  const change = changeOf(asked, found, options);
  const now = asked.id ?? id;
  if (now !== id) await management.renameInstance(id, now, actor);
  const isChanged = Object.values(change).some((value) => value !== undefined);
  const { warnings } = isChanged ? await management.saveInstance(now, change, actor) : { warnings: [] };
  if (typeof asked.started === "boolean" && asked.started !== found?.started)
    await control[asked.started ? "start" : "stop"](now, actor);
  return describe(now, warnings, options);
}

/** What differs from what there is: a whole answer sent back changes nothing. */
function changeOf(asked: Body, found: MaubotInstance | undefined, options: ApiOptions): InstanceChange {
  const { type, primary_user, enabled, config, rooms } = asked;
  const plugin = type && type !== found?.type ? type : undefined;
  if (plugin !== undefined && !options.management.plugins().some(({ id }) => id === plugin))
    throw new MaubotRefusal(
      404,
      "plugin_type_not_found",
      "There is no plugin of this type: upload it first.",
    );
  const account =
    primary_user && primary_user !== found?.primary_user ? accountOf(primary_user, options) : undefined;
  const isSameRooms = JSON.stringify(rooms) === JSON.stringify(found?.rooms);
  return {
    plugin,
    account,
    enabled: enabled === found?.enabled ? undefined : (enabled ?? undefined),
    config: typeof config !== "string" || config === (found?.config ?? "") ? undefined : { yaml: config },
    rooms: isSameRooms ? undefined : (rooms ?? undefined),
  };
}

function accountOf(text: string, { management }: ApiOptions) {
  const userId = asUserId(text);
  if (userId !== undefined && management.accounts().some((account) => account.userId === userId))
    return userId;
  throw new MaubotRefusal(
    404,
    "primary_user_not_found",
    "There is no account of this user id: add it first.",
  );
}

function describe(id: InstanceId, warnings: readonly string[], options: ApiOptions): MaubotInstance {
  const shown = requireInstance(id, options);
  // What keeps it from running stands in `error`.
  const rest = warnings.filter((warning) => warning !== shown.error);
  return rest.length === 0 ? shown : { ...shown, warning: rest.join(" ") };
}
