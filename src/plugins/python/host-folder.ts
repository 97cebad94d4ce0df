import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundlePythonSources } from "./sources.ts" with { type: "macro" };

const sources: Readonly<Record<string, string>> = bundlePythonSources();

/**
 * Writes Roost's own Python packages below `folder`, in a folder named by their content, and answers it: another version of Roost
 * never finds this one's. The file system's errors are thrown.
 */
export function writePythonHost(folder: string): string {
  const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify(sources)).digest("hex").slice(0, 16);
  const place = join(folder, `host-${hash}`);
  if (existsSync(place)) return place;
  const temporary = `${place}.new`;
  rmSync(temporary, { recursive: true, force: true });
  for (const [name, text] of Object.entries(sources)) {
    mkdirSync(dirname(join(temporary, name)), { recursive: true, mode: 0o700 });
    writeFileSync(join(temporary, name), text);
  }
  renameSync(temporary, place);
  return place;
}
