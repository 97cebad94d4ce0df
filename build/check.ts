/** `npm test`: every check of the project, one after another. The last line is `N passed, N failed` and maybe `, N skipped`. */
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { TestReport, type Totals } from "./test-report.ts";

const root = dirname(import.meta.dir);
const bun = process.execPath;

/** What runs before the tests: each counts as one check. */
const steps = [
  { name: "format and lint", command: ["node_modules/.bin/biome", "check", "--error-on-warnings", "."] },
  { name: "types", command: ["node_modules/.bin/tsc", "-p", "."] },
  { name: "types of the page", command: ["node_modules/.bin/tsc", "-p", "src/web/page"] },
  { name: "walls between rooms", command: [bun, "build/check-rooms.ts"] },
  { name: "dist/roost", command: [bun, "build/compile.ts"] },
];

async function checkAll(): Promise<Totals> {
  const results: Totals[] = [];
  for (const { name, command } of steps) {
    const startMs = performance.now();
    process.stdout.write(`${name} ... `);
    const lines: string[] = [];
    const ok = (await run(command, (line) => lines.push(line))) === 0;
    console.log(`${ok ? "ok" : "FAILED"} (${secondsSince(startMs)})`);
    if (!ok) console.log(lines.join("\n"));
    results.push({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });
  }
  results.push(await runTests());
  return results.reduce((sum, each) => ({
    passed: sum.passed + each.passed,
    failed: sum.failed + each.failed,
    skipped: sum.skipped + each.skipped,
  }));
}

async function runTests(): Promise<Totals> {
  const startMs = performance.now();
  console.log("tests ...");
  const report = new TestReport();
  const progress = setInterval(() => {
    console.log(`  ${report.totals.passed} passed after ${secondsSince(startMs)}, last in ${report.file}`);
  }, 10_000);
  const code = await run([bun, "test", "./test", "--parallel", "--no-orphans", "--timeout=20000"], (line) =>
    report.add(line),
  );
  clearInterval(progress);
  report.close();
  console.log(`tests ${code === 0 ? "ok" : "FAILED"} (${secondsSince(startMs)})`);
  const { passed, failed, skipped } = report.totals;
  // A runner that broke without a failed test to show for it is a failure all the same.
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed, skipped };
}

/** Runs a command in the root, hands over its output line by line, and answers its exit code (1 if it was killed). */
async function run(command: readonly string[], onLine: (line: string) => void): Promise<number> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const outputs = [child.stdout, child.stderr].map((input) => {
    const lines = createInterface({ input });
    lines.on("line", onLine);
    return new Promise((resolve) => lines.once("close", resolve));
  });
  const code = await new Promise<number>((resolve) => {
    child.once("error", (error) => {
      onLine(error.message);
      resolve(1);
    });
    child.once("exit", (exitCode) => resolve(exitCode ?? 1));
  });
  // A process left behind by a test would hold the pipes open for ever.
  await Promise.race([Promise.all(outputs), Bun.sleep(2_000)]);
  return code;
}

function secondsSince(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

const { passed, failed, skipped } = await checkAll();
console.log(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
process.exit(failed === 0 ? 0 : 1);
