import { isCollection, isNode, isScalar, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";

/** Where the parts of a YAML text begin and end, as a person sees it: with the comments that belong to each. Line breaks are LF. */

export function nodeOf(value: unknown): Node | undefined {
  return isNode(value) ? value : undefined;
}

export function keyOf(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  const { value, source } = pair.key;
  if (typeof value === "number") return source;
  return typeof value === "string" ? value : undefined;
}

export function pairAt(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => keyOf(pair) === key);
}

export function startOf(value: unknown): number {
  return nodeOf(value)?.range?.[0] ?? 0;
}

/** Behind the last character of a value that is no comment. */
export function contentEnd(text: string, value: unknown): number {
  const node = nodeOf(value);
  if (node === undefined) return 0;
  const end = node.range?.[1] ?? 0;
  if (isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1);
    return last === undefined ? end : itemEnd(text, last);
  }
  return text.slice(0, end).trimEnd().length;
}

/** The same for a whole entry of a mapping or list. */
export function itemEnd(text: string, item: unknown): number {
  if (!isPairLike(item)) return contentEnd(text, item);
  const keyEnd = nodeOf(item.key)?.range?.[1] ?? 0;
  if (hasText(item.value)) return contentEnd(text, item.value);
  const colon = text.indexOf(":", keyEnd);
  return colon === -1 ? keyEnd : colon + 1;
}

/** Whether a value is written at all: `key:` has an empty one. */
export function hasText(value: unknown): boolean {
  const node = nodeOf(value);
  return node !== undefined && !(isScalar(node) && node.source === "" && node.type === "PLAIN");
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end === -1 ? text.length : end;
}

export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

/** Whether nothing but indentation stands before an offset on its line. */
export function beginsLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === "";
}

/** The end of an entry's last line and of the comments below it that are indented deeper than the entry. */
export function blockEnd(text: string, item: unknown, column: number): number {
  let end = lineEnd(text, itemEnd(text, item));
  const comment = /\n(?:[ \t]*\n)*( *)#[^\n]*/y;
  for (;;) {
    comment.lastIndex = end;
    const match = comment.exec(text);
    if (match === null || (match[1]?.length ?? 0) <= column) return end;
    end = comment.lastIndex;
  }
}

/** The start of an entry's first line, or of the comment lines right above it that are indented as it is. */
export function blockStart(text: string, offset: number): number {
  const column = columnOf(text, offset);
  let start = lineStart(text, offset);
  while (start > 0) {
    const above = lineStart(text, start - 1);
    const line = text.slice(above, start - 1);
    if (!line.slice(column).startsWith("#") || line.slice(0, column).trim() !== "") return start;
    start = above;
  }
  return start;
}

/** Where an entry of a list begins: its dash. Undefined where it does not begin its line. */
export function dashOf(text: string, item: unknown): number | undefined {
  const start = startOf(isPairLike(item) ? item.key : item);
  const dash = /-[ \t]*(?:#[^\n]*)?\s*$/.exec(text.slice(lineStart(text, start), start));
  const offset = dash === null ? -1 : lineStart(text, start) + dash.index;
  return offset >= 0 && beginsLine(text, offset) ? offset : undefined;
}

/** Lines moved right, or left, by so many columns; empty ones stay empty. */
export function indent(text: string, columns: number): string {
  if (columns >= 0) return text.replace(/^(?=[^\n])/gm, " ".repeat(columns));
  return text.replace(new RegExp(`^ {0,${-columns}}`, "gm"), "");
}

export function isBlock(node: unknown): node is YAMLMap | YAMLSeq {
  return isCollection(node) && node.flow !== true;
}

function isPairLike(item: unknown): item is Pair {
  return typeof item === "object" && item !== null && "key" in item && "value" in item && !isNode(item);
}
