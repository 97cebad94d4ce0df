import { statSync } from "node:fs";
import { exitCode, type Terminal } from "../terminal.ts";
import type { PluginOptions } from "./plugin.ts";

/** `roost plugin test [DIR]`: runs the folder's `*.test.ts` by the Bun inside this executable. */
export async function test(folder = ".", { json }: PluginOptions, terminal: Terminal): Promise<number> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    terminal.err(`There is no folder ${folder}. Begin a plugin with: roost plugin new NAME`);
    return exitCode.usage;
  }
  const child = Bun.spawn([process.execPath, "test"], {
    cwd: folder,
    env: { ...terminal.env, BUN_BE_BUN: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, words, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const report = `${words}${out}`.trim();
  if (json) terminal.out(JSON.stringify({ passed: status === 0, report }));
  else terminal.out(report);
  return status === 0 ? exitCode.fine : exitCode.problem;
}
