import { createRoute, z } from "@hono/zod-openapi";
import { formatProblem } from "../../core/config.ts";
import type { Api, ApiOptions } from "../api.ts";
import { answers, instanceId, json, jsonBody, nameParams } from "../shapes.ts";
import { backup, done, pendingDifference, trashed } from "./shapes.ts";

/** What an administrator sees to now and then: edits that wait, backups, and what was deleted. */
export function addUpkeepRoutes(api: Api, options: ApiOptions): void {
  addPending(api, options);
  addBackups(api, options);
  addTrash(api, options);
}

function addPending(api: Api, { control, management, cutSecrets }: ApiOptions): void {
  const pending = z.object({
    changes: z.array(z.string()),
    problems: z.array(z.string()),
    differences: z.array(pendingDifference),
  });
  api.openapi(
    createRoute({
      method: "get",
      path: "/pending",
      summary: "How the files on disk differ from what runs, and what is wrong with them",
      responses: answers("The differences.", pending),
    }),
    () => {
      const { changes, problems } = control.snapshot().pending;
      const differences = management.pendingDifferences();
      return json({ changes, problems: problems.map(formatProblem), differences }, cutSecrets);
    },
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/pending/apply",
      summary: "Restart every instance that differs from its YAML",
      responses: answers("What was done.", done),
    }),
    async (context) => json({ message: await management.applyPending(context.get("actor")) }, cutSecrets),
  );
}

function addBackups(api: Api, { management, cutSecrets }: ApiOptions): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/backups",
      summary: "The backups, newest first",
      responses: answers("The backups.", z.array(backup)),
    }),
    () => json(management.backups(), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/backups",
      summary: "Make a backup now",
      responses: answers("The backup.", backup),
    }),
    async (context) => json(await management.makeBackup(context.get("actor")), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/backups/{id}",
      summary: "A backup as one tar file, without credentials",
      request: { params: nameParams("id") },
      responses: answers("The tar file.", z.string().openapi({ format: "binary" }), "application/x-tar"),
    }),
    (context) => {
      const id = context.req.param("id");
      return new Response(management.openBackup(id), {
        headers: {
          "content-type": "application/x-tar",
          "content-disposition": `attachment; filename="roost-${id.replaceAll(/[^\w.-]/g, "-")}.tar"`,
        },
      });
    },
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/backups/{id}/restore",
      summary: "Bring back an instance, the host's own database, or all",
      request: {
        params: nameParams("id"),
        body: jsonBody(z.strictObject({ what: z.union([z.literal("host"), z.literal("all"), instanceId]) })),
      },
      responses: answers("What was done.", done),
    }),
    async (context) => {
      const { what } = context.req.valid("json");
      const message = await management.restoreBackup(context.req.param("id"), what, context.get("actor"));
      return json({ message }, cutSecrets);
    },
  );
}

function addTrash(api: Api, { management, cutSecrets }: ApiOptions): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/trash",
      summary: "Deleted instances that can be brought back",
      responses: answers("The deleted instances.", z.array(trashed)),
    }),
    () => json(management.trashedInstances(), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/trash/{folder}/recover",
      summary: "Bring a deleted instance back, with its data",
      request: { params: nameParams("folder") },
      responses: answers("What was done.", done),
    }),
    async (context) => {
      await management.recoverInstance(context.req.param("folder"), context.get("actor"));
      return json({ message: "It is back, with its data." }, cutSecrets);
    },
  );
}
