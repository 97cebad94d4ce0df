import { type Document, isMap, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import { z } from "zod";
import type { Json, JsonObject } from "../../core/json.ts";
import { parseBoundedYaml } from "./manifest-yaml.ts";
import { pluginLimits } from "./refusal.ts";

const maxDepth = 12;
const secretName = /pass(?:word|phrase)?$|secret|token$|api_?key/i;

/**
 * A JSON Schema for the settings of a plugin that only has a `base-config.yaml`: types and defaults from its values, descriptions
 * from its comments. Undefined where the text is no mapping, has aliases or cannot be read.
 */
export function inferSettings(baseConfig: string): JsonObject | undefined {
  if (baseConfig.length > pluginLimits.formBytes) return undefined;
  try {
    const document = parseBoundedYaml(baseConfig)?.document;
    if (document === undefined || document.errors.length > 0 || !isMap(document.contents)) return undefined;
    const before = textOf(document.commentBefore, document.contents.commentBefore);
    return inferMap(document.contents, document, before, 0);
  } catch {
    // An alias that was not followed.
    return undefined;
  }
}

/** `before` is a comment that stands above the first key, where the parser gives it to the mapping. */
function inferMap(map: YAMLMap, document: Document, before: string | undefined, depth: number): JsonObject {
  const properties = map.items.map(({ key, value }, index): [string, JsonObject] => {
    const name = isScalar(key) ? String(key.value) : String(key);
    const above = isScalar(key) ? key.commentBefore : undefined;
    const node = isNodeLike(value) ? value : undefined;
    const description = textOf(
      index === 0 ? before : undefined,
      above,
      isMap(node) ? undefined : node?.comment,
    );
    const property = infer(node, document, depth + 1);
    return [
      name,
      {
        ...property,
        ...(description !== undefined && { description }),
        ...(property.type === "string" && secretName.test(name) && { writeOnly: true }),
      },
    ];
  });
  return { type: "object", properties: Object.fromEntries(properties) };
}

function infer(node: Node | undefined, document: Document, depth: number): JsonObject {
  if (node === undefined || depth > maxDepth) return {};
  if (isMap(node)) return inferMap(node, document, textOf(node.commentBefore), depth);
  const value = z.json().parse(node.toJS(document, { maxAliasCount: 0 }));
  if (isSeq(node)) {
    const kinds = new Map(
      node.items
        .map((item) => infer(isNodeLike(item) ? item : undefined, document, depth + 1))
        .map((kind) => [kind.type, kind]),
    );
    const [only] = kinds.size === 1 ? kinds.values() : [];
    const { default: _, ...items } = only ?? {};
    return { type: "array", ...(only !== undefined && { items }), default: value };
  }
  const type = typeOf(value);
  return type === undefined ? { default: value } : { type, default: value };
}

function typeOf(value: Json): string | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value === "string" || typeof value === "boolean" ? typeof value : undefined;
}

function isNodeLike(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "toJS" in value;
}

function textOf(...comments: readonly (string | null | undefined)[]): string | undefined {
  const text = comments
    .flatMap((comment) => comment?.split("\n") ?? [])
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
  return text === "" ? undefined : text;
}
