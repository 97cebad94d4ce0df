import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unifiedDiff } from "../../src/config/unified-diff.ts";
import { Folder } from "./room.ts";

const letters = [..."abcdefghij"];
const lines = (seed: number, count: number) =>
  Array.from({ length: count }, (_, index) => letters[(seed * 31 + index * (1 + (seed % 7)) * 17) % 10]);

test("says nothing of equal texts", () => {
  expect(unifiedDiff("a\n", "a\n")).toBe("");
});

test.skipIf(Bun.which("patch") === null)("is what patch turns one text into the other with", () => {
  using folder = new Folder();
  for (let seed = 1; seed < 60; seed++) {
    const before = lines(seed, (seed * 7) % 40);
    const after = before.flatMap((line, index) =>
      (index + seed) % 9 === 0 ? [] : (index * seed) % 8 === 0 ? [line, "new"] : [line],
    );
    const [old, wanted] = [before, [...after, "end"]].map((all) => all.map((line) => `${line}\n`).join(""));
    folder.write("text", old ?? "");
    const result = spawnSync("patch", ["--silent", join(folder.path, "text")], {
      input: unifiedDiff(old ?? "", wanted ?? ""),
    });
    expect({ seed, status: result.status, text: readFileSync(join(folder.path, "text"), "utf8") }).toEqual({
      seed,
      status: 0,
      text: wanted ?? "",
    });
  }
});

test("shows a change of very many lines as a whole", () => {
  const many = (letter: string) => Array.from({ length: 3000 }, (_, index) => `${letter}${index}\n`).join("");
  expect(unifiedDiff(many("a"), many("b")).split("\n")).toHaveLength(6002);
});
