import { expect, test } from "bun:test";
import { shortageOf } from "../../src/host/databases/disk-watch.ts";

const space = (freeMegabytes: number, totalMegabytes = 20_000) => ({
  freeBytes: freeMegabytes * 1e6,
  totalBytes: totalMegabytes * 1e6,
});

test("a disk is short below a tenth or 200 MB, and almost full below 50 MB", () => {
  expect(shortageOf(space(2_100), undefined)).toBeUndefined();
  expect(shortageOf(space(1_900), undefined)).toBe("WARN");
  expect(shortageOf(space(190, 1_000), undefined)).toBe("WARN");
  expect(shortageOf(space(49), undefined)).toBe("ERROR");
});

test("a tenth of a large disk is no shortage", () => {
  expect(shortageOf(space(20_000, 4_000_000), undefined)).toBeUndefined();
  expect(shortageOf(space(4_900, 4_000_000), undefined)).toBe("WARN");
});

test("what is short stays so until there is a fifth more, so that it is not said every minute", () => {
  expect(shortageOf(space(2_100), "WARN")).toBe("WARN");
  expect(shortageOf(space(2_500), "WARN")).toBeUndefined();
  expect(shortageOf(space(55), "ERROR")).toBe("ERROR");
  expect(shortageOf(space(61), "ERROR")).toBe("WARN");
});
