import { createRoute, z } from "@hono/zod-openapi";
import { RoostError } from "../../core/error.ts";
import type { Api, ApiOptions } from "../api.ts";
import { parseRecordQuery } from "../log-stream.ts";
import { answers, json } from "../shapes.ts";
import { record } from "./shapes.ts";

const text = (what: string) => z.string().max(300).optional().describe(what);
const filter = z.object({
  instance: text("Only this instance's."),
  host: text("1 for the host's own only."),
  severity: text("This severity and worse."),
  since: text("A time, or how long ago, such as 2h."),
  until: text("The same for the end."),
  text: text("Stands in message, context or causes."),
  before: text("Only records older than the one with this id."),
  after: text("Only newer ones."),
  limit: text("How many at most."),
});
const mostAlerts = 200;

/** The log: searched, one record by its id, and what came up since somebody last looked. */
export function addLogRoutes(api: Api, { records, cutSecrets }: ApiOptions): void {
  api.openapi(
    createRoute({
      method: "get",
      path: "/logs",
      summary: "Records that pass a filter, oldest first",
      request: { query: filter },
      responses: answers("The records.", z.object({ records: z.array(record) })),
    }),
    (context) => {
      const query = parseRecordQuery(new URL(context.req.url).searchParams, Date.now());
      return json({ records: records.query(query) }, cutSecrets);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/logs/{id}",
      summary: "One record",
      request: {
        params: z.object({ id: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER) }),
      },
      responses: answers("The record.", record),
    }),
    (context) => {
      const { id } = context.req.valid("param");
      const [found] = records.query({ afterId: id - 1, limit: 1 });
      if (found?.id !== id)
        throw new RoostError("not-found", "The log no longer holds this record: it was too old.");
      return json(found, cutSecrets);
    },
  );

  api.openapi(
    createRoute({
      method: "get",
      path: "/alerts",
      summary: "Records of WARN and worse since a time, newest first",
      request: { query: z.object({ since: text("A time, or how long ago.") }) },
      responses: answers("The records.", z.array(record)),
    }),
    (context) => {
      const { since } = context.req.valid("query");
      const query = parseRecordQuery(new URLSearchParams({ since: since ?? "7d" }), Date.now());
      const found = records.query({ ...query, severity: "WARN", limit: mostAlerts });
      return json([...found].reverse(), cutSecrets);
    },
  );
}
