import { isAlias, isMap, isScalar, isSeq, parseDocument, visit } from "yaml";
import type { Json } from "../core/json.ts";
import type { Path } from "./finding.ts";
import { redacted } from "./setting-secrets.ts";
import { YamlEdit } from "./yaml-edit.ts";
import {
  beginsLine,
  blockEnd,
  columnOf,
  contentEnd,
  hasText,
  indent,
  itemEnd,
  keyOf,
  lineEnd,
  lineStart,
  nodeOf,
  pairAt,
  startOf,
} from "./yaml-layout.ts";
import { parsing, render } from "./yaml-render.ts";

/** One account or instance within the text of a file (line breaks LF): reading it, putting it there, taking it away. */
export interface EntryPlace {
  readonly section: "accounts" | "instances";
  readonly name: string;
}

/** A text with what the parser makes of it, to find several entries in. */
export interface ParsedText {
  readonly text: string;
  readonly root: unknown;
}

/** Line breaks become LF. */
export function parseText(text: string): ParsedText {
  const unified = text.replaceAll("\r\n", "\n");
  return { text: unified, root: parseDocument(unified, parsing).contents };
}

/** Its own lines, moved to the left; undefined if it is not there. */
export function entryText({ text, root }: ParsedText, place: EntryPlace): string | undefined {
  const pair = find(root, place);
  if (pair === undefined) return undefined;
  const start = startOf(pair.key);
  if (!beginsLine(text, start)) return `${text.slice(start, itemEnd(text, pair))}\n`;
  const column = columnOf(text, start);
  return `${indent(text.slice(lineStart(text, start), blockEnd(text, pair, column)), -column)}\n`;
}

/** The text of what stands behind `config:` in an entry's text, moved to the left; empty if there is none. */
export function configText(entry: string): string {
  const root = parseDocument(entry, parsing).contents;
  const settings = isMap(root) ? nodeOf(root.items[0]?.value) : undefined;
  const pair = isMap(settings) ? pairAt(settings, "config") : undefined;
  if (!isMap(settings) || pair === undefined || !hasText(pair.value)) return "";
  const value = nodeOf(pair.value);
  if (!isMap(value) || value.flow === true || settings.flow === true) {
    return `${entry.slice(startOf(value), contentEnd(entry, value))}\n`;
  }
  const end = blockEnd(entry, pair, columnOf(entry, startOf(pair.key)));
  const from = lineEnd(entry, startOf(pair.key)) + 1;
  return `${indent(entry.slice(from, end), -columnOf(entry, startOf(value)))}\n`;
}

/** Line and column of an instance's `config:`, counted so that taking them off a place in its settings gives that in `configText`. */
export function configPosition(text: string, place: EntryPlace): { line: number; column: number } {
  const entry = find(parseDocument(text, parsing).contents, place)?.value;
  const start = startOf(isMap(entry) ? pairAt(entry, "config")?.key : undefined);
  return { line: text.slice(0, start).split("\n").length, column: columnOf(text, start) + 2 };
}

/** The text with another in the place of each value that must not be shown. Paths begin inside the first key. */
export function cutText(entry: string, isHidden: (path: Path, value: unknown) => boolean): string {
  const ranges: (readonly [start: number, end: number])[] = [];
  const look = (node: unknown, path: Path) => {
    if (hasText(node) && isHidden(path, shapeOf(node))) {
      ranges.push([startOf(node), contentEnd(entry, node)]);
    } else if (isMap(node)) {
      for (const pair of node.items) look(pair.value, [...path, keyOf(pair) ?? "?"]);
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) look(item, [...path, index]);
    }
  };
  const root = parseDocument(entry, parsing).contents;
  look(isMap(root) ? root.items[0]?.value : undefined, []);
  return ranges
    .toReversed()
    .reduce((text, [start, end]) => `${text.slice(0, start)}"${redacted}"${text.slice(end)}`, entry);
}

/** A scalar's value; of a mapping with one key that, for `{ file: PATH }`; for anything else an empty mapping. */
function shapeOf(node: unknown): unknown {
  if (isScalar(node)) return node.value;
  const [pair, ...others] = isMap(node) ? node.items : [];
  if (pair === undefined || others.length > 0) return {};
  return { [keyOf(pair) ?? "?"]: isScalar(pair.value) ? pair.value.value : {} };
}

/** Whether something in it stands for, or is repeated by, something elsewhere: an edit could change more than is meant. */
export function hasReferences(entry: string): boolean {
  let found = false;
  visit(parseDocument(entry, parsing), {
    Node: (_, node) => {
      found ||= isAlias(node) || node.anchor !== undefined;
    },
    Pair: (_, pair) => {
      found ||= !isScalar(pair.key);
    },
  });
  return found;
}

/** The text with the entry saying what is wanted. `config` is put behind its `config:` as it is. */
export function putEntry(text: string, place: EntryPlace, wanted: Json, config?: string): string {
  const written = putData(text, place, wanted);
  if (config === undefined) return written;
  const edit = new YamlEdit(writtenOut(written, place));
  const entry = find(edit.root, place)?.value;
  const pair = isMap(entry) ? pairAt(entry, "config") : undefined;
  if (pair !== undefined) edit.setText(pair, config);
  return edit.apply();
}

/** Text of several lines has no place in an entry that is written as `{ ... }`: it gets lines of its own. */
function writtenOut(text: string, place: EntryPlace): string {
  const edit = new YamlEdit(text);
  const pair = find(edit.root, place);
  if (pair !== undefined && isMap(pair.value) && pair.value.flow === true) edit.writeOut(pair);
  return edit.apply();
}

function putData(text: string, { section, name }: EntryPlace, wanted: Json): string {
  const edit = new YamlEdit(text);
  if (!isMap(edit.root) || edit.root.items.length === 0) {
    const above = text.trim() === "{}" ? "" : text.trimEnd();
    return `${above === "" ? "" : `${above}\n`}${render({ [section]: { [name]: wanted } })}\n`;
  }
  const pair = pairAt(edit.root, section);
  const entries = pair?.value;
  const entry = isMap(entries) ? pairAt(entries, name) : undefined;
  if (pair === undefined) edit.add(edit.root, section, { [name]: wanted });
  else if (!isMap(entries) || entries.items.length === 0) edit.set(edit.root, pair, { [name]: wanted });
  else if (entry === undefined) edit.add(entries, name, wanted);
  else edit.set(entries, entry, wanted);
  return edit.apply();
}

/** The text without the entry; empty if nothing but comments would be left. */
export function removeEntry(text: string, { section, name }: EntryPlace): string {
  const edit = new YamlEdit(text);
  const pair = isMap(edit.root) ? pairAt(edit.root, section) : undefined;
  const entries = pair?.value;
  const entry = isMap(entries) ? pairAt(entries, name) : undefined;
  if (!isMap(edit.root) || pair === undefined || !isMap(entries) || entry === undefined) return text;
  if (entries.items.length > 1) edit.remove(entries, [entry]);
  else if (edit.root.items.some((other) => other !== pair && hasText(other.value)))
    edit.remove(edit.root, [pair]);
  else return "";
  return edit.apply();
}

/** The text with the entry under another name. */
export function renameEntry(text: string, place: EntryPlace, to: string): string {
  const key = nodeOf(find(parseDocument(text, parsing).contents, place)?.key);
  return key === undefined ? text : `${text.slice(0, startOf(key))}${to}${text.slice(key.range?.[1])}`;
}

function find(root: unknown, { section, name }: EntryPlace) {
  const entries = isMap(root) ? pairAt(root, section)?.value : undefined;
  return isMap(entries) ? pairAt(entries, name) : undefined;
}
