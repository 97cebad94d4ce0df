import { isObject, type Json, type JsonObject } from "../core/json.ts";
import type { Path } from "./finding.ts";

/** More parts than this at one place are not followed: a schema may refer to itself. */
const maxParts = 200;

/** The keys that a JSON Schema knows at a path. */
export function keysAt(schema: JsonObject, path: Path): string[] {
  const known = partsAt(schema, path).map((part) => part.properties);
  return [...new Set(known.flatMap((properties) => (isObject(properties) ? Object.keys(properties) : [])))];
}

/** Whether what stands at a path is marked as a secret. */
export function isWriteOnlyAt(schema: JsonObject, path: Path): boolean {
  return partsAt(schema, path).some((part) => part.writeOnly === true);
}

/** Whether it is what stands at a path where nothing else is said: what everybody can read in the plugin is no secret. */
export function isDefaultAt(schema: JsonObject, path: Path, value: unknown): boolean {
  return partsAt(schema, path).some((part) => part.default !== undefined && part.default === value);
}

/** The names of the settings that are secrets or lists and mappings of such; undefined stands for "any name". */
export function writeOnlyNames(schema: JsonObject): Set<string | undefined> {
  const names = new Set<string | undefined>();
  const seen = new Set<JsonObject>();
  const visit = (part: JsonObject, name: string | undefined) => {
    if (part.writeOnly === true) names.add(name);
    if (seen.has(part)) return;
    seen.add(part);
    for (const inner of alternatives(schema, part)) {
      if (inner !== part) visit(inner, name);
    }
    for (const inner of [part.items, part.additionalProperties]) {
      if (isObject(inner)) visit(inner, name);
    }
    for (const [key, inner] of Object.entries(isObject(part.properties) ? part.properties : {})) {
      if (isObject(inner)) visit(inner, key);
    }
  };
  visit(schema, undefined);
  return names;
}

function partsAt(schema: JsonObject, path: Path): JsonObject[] {
  let parts = alternatives(schema, schema);
  for (const step of path) {
    parts = parts.flatMap((part) => alternatives(schema, childOf(part, step))).slice(0, maxParts);
  }
  return parts;
}

function childOf(part: JsonObject, step: string | number): Json | undefined {
  if (typeof step === "number") return part.items;
  const { properties } = part;
  return isObject(properties) && Object.hasOwn(properties, step)
    ? properties[step]
    : part.additionalProperties;
}

/** A schema and whatever it says may stand in its place. */
function alternatives(root: JsonObject, schema: Json | undefined): JsonObject[] {
  const found = new Set<JsonObject>();
  const visit = (part: Json | undefined) => {
    if (!isObject(part) || found.has(part) || found.size >= maxParts) return;
    found.add(part);
    for (const list of [part.anyOf, part.oneOf, part.allOf]) {
      if (Array.isArray(list)) list.forEach(visit);
    }
    if (typeof part.$ref === "string") visit(referred(root, part.$ref));
  };
  visit(schema);
  return [...found];
}

function referred(root: JsonObject, reference: string): Json | undefined {
  if (!reference.startsWith("#")) return undefined;
  let found: Json | undefined = root;
  for (const step of reference
    .slice(1)
    .split("/")
    .filter((part) => part !== "")) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}
