import { createRoute, z } from "@hono/zod-openapi";
import { RoostError } from "../../core/error.ts";
import type { InstanceId } from "../../core/id.ts";
import type { InstanceChange } from "../../core/management.ts";
import type { Api, ApiOptions } from "../api.ts";
import { answers, idParams, json, jsonBody } from "../shapes.ts";
import { answerLines } from "./lines.ts";
import {
  done,
  instanceChange,
  instanceDetail,
  preview,
  queryResult,
  roomView,
  step,
  table,
  trashed,
} from "./shapes.ts";

/** Instances: looked at, started, stopped, restarted, written, taken away. */
export function addInstanceRoutes(api: Api, options: ApiOptions): void {
  addActions(api, options);
  addEditing(api, options);
  addDatabase(api, options);
}

function addActions(api: Api, { control, management, cutSecrets }: ApiOptions): void {
  for (const verb of ["start", "stop", "restart"] as const) {
    api.openapi(
      createRoute({
        method: "post",
        path: `/instances/{id}/${verb}`,
        summary: `${verb[0]?.toUpperCase()}${verb.slice(1)} an instance`,
        request: { params: idParams },
        responses: answers("What became of it.", done),
      }),
      async (context) => {
        const { id } = context.req.valid("param");
        return json({ message: await control[verb](id, context.get("actor")) }, cutSecrets);
      },
    );
  }

  api.openapi(
    createRoute({
      method: "get",
      path: "/instances/{id}/rooms",
      summary: "The rooms it lists, or with any those that its account is in, as the account sees them",
      request: { params: idParams },
      responses: answers("Its rooms.", z.array(roomView)),
    }),
    async (context) => {
      return json(await management.viewRoomsOf(context.req.valid("param").id), cutSecrets);
    },
  );
}

function addEditing(api: Api, options: ApiOptions): void {
  const { management, cutSecrets } = options;
  api.openapi(
    createRoute({
      method: "get",
      path: "/instances/{id}",
      summary: "An instance with its definition",
      request: { params: idParams },
      responses: answers("The instance.", instanceDetail),
    }),
    (context) => json(detailOf(context.req.valid("param").id, options), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/instances/{id}/preview",
      summary: "What an edit would write, its difference to what is there, and what is wrong with it",
      request: { params: idParams, body: jsonBody(instanceChange) },
      responses: answers("Nothing was written.", preview),
    }),
    (context) => {
      const change = changeOf(context.req.valid("json"));
      return json(management.previewInstance(context.req.valid("param").id, change), cutSecrets);
    },
  );

  api.openapi(
    createRoute({
      method: "put",
      path: "/instances/{id}",
      summary: "Create or edit an instance, and start it",
      request: { params: idParams, body: jsonBody(instanceChange) },
      responses: answers(
        "One JSON line a step; the last one holds `saved`, or `error` and `errcode`.",
        step,
        "application/x-ndjson",
      ),
    }),
    (context) => {
      const { id } = context.req.valid("param");
      const change = changeOf(context.req.valid("json"));
      return answerLines(options, async (tell) => ({
        saved: await management.saveInstance(id, change, context.get("actor"), tell),
      }));
    },
  );

  api.openapi(
    createRoute({
      method: "delete",
      path: "/instances/{id}/saved",
      summary: "Forget what its plugin saved over the YAML's settings, and begin a fresh run",
      request: { params: idParams },
      responses: answers("They are forgotten.", done),
    }),
    async (context) => {
      const { id } = context.req.valid("param");
      return json({ message: await management.discardSavedSettings(id, context.get("actor")) }, cutSecrets);
    },
  );

  api.openapi(
    createRoute({
      method: "delete",
      path: "/instances/{id}",
      summary: "Stop an instance and put it aside, with its data",
      request: { params: idParams },
      responses: answers("Where it lies.", trashed),
    }),
    async (context) =>
      json(await management.deleteInstance(context.req.valid("param").id, context.get("actor")), cutSecrets),
  );
}

function addDatabase(api: Api, { management, cutSecrets }: ApiOptions): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/instances/{id}/tables",
      summary: "The tables of its database",
      request: { params: idParams },
      responses: answers("The tables.", z.array(table)),
    }),
    async (context) => json(await management.databaseTables(context.req.valid("param").id), cutSecrets),
  );

  api.openapi(
    createRoute({
      method: "post",
      path: "/instances/{id}/query",
      summary: "Ask its database",
      request: {
        params: idParams,
        body: jsonBody(
          z.strictObject({
            sql: z.string().min(1).max(100_000),
            mayWrite: z.boolean().default(false),
            limit: z.int().min(1).max(1000).default(100),
          }),
        ),
      },
      responses: answers("The rows, or how many were changed.", queryResult),
    }),
    async (context) => {
      const { sql, mayWrite, limit } = context.req.valid("json");
      const { id } = context.req.valid("param");
      const result = await management.queryDatabase(id, sql, { mayWrite, limit }, context.get("actor"));
      return json(result, cutSecrets);
    },
  );
}

/** Asking for the plugins reads the files, so that the snapshot after it knows of every edit of theirs. */
function detailOf(id: InstanceId, { control, management }: ApiOptions) {
  const plugins = management.plugins();
  const snapshot = control.snapshot().instances.find((instance) => instance.id === id);
  if (snapshot === undefined) throw new RoostError("not-found", `There is no instance ${id}.`);
  const definition = management.definition(id);
  return {
    snapshot,
    definition,
    plugin: plugins.find((plugin) => plugin.id === definition.plugin),
    pending: snapshot.restartNeeded
      ? management.pendingDifferences().find(({ instance }) => instance === id)
      : undefined,
    saved: management.savedSettings(id),
  };
}

type ChangeInput = z.output<typeof instanceChange>;

/** The input as the port takes it: zod's readers have made its ids. */
function changeOf(input: ChangeInput): InstanceChange {
  const { config, ...rest } = input;
  return { ...rest, config: config as InstanceChange["config"] };
}
