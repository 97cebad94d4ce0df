import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A Bun macro: called while the executable is built, so that the executable holds Roost's own Python packages, by path. */
export function bundlePythonSources(): Record<string, string> {
  const folder = dirname(import.meta.path);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sources = names.filter((name) => name.endsWith(".py")).sort();
  return Object.fromEntries(sources.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
