import { isMap, isSeq, type Pair, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { isObject, type Json, type JsonObject } from "../core/json.ts";
import {
  beginsLine,
  blockEnd,
  blockStart,
  columnOf,
  contentEnd,
  dashOf,
  hasText,
  indent,
  isBlock,
  itemEnd,
  keyOf,
  lineEnd,
  nodeOf,
  pairAt,
  startOf,
} from "./yaml-layout.ts";
import {
  inline,
  isBlockText,
  isEmpty,
  isInline,
  parsing,
  plainOf,
  render,
  renderFlow,
} from "./yaml-render.ts";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Edits of a YAML text (line breaks LF) that touch only what changes: every other character, comments included, stays. The
 * outcome has to be checked by whoever asks: a text may be written in a way that such edits do not understand.
 */
export class YamlEdit {
  readonly text: string;
  readonly root: unknown;
  readonly #edits: Edit[] = [];

  constructor(text: string, root: unknown = parseDocument(text, { ...parsing }).contents) {
    this.text = text;
    this.root = root;
  }

  /** The text with all edits made. */
  apply(): string {
    const ordered = this.#edits
      .map((edit, index) => ({ ...edit, index }))
      .sort((a, b) => b.start - a.start || b.end - a.end || b.index - a.index);
    return ordered.reduce(
      (text, { start, end, text: inserted }) => text.slice(0, start) + inserted + text.slice(end),
      this.text,
    );
  }

  /** Makes a mapping say what `wanted` says: keys that are not in it go, equal ones are not touched. */
  merge(map: YAMLMap, wanted: JsonObject): void {
    const entries = Object.entries(wanted).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value] as const],
    );
    const gone = map.items.filter((pair) => !entries.some(([key]) => key === keyOf(pair)));
    if (map.items.length === 0 || gone.length === map.items.length) {
      this.#replace(map, wanted);
      return;
    }
    this.remove(map, gone);
    for (const [key, value] of entries) {
      const pair = pairAt(map, key);
      if (pair === undefined) this.add(map, key, value);
      else this.set(map, pair, value);
    }
  }

  /** Puts another value behind a key. */
  set(map: YAMLMap, pair: Pair, value: Json): void {
    const old = nodeOf(pair.value);
    if (Bun.deepEquals(plainOf(old), value, true)) return;
    if (isMap(old) && isObject(value) && Object.keys(value).length > 0) this.merge(old, value);
    else if (isSeq(old) && Array.isArray(value) && value.length > 0 && old.items.length > 0)
      this.#mergeList(old, value);
    else if (isInline(value, map.flow === true) && !isBlock(old) && !isBlockText(old))
      this.#replaceInline(pair, value, map.flow === true);
    else if (map.flow === true) this.#replaceInline(pair, value, true);
    else this.#replacePair(pair, value);
  }

  add(map: YAMLMap, key: string, value: Json): void {
    const last = map.items.at(-1);
    if (map.flow === true) {
      const end = itemEnd(this.text, last);
      this.#edit(end, end, `, ${renderFlow({ [key]: value }).slice(2, -2)}`);
      return;
    }
    const column = columnOf(this.text, startOf(map.items[0]?.key));
    const end = blockEnd(this.text, last, column);
    this.#edit(end, end, `\n${indent(render({ [key]: value }), column)}`);
  }

  /** Takes out some, not all, of a mapping's entries. */
  remove(map: YAMLMap, gone: readonly Pair[]): void {
    const starts = map.items.map((pair) => startOf(pair.key));
    const indexes = gone.map((pair) => map.items.indexOf(pair));
    this.#removeItems(map, starts, indexes);
  }

  /** Puts text, as it is, behind a key of a block mapping. */
  setText(pair: Pair, text: string): void {
    const column = columnOf(this.text, startOf(pair.key));
    const end = hasText(pair.value) ? blockEnd(this.text, pair, column) : itemEnd(this.text, pair);
    const key = this.text.slice(startOf(pair.key), nodeOf(pair.key)?.range?.[1]);
    this.#edit(startOf(pair.key), end, `${key}:\n${indent(text.trimEnd(), column + 2)}`);
  }

  /** Gives the mapping behind a key of a block mapping lines of its own; a comment stays on the key's. */
  writeOut(pair: Pair): void {
    const start = startOf(pair.key);
    const end = lineEnd(this.text, itemEnd(this.text, pair));
    const comment = this.text.slice(itemEnd(this.text, pair), end);
    const key = this.text.slice(start, nodeOf(pair.key)?.range?.[1]);
    const lines = render(plainOf(pair.value) as Json);
    this.#edit(start, end, `${key}:${comment}\n${indent(lines, columnOf(this.text, start) + 2)}`);
  }

  #mergeList(list: YAMLSeq, wanted: readonly Json[]): void {
    const isFlow = list.flow === true;
    const starts = list.items.flatMap((item) => (isFlow ? startOf(item) : (dashOf(this.text, item) ?? [])));
    if (starts.length < list.items.length) {
      this.#replace(list, wanted);
      return;
    }
    const old = list.items.map(plainOf);
    const kept = matchInOrder(old, wanted);
    if (kept.size === 0 && (isFlow || wanted.length !== old.length)) {
      this.#replace(list, wanted);
      return;
    }
    this.#alignList(list, starts, wanted, kept);
  }

  /** Between the items that stay, others take the place of those that go, in their order. */
  #alignList(
    list: YAMLSeq,
    starts: readonly number[],
    wanted: readonly Json[],
    kept: ReadonlyMap<number, number>,
  ): void {
    const indexes = list.items.map((_, index) => index);
    const gone: number[] = [];
    let next = 0;
    for (const index of [...indexes, indexes.length]) {
      const match = kept.get(index);
      if (match === undefined && index < indexes.length) {
        const isFree = next < wanted.length && ![...kept].some(([from, to]) => to === next && from > index);
        const value = wanted[next];
        if (isFree && value !== undefined) {
          this.#setItem(list, index, value);
          next++;
        } else gone.push(index);
        continue;
      }
      const before = match ?? wanted.length;
      this.#insertItems(list, index, starts, wanted.slice(next, before));
      next = before + 1;
    }
    this.#removeItems(list, starts, gone);
  }

  #setItem(list: YAMLSeq, index: number, value: Json): void {
    const item = nodeOf(list.items[index]);
    if (isMap(item) && isObject(value) && Object.keys(value).length > 0) this.merge(item, value);
    else if (list.flow === true || (isInline(value, false) && !isBlockText(item))) {
      this.#edit(startOf(item), contentEnd(this.text, item), inline(value, item, list.flow === true));
    } else this.#replace(item, value);
  }

  #insertItems(list: YAMLSeq, index: number, starts: readonly number[], values: readonly Json[]): void {
    if (values.length === 0) return;
    const before = list.items[index - 1];
    const first = list.items[0];
    if (list.flow === true) {
      const text = renderFlow(values).slice(1, -1);
      if (index > 0) this.#edit(itemEnd(this.text, before), itemEnd(this.text, before), `, ${text}`);
      else this.#edit(startOf(first), startOf(first), `${text}, `);
      return;
    }
    const column = columnOf(this.text, starts[0] ?? 0);
    const lines = indent(render(values), column);
    if (index > 0) {
      const end = blockEnd(this.text, before, column);
      this.#edit(end, end, `\n${lines}`);
    } else this.#edit(starts[0] ?? 0, starts[0] ?? 0, `${lines.trimStart()}\n${" ".repeat(column)}`);
  }

  /** Takes out runs of entries: lines with what is said above them, or parts of a line with their commas. */
  #removeItems(list: YAMLMap | YAMLSeq, starts: readonly number[], gone: readonly number[]): void {
    for (const from of gone.filter((index) => !gone.includes(index - 1))) {
      let to = from;
      while (gone.includes(to + 1)) to++;
      const start = starts[from] ?? 0;
      const next = starts[to + 1];
      const isInLine = list.flow === true || !beginsLine(this.text, start);
      if (!isInLine)
        this.#removeLines(start, blockEnd(this.text, list.items[to], columnOf(this.text, start)));
      else if (next !== undefined) this.#edit(start, next, "");
      else this.#edit(itemEnd(this.text, list.items[from - 1]), itemEnd(this.text, list.items[to]), "");
    }
  }

  #removeLines(start: number, end: number): void {
    const first = blockStart(this.text, start);
    if (first === 0) this.#edit(0, Math.min(end + 1, this.text.length), "");
    else this.#edit(first - 1, end, "");
  }

  /** Replaces a whole value where it stands. */
  #replace(node: unknown, value: Json): void {
    const start = startOf(node);
    const isFlow = !isBlock(node) || isEmpty(value) || typeof value !== "object";
    const end = contentEnd(this.text, node);
    const lines = () => indent(render(value, this.#endsLine(end)), columnOf(this.text, start)).trimStart();
    this.#edit(start, end, isFlow ? renderFlow(value) : lines());
  }

  #replaceInline(pair: Pair, value: Json, isFlow: boolean): void {
    const old = nodeOf(pair.value);
    if (hasText(old)) this.#edit(startOf(old), contentEnd(this.text, old), inline(value, old, isFlow));
    else
      this.#edit(itemEnd(this.text, pair), itemEnd(this.text, pair), ` ${inline(value, undefined, isFlow)}`);
  }

  #replacePair(pair: Pair, value: Json): void {
    const start = startOf(pair.key);
    const end = itemEnd(this.text, pair);
    const key = this.text.slice(start, nodeOf(pair.key)?.range?.[1]);
    const text = render({ x: value }, this.#endsLine(end)).slice(1);
    this.#edit(start, end, `${key}${indent(text, columnOf(this.text, start)).trimStart()}`);
  }

  /** Otherwise a comment follows, which would become part of a text of several lines. */
  #endsLine(end: number): boolean {
    return this.text.slice(end, lineEnd(this.text, end)).trim() === "";
  }

  #edit(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }
}

/** Old index to new one, for items that are equal, in ascending order of both. */
function matchInOrder(old: readonly unknown[], wanted: readonly Json[]): ReadonlyMap<number, number> {
  const kept = new Map<number, number>();
  let from = 0;
  for (const [to, value] of wanted.entries()) {
    const found = old.findIndex((item, index) => index >= from && Bun.deepEquals(item, value, true));
    if (found === -1) continue;
    kept.set(found, to);
    from = found + 1;
  }
  return kept;
}
