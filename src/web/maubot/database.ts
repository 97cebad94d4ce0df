import { createRoute, z } from "@hono/zod-openapi";
import type { InstanceId } from "../../core/id.ts";
import type { Actor, DatabaseTable, QueryResult } from "../../core/management.ts";
import type { Api, ApiOptions } from "../api.ts";
import { json, jsonBody } from "../shapes.ts";
import { instanceParams, requireInstance } from "./instances.ts";
import { MaubotRefusal, named } from "./refusal.ts";
import { maubotAnswers } from "./shapes.ts";

const tables = z
  .record(
    z.string(),
    z.object({
      columns: z.record(
        z.string(),
        z.object({
          type: z.string(),
          unique: z.boolean(),
          default: z.string().nullable(),
          nullable: z.boolean(),
          primary: z.boolean(),
        }),
      ),
    }),
  )
  .openapi("MaubotTables");
const cell = z.union([z.string(), z.number(), z.null()]);
const result = z
  .object({
    ok: z.literal(true),
    query: z.string(),
    columns: z.array(z.string()).optional(),
    rows: z.array(z.union([z.array(cell), z.record(z.string(), cell)])).optional(),
    rowcount: z.int().optional(),
    warning: z.string().optional(),
  })
  .openapi("MaubotQueryResult");
const mostRows = 1000;

/** An instance's database: its tables, their rows, and queries. */
export function addDatabaseRoutes(api: Api, options: ApiOptions): void {
  addTables(api, options);

  api.openapi(
    createRoute({
      method: "post",
      path: "/instance/{id}/database/query",
      summary: "Ask an instance's database",
      request: {
        params: instanceParams,
        body: jsonBody(
          z.strictObject({
            query: z.string().max(100_000).nullish(),
            rows_as_dict: z.boolean().nullish(),
            may_write: z
              .boolean()
              .nullish()
              .describe("A statement that writes is refused unless this is said."),
          }),
        ),
      },
      responses: maubotAnswers({ 200: ["The rows, or how many were changed.", result] }),
    }),
    async (context) => {
      const { id } = context.req.valid("param");
      const { query, rows_as_dict, may_write } = context.req.valid("json");
      if (!query) throw new MaubotRefusal(400, "query_missing", "Give the statement as query.");
      const asked = { sql: query, mayWrite: may_write ?? false, limit: mostRows };
      const answer = await ask(id, asked, options, context.get("actor"));
      return json(
        resultOf(query, answer, { asObjects: rows_as_dict ?? false, limit: mostRows }),
        options.cutSecrets,
      );
    },
  );
}

function addTables(api: Api, options: ApiOptions): void {
  const { cutSecrets } = options;
  api.openapi(
    createRoute({
      method: "get",
      path: "/instance/{id}/database",
      summary: "The tables of an instance's database",
      request: { params: instanceParams },
      responses: maubotAnswers({ 200: ["The tables with their columns.", tables] }),
    }),
    async (context) => {
      const found = await readTables(context.req.valid("param").id, options);
      return json(
        Object.fromEntries(found.map((table) => [table.name, { columns: columnsOf(table) }])),
        cutSecrets,
      );
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/instance/{id}/database/{table}",
      summary: "The rows of a table",
      request: {
        params: instanceParams.extend({ table: z.string().max(255) }),
        query: z.object({
          limit: z.coerce.number().int().min(1).max(mostRows).default(100),
          order: z
            .union([z.string().max(300), z.array(z.string().max(300)).max(20)])
            .optional()
            .describe("A column, or column:asc or column:desc; may be given several times."),
        }),
      },
      responses: maubotAnswers({ 200: ["The rows.", result] }),
    }),
    async (context) => {
      const { id, table: name } = context.req.valid("param");
      const { limit } = context.req.valid("query");
      const table = (await readTables(id, options)).find((each) => each.name === name);
      if (table === undefined)
        throw new MaubotRefusal(404, "table_not_found", "There is no such table in its database.");
      const order = (context.req.queries("order") ?? []).map((each) => orderOf(each, table));
      const by = order.length === 0 ? "" : ` ORDER BY ${order.join(", ")}`;
      const sql = `SELECT * FROM ${quoted(name)}${by}`;
      const answer = await ask(id, { sql, mayWrite: false, limit }, options, context.get("actor"));
      return json(resultOf(sql, answer, { asObjects: false, limit }), cutSecrets);
    },
  );
}

function readTables(id: InstanceId, options: ApiOptions): Promise<readonly DatabaseTable[]> {
  return named({}, () => {
    requireDatabase(id, options);
    return options.management.databaseTables(id);
  });
}

function ask(
  id: InstanceId,
  { sql, ...how }: { readonly sql: string; readonly mayWrite: boolean; readonly limit: number },
  options: ApiOptions,
  actor: Actor,
): Promise<QueryResult> {
  requireDatabase(id, options);
  return named({ "bad-request": [400, "sql_error"] }, () =>
    options.management.queryDatabase(id, sql, how, actor),
  );
}

function requireDatabase(id: InstanceId, options: ApiOptions): void {
  if (!requireInstance(id, options).database)
    throw new MaubotRefusal(404, "plugin_has_no_database", "This plugin has no database.");
}

function columnsOf({ columns }: DatabaseTable) {
  return Object.fromEntries(
    columns.map(({ name, type, isUnique, defaultValue, isNullable, isPrimary }) => [
      name,
      { type, unique: isUnique, default: defaultValue, nullable: isNullable, primary: isPrimary },
    ]),
  );
}

function orderOf(text: string, { columns }: DatabaseTable): string {
  const [, name = "", direction = "asc"] = /^(.*?)(?::(asc|desc))?$/i.exec(text) ?? [];
  if (!columns.some((column) => column.name === name))
    throw new MaubotRefusal(
      400,
      "bad-request",
      "order must name a column of the table, as column:asc or column:desc.",
    );
  return `${quoted(name)} ${direction.toUpperCase()}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function resultOf(
  query: string,
  answer: QueryResult,
  { asObjects, limit }: { readonly asObjects: boolean; readonly limit: number },
): z.input<typeof result> {
  if (answer.kind === "changed") return { ok: true, query, rowcount: answer.rowCount };
  const columns = [...answer.columns];
  const rows = answer.rows.map((row) =>
    asObjects ? Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])) : [...row],
  );
  const isCut = rows.length === limit;
  return {
    ok: true,
    query,
    columns,
    rows,
    ...(isCut ? { warning: `These are the first ${limit} rows; there may be more.` } : {}),
  };
}
