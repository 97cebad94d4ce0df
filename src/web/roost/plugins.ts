import { createRoute, z } from "@hono/zod-openapi";
import type { Api, ApiOptions } from "../api.ts";
import { answers, json, nameParams } from "../shapes.ts";
import { pluginUploadLimits, receiveUpload } from "../upload.ts";
import { done, plugin } from "./shapes.ts";

/** Plugins: what there is, uploads, replacements, removals. */
export function addPluginRoutes(api: Api, { management, cutSecrets }: ApiOptions): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/plugins",
      summary: "The plugins that instances can be made of",
      responses: answers("The plugins.", z.array(plugin)),
    }),
    () => json(management.plugins(), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/plugins",
      summary: "Upload a plugin archive",
      request: {
        query: z.object({
          replace: z.enum(["0", "1"]).optional(),
          agree: z
            .enum(["0", "1"])
            .optional()
            .describe("1 agrees to the permissions that its manifest asks for."),
        }),
        body: {
          required: true,
          content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
        },
      },
      responses: answers(
        "The plugin, and what to know of it.",
        z.object({ plugin, isNew: z.boolean(), warnings: z.array(z.string()) }),
      ),
    }),
    async (context) => {
      await using upload = await receiveUpload(context.req.raw, pluginUploadLimits);
      const { replace, agree } = context.req.valid("query");
      const how = { replace: replace === "1", agree: agree === "1" };
      return json(await management.addPlugin(upload.file, how, context.get("actor")), cutSecrets);
    },
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/plugins/{id}/reload",
      summary: "Read a plugin's archive again and restart its instances",
      request: { params: nameParams("id") },
      responses: answers("What was done.", done),
    }),
    async (context) => {
      const id = context.req.param("id");
      await management.reloadPlugin(id, context.get("actor"));
      return json({ message: `${id} was read again.` }, cutSecrets);
    },
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/plugins/{id}/agree",
      summary: "Agree to the permissions that a plugin asks for, and restart its instances",
      request: { params: nameParams("id") },
      responses: answers("What was done.", done),
    }),
    async (context) => {
      const message = await management.agreeToPlugin(context.req.param("id"), context.get("actor"));
      return json({ message }, cutSecrets);
    },
  );

  api.openapi(
    createRoute({
      method: "delete",
      path: "/plugins/{id}",
      summary: "Remove a plugin that no instance uses",
      request: { params: nameParams("id") },
      responses: answers("What was done.", done),
    }),
    async (context) => {
      const id = context.req.param("id");
      await management.removePlugin(id, context.get("actor"));
      return json({ message: `${id} was removed. It lies in plugins/trash in the data folder.` }, cutSecrets);
    },
  );
}
