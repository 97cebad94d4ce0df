import { expect, spyOn, test } from "bun:test";
import { TestReport } from "../../build/test-report.ts";

/** What the report counts and prints of these lines of `bun test`. */
function read(lines: readonly string[]): { totals: TestReport["totals"]; printed: string } {
  const log = spyOn(console, "log").mockImplementation(() => {});
  try {
    const report = new TestReport();
    for (const line of lines) report.add(line);
    report.close();
    return { totals: report.totals, printed: log.mock.calls.flat().join("\n") };
  } finally {
    log.mockRestore();
  }
}

test("passed tests are counted and nothing of them is printed", () => {
  const { totals, printed } = read([
    "test/a.test.ts:",
    "noise",
    "(pass) one [1ms]",
    "(pass) two [1ms]",
    " 2 pass",
    " 0 fail",
  ]);
  expect(totals).toEqual({ passed: 2, failed: 0, skipped: 0 });
  expect(printed).toBe("");
});

test("the stretch of a failed test is printed, that of another file is not", () => {
  const { totals, printed } = read([
    "test/a.test.ts:",
    "(pass) fine [1ms]",
    "test/b.test.ts:",
    "error: expected 1",
    "(fail) broken [1ms]",
    "test/a.test.ts:",
    "(pass) fine too [1ms]",
    "1 tests failed:",
    "(fail) broken [1ms]",
    " 2 pass",
    " 1 fail",
  ]);
  expect(totals).toEqual({ passed: 2, failed: 1, skipped: 0 });
  expect(printed).toContain("expected 1");
  expect(printed).not.toContain("fine");
  expect(printed.split("(fail) broken")).toHaveLength(2);
});

test("skipped tests are counted once and without the hooks around them, and printed with their reason", () => {
  const { totals, printed } = read([
    "test/a.test.ts:",
    "skipped: a real Synapse: no Python",
    "(skip) group > (unnamed)",
    "(skip) group > one",
    "2 tests skipped:",
    "(skip) group > (unnamed)",
    "(skip) group > one",
    " 0 pass",
    " 2 skip",
    " 0 fail",
  ]);
  expect(totals).toEqual({ passed: 0, failed: 0, skipped: 1 });
  expect(printed).toBe("  skipped: a real Synapse: no Python\n  skipped: group > one");
});
