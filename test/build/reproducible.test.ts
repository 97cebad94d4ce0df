import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile, entrypoints } from "../../build/compile.ts";
import { temporaryFolder } from "../doubles/folder.ts";

test("the same sources give the same executable, wherever it is written", async () => {
  using first = temporaryFolder();
  using second = temporaryFolder();
  const hashes = [];
  for (const { path } of [first, second]) {
    const outfile = join(path, "roost");
    await compile({ outfile, entrypoints });
    hashes.push(new Bun.CryptoHasher("sha256").update(readFileSync(outfile)).digest("hex"));
  }
  expect(hashes[0]).toBe(hashes[1]);
});
