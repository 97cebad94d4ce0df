import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { SignedIn } from "../access.ts";
import type { Api, ApiOptions } from "../api.ts";
import { json, nameParams } from "../shapes.ts";
import { pluginUploadLimits, receiveUpload } from "../upload.ts";
import { MaubotRefusal, named } from "./refusal.ts";
import { MaubotView, maubotAnswers, plugin } from "./shapes.ts";

const params = nameParams("id");
const archive = {
  required: true,
  content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
};
const uploaded = maubotAnswers({ 200: ["It took another's place.", plugin], 201: ["It is new.", plugin] });
const notFound = { "not-found": [404, "plugin_not_found"] } as const;
const inUse = { ...notFound, conflict: [412, "plugin_in_use"] } as const;
const broken = { ...notFound, "plugin-refused": [400, "plugin_reload_fail"] } as const;

/** Plugins: what there is, uploads, replacements, removals. */
export function addPluginRoutes(api: Api, options: ApiOptions): void {
  addReading(api, options);
  addUploads(api, options);
  const { management } = options;

  api.openapi(
    createRoute({
      method: "delete",
      path: "/plugin/{id}",
      summary: "Remove a plugin that no instance uses",
      request: { params },
      responses: maubotAnswers({ 204: ["It is gone."] }),
    }),
    async (context) => {
      await named(inUse, () => management.removePlugin(context.req.param("id"), context.get("actor")));
      return context.body(null, 204);
    },
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/plugin/{id}/reload",
      summary: "Read a plugin's archive again and restart its instances",
      request: { params },
      responses: maubotAnswers({ 200: ["It was read again.", z.object({ success: z.boolean() })] }),
    }),
    async (context) => {
      await named(broken, () => management.reloadPlugin(context.req.param("id"), context.get("actor")));
      return context.json({ success: true }, 200);
    },
  );
}

function addReading(api: Api, options: ApiOptions): void {
  const { cutSecrets } = options;
  api.openapi(
    createRoute({
      method: "get",
      path: "/plugins",
      summary: "The plugins, those built in too",
      responses: maubotAnswers({ 200: ["The plugins.", z.array(plugin)] }),
    }),
    () => json(new MaubotView(options).plugins(), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/plugin/{id}",
      summary: "One plugin",
      request: { params },
      responses: maubotAnswers({ 200: ["The plugin.", plugin] }),
    }),
    (context) => {
      const found = new MaubotView(options).plugin(context.req.param("id"));
      if (found === undefined)
        throw new MaubotRefusal(404, "plugin_not_found", "There is no plugin of this id.");
      return json(found, cutSecrets);
    },
  );
}

function addUploads(api: Api, options: ApiOptions): void {
  api.openapi(
    createRoute({
      method: "post",
      path: "/plugins/upload",
      summary: "Upload a plugin archive",
      request: {
        query: z.object({
          allow_override: z.string().max(8).optional(),
          agree: z.string().max(8).optional(),
        }),
        body: archive,
      },
      responses: uploaded,
    }),
    (context) => {
      const { allow_override, agree } = context.req.valid("query");
      return upload(context, options, { replace: isYes(allow_override), agree: isYes(agree) });
    },
  );

  api.openapi(
    createRoute({
      method: "put",
      path: "/plugin/{id}",
      summary: "Upload an archive of this plugin, in the place of one that is there",
      request: { params, query: z.object({ agree: z.string().max(8).optional() }), body: archive },
      responses: uploaded,
    }),
    (context) => {
      const agree = isYes(context.req.valid("query").agree);
      return upload(context, options, { replace: true, agree, expectedId: context.req.param("id") });
    },
  );
}

function isYes(value: string | undefined): boolean {
  return ["1", "true", "yes"].includes(value?.toLowerCase() ?? "");
}

async function upload(
  context: Context<SignedIn>,
  options: ApiOptions,
  how: { readonly replace: boolean; readonly agree?: boolean; readonly expectedId?: string },
): Promise<Response> {
  const { management, cutSecrets } = options;
  await using received = await receiveUpload(context.req.raw, pluginUploadLimits);
  const { file } = received;
  const { plugin, isNew, warnings } = await named(
    {
      conflict: [409, "plugin_exists"],
      "plugin-refused": [400, "plugin_invalid"],
      ...(how.expectedId === undefined ? {} : { "bad-request": [400, "pid_mismatch"] }),
    },
    () => management.addPlugin(file, how, context.get("actor")),
  );
  const shown = new MaubotView(options).plugin(plugin.id);
  const warning = warnings.length === 0 ? {} : { warning: warnings.join(" ") };
  return json({ ...shown, ...warning }, cutSecrets, isNew ? 201 : 200);
}
