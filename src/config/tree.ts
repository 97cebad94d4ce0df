import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Json } from "../core/json.ts";
import { positionOf, type Range } from "./excerpt.ts";
import { type Finding, isPlainName, type Path } from "./finding.ts";
import { mustBeQuoted } from "./traps.ts";
import { keyOf } from "./yaml-layout.ts";

/** The offsets of one key and its value. */
export interface Place {
  readonly key: number | undefined;
  readonly value: number;
  /** The scalar as it is written; undefined for lists and mappings. */
  readonly source: string | undefined;
  readonly isNull: boolean;
}

/**
 * Tells whether what stands at a path may be shown (`open`) or not (`secret`). What is `sealed` is not even looked into: a
 * password with a brace or colon in it reads as a mapping, and its parts must not turn up as names.
 */
export type SecretPlace = (path: Path, value: "scalar" | "collection") => "open" | "secret" | "sealed";

const maxNodes = 20_000;
const maxDepth = 60;
/** `key: #ops:x` and `- #ops:x`: the value is empty, and the rest of the line looks like an alias. */
const commentedAlias = /^[ \t]*(#[^\s:#,]+:[A-Za-z0-9.:-]*[A-Za-z0-9])/;
/** The same on a line of its own, or at a line's end, inside of square brackets. */
const commentedItem = /(?<=^|[[,])[ \t]*(#[^\s:#,]+:[A-Za-z0-9.:-]*[A-Za-z0-9]),?[ \t]*\r?$/gm;

/**
 * Turns the parser's tree into plain data, noting where everything stands, what may be secret, and what is not plain data:
 * odd keys, keys given twice, aliases in a circle or without end.
 */
export class TreeReading {
  readonly findings: Finding[] = [];
  readonly places = new Map<string, Place>();
  readonly hidden: Range[] = [];
  /** There is more than anybody would write: the rest was not read. */
  overflowed = false;
  readonly #starts: { readonly offset: number; readonly path: Path }[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  readonly #text: string;
  readonly #lineStarts: readonly number[];
  readonly #isSecret: SecretPlace;
  /** With a syntax error nothing is sure about where a value ends. */
  readonly #broken: boolean;
  #nodes = 0;

  constructor(text: string, lineStarts: readonly number[], isSecret: SecretPlace, broken: boolean) {
    this.#text = text;
    this.#lineStarts = lineStarts;
    this.#isSecret = isSecret;
    this.#broken = broken;
  }

  hides(offset: number): boolean {
    return this.hidden.some(([start, end]) => start <= offset && offset < end);
  }

  /** The path of what begins last before an offset. */
  pathAt(offset: number): Path {
    let found: { offset: number; path: Path } = { offset: -1, path: [] };
    for (const start of this.#starts) {
      if (start.offset <= offset && start.offset >= found.offset) found = start;
    }
    return found.path;
  }

  read(node: Node, path: Path): Json {
    if (path.length === 0) this.#note(path, undefined, node);
    if (++this.#nodes > maxNodes || path.length > maxDepth) {
      if (!this.overflowed) {
        const message = "this is too large or too deep, counting what its aliases (*name) repeat";
        this.#report(path.slice(0, 4), startOf(node), message);
      }
      this.overflowed = true;
    }
    if (this.overflowed) return null;
    if (isAlias(node)) return this.#readAlias(node.source, node, path);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    this.#open.add(node);
    try {
      if (isMap(node)) return this.#readMap(node, path);
      if (isSeq(node)) return this.#readList(node, path);
      return isScalar(node) ? this.#readScalar(node, path) : null;
    } finally {
      this.#open.delete(node);
    }
  }

  #readAlias(name: string, node: Node, path: Path): Json {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      this.#report(path, startOf(node), 'text that begins with "*" must be in quotes');
      return null;
    }
    if (this.#open.has(target)) {
      this.#report(path, startOf(node), "this alias leads in a circle: it stands inside of what it repeats");
      return null;
    }
    return this.read(target, path);
  }

  #readList(list: YAMLSeq, path: Path): Json {
    if (list.flow === true) this.#findCommentedItems(list, path);
    return list.items.map((item, index) => {
      const node = asNode(item);
      if (node === undefined) return null;
      this.#note([...path, index], undefined, node);
      return this.read(node, [...path, index]);
    });
  }

  #readMap(map: YAMLMap, path: Path): Json {
    const entries: [string, Json][] = [];
    const seen = new Map<string, number>();
    for (const pair of map.items) {
      const keyNode = asNode(pair.key);
      const keyAt = startOf(keyNode ?? map);
      const key = this.#readKey(pair, path, keyAt);
      if (key === undefined) continue;
      const inner = [...path, key];
      const value = asNode(pair.value);
      const sealed = this.#hide(inner, keyNode, value, map.flow === true) === "sealed";
      const first = seen.get(key);
      if (first !== undefined) {
        const { line } = positionOf(this.#lineStarts, first);
        this.#report(inner, keyAt, `this name is given twice: the first is on line ${line}`);
        continue;
      }
      seen.set(key, keyAt);
      this.#note(inner, keyAt, value);
      if (sealed) entries.push([key, isSeq(value) ? [] : {}]);
      else entries.push([key, value === undefined ? null : this.read(value, inner)]);
    }
    return Object.fromEntries(entries);
  }

  /** The key's name. What cannot be one is reported as a neighbour of the others, so that they are not harmed. */
  #readKey(pair: Pair, path: Path, offset: number): string | undefined {
    const source = isScalar(pair.key) ? `${pair.key.source}` : "";
    const name = keyOf(pair);
    if (name !== undefined) {
      if (name !== "__proto__") return name;
    } else if (source !== "") {
      this.#report([...path, source], offset, "names must be text: put this one in quotes");
      return undefined;
    }
    this.#report([...path, "?"], offset, "this cannot be a name: names are plain text before a colon");
    return undefined;
  }

  #readScalar(scalar: Scalar, path: Path): Json {
    const { value } = scalar;
    const at = startOf(scalar);
    if (scalar.tag === "!") {
      this.#report(path, this.#text.lastIndexOf("!", at), 'text that begins with "!" must be in quotes');
      return null;
    }
    if (value === null) {
      const lineEnd = this.#text.indexOf("\n", at);
      const id = commentedAlias.exec(this.#text.slice(at, lineEnd === -1 ? undefined : lineEnd))?.[1];
      if (id !== undefined) {
        const { message, hint } = mustBeQuoted(id);
        this.#report(path, this.#text.indexOf("#", at), message, hint);
      }
      return null;
    }
    if (typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    this.#report(path, at, "this number cannot be used: put it in quotes if it is meant as text");
    return null;
  }

  #findCommentedItems(list: YAMLSeq, path: Path): void {
    const start = startOf(list);
    for (const match of this.#text.slice(start, list.range?.[1]).matchAll(commentedItem)) {
      const { message, hint } = mustBeQuoted(match[1] ?? "");
      this.#report(path, start + match.index + match[0].indexOf("#"), message, hint);
    }
  }

  #hide(
    path: Path,
    key: Node | undefined,
    value: Node | undefined,
    flow: boolean,
  ): "open" | "secret" | "sealed" {
    // A key without a colon may be the secret itself, one line too low.
    const isStray = value === undefined && this.#isSecret(path, "scalar") !== "open";
    if (key !== undefined && (isStray || !isPlainName(`${path.at(-1)}`))) {
      this.hidden.push([startOf(key), key.range?.[1] ?? startOf(key)]);
    }
    if (value === undefined || namesItsSource(value)) return "open";
    const kind = this.#isSecret(path, isMap(value) || isSeq(value) ? "collection" : "scalar");
    const holdsLogin = isScalar(value) && /\/\/[^/\s]*@/.test(`${value.source}`);
    if (kind === "open" && !holdsLogin) return kind;
    const colon = this.#text.indexOf(":", key?.range?.[1] ?? 0);
    const from = colon + 1 + (/^\s*/.exec(this.#text.slice(colon + 1, colon + 1000))?.[0].length ?? 0);
    const end = value.range?.[1] ?? from;
    const lineEnd = this.#text.indexOf("\n", end);
    const wide = this.#broken || !flow;
    this.hidden.push([from, Math.max(from, wide ? (lineEnd === -1 ? this.#text.length : lineEnd) : end)]);
    return kind;
  }

  #note(path: Path, key: number | undefined, value: Node | undefined): void {
    const at = value === undefined ? (key ?? 0) : startOf(value);
    this.#starts.push({ offset: key ?? at, path });
    this.places.set(JSON.stringify(path), {
      key,
      value: at,
      source: isScalar(value) ? value.source : undefined,
      isNull: value === undefined || (isScalar(value) && value.value === null),
    });
  }

  #report(path: Path, offset: number, message: string, hint?: string): void {
    this.findings.push({ path, offset, message, hint });
  }
}

/** `{ file: PATH }` and `{ env: NAME }` say where a secret is, and may be shown. */
function namesItsSource(value: Node): boolean {
  if (!isMap(value) || value.items.length === 0) return false;
  return value.items.every(
    ({ key }) => isScalar(key) && typeof key.value === "string" && ["file", "env"].includes(key.value),
  );
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function asNode(value: unknown): Node | undefined {
  return isAlias(value) || isMap(value) || isSeq(value) || isScalar(value) ? value : undefined;
}
