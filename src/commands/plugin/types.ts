import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Terminal } from "../terminal.ts";

export type TypeReport =
  | { readonly state: "fit" }
  | { readonly state: "wrong"; readonly faults: string }
  /** There is no compiler, or nothing that says what it is to look at. */
  | { readonly state: "unchecked"; readonly why: string };

/** Has TypeScript's compiler look at an author's folder: the one in its node_modules, or in a folder above it, else the one on PATH. */
export async function checkTypes(folder: string, { env }: Terminal): Promise<TypeReport> {
  if (!existsSync(join(folder, "tsconfig.json"))) {
    return {
      state: "unchecked",
      why: "there is no tsconfig.json: copy that of a plugin made by `roost plugin new`",
    };
  }
  const tsc = Bun.which("tsc", { PATH: [...binFolders(folder), env.PATH ?? ""].join(delimiter) });
  if (tsc === null) {
    return { state: "unchecked", why: `there is no tsc. In ${folder}: npm install --save-dev typescript` };
  }
  const child = Bun.spawn([tsc, "--noEmit", "--pretty", "false", "-p", "."], {
    cwd: folder,
    env: { ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, words, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return status === 0 ? { state: "fit" } : { state: "wrong", faults: `${out}${words}`.trim() };
}

function binFolders(folder: string): string[] {
  const found = [join(folder, "node_modules/.bin")];
  const above = dirname(folder);
  return above === folder ? found : [...found, ...binFolders(above)];
}
