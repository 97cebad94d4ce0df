/** Writes docs/config.md from the schemas, so that it cannot say anything else than the program does. */
import { join } from "node:path";
import { configSchema } from "../src/config/schema.ts";
import { isObject, type JsonObject, stringAt } from "../src/core/json.ts";
import { pluginSettings } from "../src/host/plugin-settings.ts";

export const configReferenceFile = join(import.meta.dir, "../docs/config.md");

export function configReference(): string {
  const plugins = pluginSettings.names().flatMap((name) => {
    const schema = pluginSettings.find(name)?.schema;
    const rows = schema === undefined ? [] : rowsOf(schema, "");
    return rows.length === 0 ? [] : [`## Settings of the plugin ${name}\n`, ...table(rows), ""];
  });
  return [
    "# Every setting",
    "",
    "Made by `npm run docs` from the schema that checks the config; [config.example.yaml](../config.example.yaml) shows all of it at work.",
    'A secret is written as `"the secret itself"`, `{ file: PATH }` or `{ env: NAME }`; a path is relative to the file it stands in.',
    "`NAME` is a name of yours: the user id of an account, the name of a bot.",
    "",
    "## The config",
    "",
    ...table(rowsOf(configSchema(), "")),
    "",
    ...plugins,
  ].join("\n");
}

interface Row {
  readonly path: string;
  readonly kind: string;
  readonly standard: string;
  readonly description: string;
}

function rowsOf(schema: JsonObject, path: string): Row[] {
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  return properties.flatMap(([key, value]) => {
    if (!isObject(value)) return [];
    const name = path === "" ? key : `${path}.${key}`;
    const standard =
      value.default === undefined
        ? required.includes(key)
          ? "must be given"
          : ""
        : defaultOf(value.default);
    const description = stringAt(value, "description") ?? "";
    const inner = innerOf(value);
    const row = { path: name, kind: kindOf(value), standard, description };
    if (inner === undefined || kindOf(value) === "secret") return [row];
    const entries = isObject(inner.additionalProperties) ? innerOf(inner.additionalProperties) : undefined;
    return [row, ...rowsOf(inner, name), ...(entries === undefined ? [] : rowsOf(entries, `${name}.NAME`))];
  });
}

/** The mapping that a value may be, beside null. */
function innerOf(schema: JsonObject): JsonObject | undefined {
  return [schema, ...alternatives(schema)].find((part) => part.type === "object");
}

function alternatives(schema: JsonObject): JsonObject[] {
  return Array.isArray(schema.anyOf) ? schema.anyOf.filter(isObject) : [];
}

function kindOf(schema: JsonObject): string {
  const parts = alternatives(schema).filter(({ type }) => type !== "null");
  if (
    schema.writeOnly === true ||
    parts.some((part) => isObject(part.properties) && "env" in part.properties)
  )
    return "secret";
  if (Array.isArray(schema.enum)) return schema.enum.map(code).join(" or ");
  const [only] = parts;
  if (only !== undefined) return parts.length === 1 ? kindOf(only) : parts.map(kindOf).join(" or ");
  switch (schema.type) {
    case "object":
      return "mapping";
    case "array":
      return "list";
    case "integer":
    case "number":
      return boundsOf(schema);
    case "boolean":
      return "true or false";
    default:
      return "text";
  }
}

function boundsOf({ minimum, maximum }: JsonObject): string {
  const isBound = (value: unknown): value is number =>
    typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  if (isBound(minimum) && isBound(maximum)) return `number, ${minimum} to ${maximum}`;
  return isBound(minimum) ? `number, ${minimum} or more` : "number";
}

function table(rows: readonly Row[]): string[] {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  return [
    "| setting | what | default | |",
    "|---|---|---|---|",
    ...rows.map(
      ({ path, kind, standard, description }) =>
        `| \`${path}\` | ${cell(kind)} | ${cell(standard)} | ${cell(description)} |`,
    ),
  ];
}

/** A mapping's is told at what it holds. */
function defaultOf(value: unknown): string {
  return isObject(value) ? "" : code(value);
}

function code(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

if (import.meta.main) await Bun.write(configReferenceFile, configReference());
