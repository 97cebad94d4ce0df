import { describe, expect, test } from "bun:test";
import type { KeptRecord } from "../../src/core/record.ts";
import { heightsOf, indexAt, rowOf } from "../../src/web/page/log-rows.ts";

const record = (message: string): KeptRecord => ({
  id: 1,
  timeMs: 0,
  severity: "INFO",
  instance: undefined,
  message,
  context: {},
  causes: [],
});

describe("rows of the log", () => {
  test("are as high as their message needs, which is more where it stands under its time", () => {
    const records = [record("Running."), record("word ".repeat(20)), record("word ".repeat(900))];
    const [wide, narrow] = [heightsOf(records, 1000), heightsOf(records, 320)];
    expect(wide[1]).toBe(28);
    expect(narrow.at(-1)).toBeGreaterThan(wide.at(-1) ?? 0);
    expect(rowOf(320).linesOf("word ".repeat(900))).toBe(6);
  });

  test("are found by their height, the first and the last too", () => {
    const tops = [0, 28, 76, 104];
    expect([0, 27, 28, 100, 104, 1000].map((height) => indexAt(tops, height))).toEqual([0, 0, 1, 2, 3, 3]);
    expect(indexAt([0], 10)).toBe(0);
  });
});
