/** `npm start [-- ARGUMENTS]`: sets up, builds dist/roost if a source is newer, and runs `dist/roost demo ARGUMENTS`. */
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { become } from "./child.mjs";
import { bun, root, setUp } from "./setup.mjs";

const executable = join(root, "dist/roost");
const sources = ["src", "build/compile.ts", "build/empty-module", "package.json", "package-lock.json"];

try {
  await setUp();
  if (sources.some((path) => newestMs(join(root, path)) > changedMs(executable))) build();
  become(executable, ["demo", ...process.argv.slice(2)]);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

function build() {
  const { status } = spawnSync(bun, ["build/compile.ts"], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error("dist/roost could not be built; the cause is above.");
}

/** The newest change below the path; a folder counts itself, so that a deleted file is noticed too. */
function newestMs(path) {
  const stat = statSync(path);
  const inside = stat.isDirectory() ? readdirSync(path).map((name) => newestMs(join(path, name))) : [];
  return Math.max(stat.mtimeMs, ...inside);
}

function changedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
