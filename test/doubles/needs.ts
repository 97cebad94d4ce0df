/** How a test says that it needs a part this machine may lack, so that a skip is always seen and never silent. */

import { describe, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface Lack {
  /** A missing package can be installed, so with CI=true it fails; the others can't be helped and are only printed. */
  readonly of: "package" | "privilege" | "kernel" | "corpus";
  /** What to do, or why it cannot be. */
  readonly why: string;
}

/**
 * `needs("a real Synapse", lackOfPython())("the main job ...", () => { ... })`: `describe`, unless something is lacking. Then
 * prints `skipped: <what>: <why>` and skips what is inside, hooks included; with CI=true the lack of a package is a failed test.
 */
export function needs(what: string, lack: Lack | undefined): typeof describe | typeof describe.skip {
  if (lack === undefined) return describe;
  if (lack.of === "package" && process.env.CI === "true") {
    test(`this machine has ${what}`, () => {
      throw new Error(`${what}: ${lack.why}`);
    });
  } else {
    console.log(`skipped: ${what}: ${lack.why}`);
  }
  return describe.skip;
}

/** For tests that mount something. */
export function lackOfMounts(): Lack | undefined {
  const isRoot = process.getuid?.() === 0;
  const trial = ["-m", "mount", "-t", "tmpfs", "none", "/mnt"];
  if (isRoot && spawnSync("unshare", trial).status === 0) return undefined;
  return { of: "privilege", why: "only root may mount a disk" };
}

/** The first of the programs that is on PATH, or undefined. */
export function findProgram(...names: readonly string[]): string | undefined {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      if (isExecutable(join(folder, name))) return join(folder, name);
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
