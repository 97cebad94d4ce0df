import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../doubles/folder.ts";
import { needs } from "../doubles/needs.ts";
import { lackOfNixSandbox, NixStore, whatABuilderSees } from "../doubles/nix.ts";

setDefaultTimeout(300_000);

needs("Nix's sandbox", lackOfNixSandbox())("the Nix package", () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());
  const store = new NixStore(folder.path);

  test("is built where a builder sees neither a network nor this machine's folders", () => {
    expect(readFileSync(store.build("-E", whatABuilderSees), "utf8").trim()).toBe("lo");
  });

  test("is built from source by its own phases, and runs, with nothing but a loader from the store", () => {
    const built = store.build(join(import.meta.dir, "package.nix"));
    const { stdout } = spawnSync(join(built, "bin/roost"), ["--version"], { encoding: "utf8" });
    expect(stdout).toContain(`roost ${manifest.version}`);
    const needed = store.run("nix-store", "--query", "--references", built).split("\n");
    expect(needed).toEqual([expect.stringMatching(/-ld-linux-.*\.so/)]);
  });
});
