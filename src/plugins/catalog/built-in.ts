import { Document, type Pair, Scalar, YAMLMap } from "yaml";
import { z } from "zod";
import { isObject, type JsonObject, objectAt, stringAt } from "../../core/json.ts";
import type { PluginDefinition } from "../../core/plugin.ts";
import type { PluginInfo } from "../../core/plugin-info.ts";

/** A built-in plugin in the shape of the uploaded ones. `version` is Roost's own. */
export function describeBuiltIn(id: string, plugin: PluginDefinition, version: string): PluginInfo {
  const settingsSchema = settingsSchemaOf(plugin.config);
  return {
    id,
    version,
    origin: "built-in",
    language: "typescript",
    file: undefined,
    sizeBytes: undefined,
    license: undefined,
    modules: [],
    answersTo: [...plugin.answersTo("!")],
    hasDatabase: true,
    hasWebapp: false,
    dependencies: [],
    entries: [],
    instances: [],
    settingsSchema,
    baseConfig: defaultsOf(settingsSchema),
    permissions: undefined,
    obstacle: undefined,
  };
}

/** The JSON Schema (draft-07) of what an admin may write under `config:`, with descriptions, defaults and `writeOnly` marks. */
export function settingsSchemaOf(schema: z.ZodType): JsonObject {
  const found = z.toJSONSchema(schema, { target: "draft-07", io: "input", unrepresentable: "any" });
  return z.record(z.string(), z.json()).parse(found);
}

/** Every setting that has a default, as YAML with the descriptions as comments; undefined when none has. */
export function defaultsOf(schema: JsonObject): string | undefined {
  const map = mapOf(schema);
  if (map.items.length === 0) return undefined;
  return new Document(map).toString({ lineWidth: 100 });
}

function mapOf(schema: JsonObject): YAMLMap {
  const map = new YAMLMap();
  for (const [name, property] of Object.entries(objectAt(schema, "properties") ?? {})) {
    if (!isObject(property)) continue;
    const own = property.default;
    // A mapping whose default is empty is filled by the defaults of its keys.
    const nested =
      own === undefined || (isObject(own) && Object.keys(own).length === 0) ? mapOf(property) : undefined;
    const value = nested !== undefined && nested.items.length > 0 ? nested : own;
    if (value === undefined) continue;
    const key = new Scalar(name);
    const description = stringAt(property, "description");
    if (description !== undefined) key.commentBefore = ` ${description.replaceAll("\n", "\n ")}`;
    map.items.push(new Document().createPair(key, value) as Pair);
  }
  return map;
}
