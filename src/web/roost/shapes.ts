/** The parts of requests and answers of Roost's own API: what validates them also describes them in the OpenAPI document. */
import { z } from "@hono/zod-openapi";
import { severities } from "../../core/log.ts";
import { roomRule, userId } from "../shapes.ts";

export const done = z
  .object({ message: z.string().describe("What was done, as a sentence.") })
  .openapi("Done");

const loose = <Shape extends z.ZodRawShape>(name: string, shape: Shape) => z.looseObject(shape).openapi(name);
const settings = z.record(z.string(), z.unknown());

export const instanceChange = z
  .strictObject({
    plugin: z.string().min(1).max(255).optional(),
    account: userId.optional(),
    rooms: roomRule.optional(),
    enabled: z.boolean().optional(),
    prefix: z.string().max(16).optional(),
    config: z
      .union([z.strictObject({ yaml: z.string() }), settings])
      .optional()
      .describe("The plugin's settings, whole: as data, or as YAML text in `yaml`."),
    revision: z.string().optional().describe("What the editor saw; another one on disk is a conflict."),
  })
  .openapi("InstanceChange");

export const definition = loose("InstanceDefinition", {
  id: z.string(),
  plugin: z.string(),
  account: z.string(),
  rooms: z.union([z.array(z.string()), z.literal("any")]),
  enabled: z.boolean(),
  prefix: z.string(),
  config: settings,
  configYaml: z.string(),
  yaml: z.string(),
  revision: z.string(),
  readOnly: z.string().optional(),
});
export const preview = loose("InstancePreview", {
  yaml: z.string(),
  diff: z.string(),
  configYaml: z.string(),
  config: settings.optional(),
  problems: z.array(z.looseObject({ path: z.string(), line: z.int(), message: z.string() })),
  writesSecrets: z.boolean(),
});
export const instanceSnapshot = loose("InstanceSnapshot", {
  id: z.string(),
  plugin: z.string(),
  desired: z.enum(["running", "stopped"]),
  observed: z.looseObject({ state: z.string(), sinceMs: z.number() }),
  handled: z.int(),
  queued: z.int(),
  isolation: z.enum(["worker", "confined", "unconfined"]).optional(),
});
export const overview = loose("Overview", {
  status: z.enum(["pass", "warn", "fail"]),
  sentence: z.string(),
  snapshot: z.looseObject({ version: z.string(), instances: z.array(instanceSnapshot) }),
  history: z.record(z.string(), z.unknown()),
});
export const pendingDifference = loose("PendingDifference", {
  instance: z.string(),
  sentence: z.string(),
  diff: z.string(),
});
export const plugin = loose("Plugin", {
  id: z.string(),
  version: z.string(),
  origin: z.enum(["built-in", "uploaded"]),
  language: z.enum(["typescript", "python"]),
  instances: z.array(z.string()),
  permissions: z
    .looseObject({ network: z.union([z.boolean(), z.array(z.string())]), agreed: z.boolean() })
    .optional(),
  obstacle: z.string().optional(),
});
export const table = loose("Table", { name: z.string(), rows: z.number() });
export const instanceDetail = loose("InstanceDetail", {
  snapshot: instanceSnapshot,
  definition: definition.optional(),
  plugin: plugin.optional(),
  pending: pendingDifference.optional(),
  saved: z.array(z.object({ path: z.string(), value: z.unknown() })),
});
export const queryResult = z
  .union([
    z.object({
      kind: z.literal("rows"),
      columns: z.array(z.string()),
      rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
    }),
    z.object({ kind: z.literal("changed"), rowCount: z.int() }),
  ])
  .openapi("QueryResult");
export const trashed = loose("TrashedInstance", {
  id: z.string(),
  folder: z.string(),
  deletedAtMs: z.number(),
});
export const account = loose("Account", {
  userId: z.string(),
  state: z.string(),
  cause: z.string().optional(),
  login: z.enum(["password", "access-token", "registration"]),
  instances: z.array(z.string()),
  readOnly: z.string().optional(),
});
export const roomView = loose("Room", {
  reference: z.string(),
  roomId: z.string().optional(),
  name: z.string().optional(),
  membership: z.string(),
  mayPost: z.boolean(),
  encrypted: z.boolean(),
  advice: z.string().optional(),
});
export const record = loose("LogRecord", {
  id: z.int(),
  timeMs: z.number(),
  severity: z.enum(severities),
  instance: z.string().optional(),
  message: z.string(),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  causes: z.array(z.string()),
});
export const backup = loose("Backup", {
  id: z.string(),
  madeAtMs: z.number(),
  sizeBytes: z.number(),
  instances: z.array(z.string()),
});
export const step = z
  .object({
    what: z.string(),
    state: z.enum(["running", "done", "failed"]),
    detail: z.string().optional(),
  })
  .openapi("Step");
