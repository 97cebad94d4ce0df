import { Document, isScalar, Scalar, visit, YAMLSeq } from "yaml";
import { isObject, type Json } from "../core/json.ts";
import { nodeOf } from "./yaml-layout.ts";

const rendering = { lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER } as const;
/** How a text is read that is to be edited; what is wrong with it is reported elsewhere. */
export const parsing = {
  prettyErrors: false,
  uniqueKeys: false,
  resolveKnownTags: false,
  logLevel: "error",
} as const;

/** Block YAML, but for `{ file: PATH }` and `{ env: NAME }`, without the last line break. */
export function render(value: Json, blockQuote = true): string {
  const document = new Document(value);
  visit(document, {
    Map: (_, map) => {
      const [pair, ...others] = map.items;
      const key = isScalar(pair?.key) ? pair.key.value : undefined;
      if (others.length === 0 && (key === "file" || key === "env") && isScalar(pair?.value)) map.flow = true;
    },
  });
  return document.toString({ ...rendering, blockQuote }).trimEnd();
}

/** A node as plain data. */
export function plainOf(node: unknown): unknown {
  return nodeOf(node)?.toJS(new Document(), { maxAliasCount: 0 }) ?? null;
}

/** On one line, as it may stand inside of brackets. The library breaks lines of more than 60 characters. */
export function renderFlow(value: Json): string {
  if (typeof value !== "object" || value === null) return renderItem(value);
  const list: readonly Json[] | undefined = Array.isArray(value) ? value : undefined;
  if (list !== undefined) return `[${list.map(renderFlow).join(", ")}]`;
  const pairs = Object.entries(value).map(
    ([key, inner]) => `${renderItem(key)}: ${renderFlow(inner ?? null)}`,
  );
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

/** One line, quoted as the old value was. */
export function inline(value: Json, old: unknown, isFlow: boolean): string {
  if (typeof value !== "string") return renderFlow(value);
  const style = isScalar(old) ? old.type : undefined;
  if (style === "QUOTE_DOUBLE" || value.includes("\n")) return JSON.stringify(value);
  if (isFlow && style !== "QUOTE_SINGLE") return renderItem(value);
  const scalar = new Scalar(value);
  if (style === "QUOTE_SINGLE") scalar.type = style;
  return new Document(scalar).toString({ ...rendering, blockQuote: false }).trimEnd();
}

function renderItem(value: Json): string {
  if (typeof value === "string" && (value.length > 40 || value.includes("\n"))) return JSON.stringify(value);
  const list = new YAMLSeq();
  list.flow = true;
  list.add(new Scalar(value));
  return new Document(list).toString(rendering).trimEnd().slice(2, -2);
}

export function isInline(value: Json, isFlow: boolean): boolean {
  if (isFlow || isEmpty(value)) return true;
  if (typeof value === "string") return !value.includes("\n");
  return !isObject(value)
    ? typeof value !== "object" || value === null
    : Object.keys(value).join() === "file" || Object.keys(value).join() === "env";
}

export function isEmpty(value: Json): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

export function isBlockText(node: unknown): boolean {
  return isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED");
}
