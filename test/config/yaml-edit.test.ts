import { describe, expect, test } from "bun:test";
import { isMap, parse } from "yaml";
import { YamlEdit } from "../../src/config/yaml-edit.ts";
import { isObject, type Json, type JsonObject } from "../../src/core/json.ts";

function merged(text: string, wanted: JsonObject): string {
  const edit = new YamlEdit(text);
  if (!isMap(edit.root)) throw new Error("the text must be a mapping");
  edit.merge(edit.root, wanted);
  return edit.apply();
}

const cases: [what: string, before: string, wanted: JsonObject, after: string][] = [
  ["a value and its quotes", "a: 'x'   # why\nb: 2\n", { a: "y", b: 2 }, "a: 'y'   # why\nb: 2\n"],
  [
    "a value that needs quotes now",
    "a: x # why\n",
    { a: "#ops:example.org" },
    'a: "#ops:example.org" # why\n',
  ],
  ["a key behind the last", "a: 1\n# end\n", { a: 1, b: { c: [1] } }, "a: 1\nb:\n  c:\n    - 1\n# end\n"],
  [
    "a nested key",
    "a:\n    b: 1\n    # more\nc: 2",
    { a: { b: 1, d: 3 }, c: 2 },
    "a:\n    b: 1\n    d: 3\n    # more\nc: 2",
  ],
  [
    "a key that goes, with what is said of it",
    "# top\n\n# one\na: 1 # x\n# two\nb: 2\n",
    { b: 2 },
    "# top\n\n# two\nb: 2\n",
  ],
  [
    "keys of a one-line mapping",
    "a: { b: 1, c: 2, d: 3 } # x\n",
    { a: { b: 7, d: 3, e: "," } },
    'a: { b: 7, d: 3, e: "," } # x\n',
  ],
  ["the last key of a one-line mapping", "a: { b: 1, c: 2 }\n", { a: { b: 1 } }, "a: { b: 1 }\n"],
  ["what becomes empty", "a:\n  b: 1\nc: 1\n", { a: {}, c: 1 }, "a: {}\nc: 1\n"],
  ["what was empty", "a:   # x\nc: {}\n", { a: 1, c: { d: 1 } }, "a: 1   # x\nc: { d: 1 }\n"],
  [
    "an item, its neighbours' comments kept",
    "a:\n  - x # x\n  - y # y\n  - z # z\n",
    { a: ["x", "w", "z"] },
    "a:\n  - x # x\n  - w # y\n  - z # z\n",
  ],
  [
    "items that go and come",
    "a:\n- x # x\n- y\nb: 1\n",
    { a: ["n", "x", "m"], b: 1 },
    "a:\n- n\n- x # x\n- m\nb: 1\n",
  ],
  ["a one-line list", "a: [x, y, z]\n", { a: ["y", "z", "w"] }, "a: [y, z, w]\n"],
  [
    "mappings in a list",
    "a:\n  - b: 1 # b\n    c: 2\n  - d: 1\n",
    { a: [{ b: 1, c: 3 }, { d: 1 }] },
    "a:\n  - b: 1 # b\n    c: 3\n  - d: 1\n",
  ],
  ["the first key of a mapping in a list", "a:\n  - b: 1\n    c: 2\n", { a: [{ c: 2 }] }, "a:\n  - c: 2\n"],
  ["text of several lines", "a: |\n  x\n  y\nb: 1\n", { a: "x\nz\n", b: 1 }, "a: |\n  x\n  z\nb: 1\n"],
];

describe("an edit changes only", () => {
  test.each(cases)("%s", (_, before, wanted, after) => {
    expect(merged(before, wanted)).toBe(after);
    expect(parse(after)).toEqual(wanted);
  });
});

/** A generator of whole numbers below `limit`, the same for the same seed. */
function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
}

const words = [
  "x",
  "yes",
  "#a",
  "a: b",
  "1",
  "",
  "two\nlines\n",
  "it's",
  '"',
  "- a",
  "[",
  "*a",
  "\ttab",
  "ü",
  " a ",
  "a,b}",
];

function randomValue(roll: (limit: number) => number, depth = 0): Json {
  const kind = roll(depth > 2 ? 4 : 7);
  if (kind === 0) return roll(1000);
  if (kind === 1) return roll(2) === 0;
  if (kind < 4) return words[roll(words.length)] ?? null;
  if (kind === 4) return Array.from({ length: roll(4) }, () => randomValue(roll, depth + 1));
  return randomMap(roll, depth + 1);
}

function randomMap(roll: (limit: number) => number, depth: number): JsonObject {
  return Object.fromEntries(Array.from({ length: roll(4) }, () => [`k${roll(9)}`, randomValue(roll, depth)]));
}

/** Another value, most of which is the same. */
function changed(value: Json, roll: (limit: number) => number): Json {
  if (roll(5) === 0) return randomValue(roll);
  if (isObject(value)) {
    const kept = Object.entries(value).filter(() => roll(6) > 0);
    const more = roll(3) === 0 ? [[`n${roll(9)}`, randomValue(roll, 1)] as const] : [];
    return Object.fromEntries([
      ...kept.map(([key, inner]) => [key, changed(inner ?? null, roll)] as const),
      ...more,
    ]);
  }
  if (!Array.isArray(value)) return value;
  const kept = value.filter(() => roll(6) > 0).map((item) => (roll(4) === 0 ? changed(item, roll) : item));
  return roll(3) === 0 ? kept.toSpliced(roll(kept.length + 1), 0, randomValue(roll, 2)) : kept;
}

function write(value: Json, column: number, roll: (limit: number) => number, path: string): string {
  const pad = " ".repeat(column);
  const step = 1 + roll(4);
  if (!isObject(value) || Object.keys(value).length === 0)
    return ` ${JSON.stringify(value)} # value ${path}\n`;
  const lines = Object.entries(value).map(
    ([key, inner]) =>
      `${pad}# above ${path}.${key}\n${pad}${key}:${write(inner ?? null, column + step, roll, `${path}.${key}`)}`,
  );
  return `${column > 0 ? ` # head ${path}\n` : ""}${lines.join(roll(2) === 0 ? "\n" : "")}`;
}

/** The keys, from the outside in, whose value no edit touches. */
function untouched(before: Json, after: Json, path = ""): string[] {
  if (!isObject(before) || !isObject(after)) return [];
  return Object.entries(before).flatMap(([key, value]) => {
    const other = Object.hasOwn(after, key) ? after[key] : undefined;
    if (value === undefined || other === undefined) return [];
    const own = Bun.deepEquals(value, other, true) ? [`${path}.${key}`] : [];
    return [...own, ...untouched(value, other, `${path}.${key}`)];
  });
}

test("keeps, over random edits of commented files, all comments of the keys that are not touched, and says what is wanted", () => {
  let checked = 0;
  for (let seed = 1; seed <= 1500; seed++) {
    const roll = dice(seed * 7919);
    const before = { first: 1, ...randomMap(roll, 0), last: randomMap(roll, 0) };
    const text = write(before, 0, roll, "").trimStart();
    expect(parse(text)).toEqual(before);
    const wanted = changed(before, roll);
    if (!isObject(wanted) || Object.keys(wanted).length === 0) continue;
    const after = merged(text, wanted);
    expect({ seed, value: parse(after) }).toEqual({ seed, value: wanted });
    for (const path of untouched(before, wanted)) {
      expect(after).toContain(`# above ${path}\n`);
      checked++;
    }
  }
  expect(checked).toBeGreaterThan(1000);
});
