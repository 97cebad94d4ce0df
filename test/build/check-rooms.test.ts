import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRooms } from "../../build/check-rooms.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** The findings in a house made of these files, as `file:line: sentence`. */
async function findingsIn(files: Record<string, string>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), "roost-rooms-"));
  folders.push(root);
  for (const [file, text] of Object.entries(files)) await Bun.write(join(root, "src", file), text);
  return checkRooms(root).map(({ file, line, sentence }) => `${file}:${line}: ${sentence}`);
}

test("a room may import core, itself, packages and builtins, and the files of src may import rooms", async () => {
  const findings = await findingsIn({
    "core/id.ts": `export const id = 1;\n`,
    "web/page.html": "<p>",
    "web/server.ts": `import { readFileSync } from "node:fs";\nimport { Hono } from "hono";\nimport { id } from "../core/id.ts";\nimport page from "./page.html" with { type: "text" };\n`,
    "app.ts": `import "./web/server.ts";\nimport manifest from "../package.json" with { type: "json" };\n`,
    "matrix/client.ts": `import { MatrixClient } from "matrix-bot-sdk";\n`,
  });
  expect(findings).toEqual([]);
});

test("a room that imports another room is found, also for a type, a re-export, a dynamic import and over several lines", async () => {
  const findings = await findingsIn({
    "web/a.ts": `const x = 1;\nimport type { A } from "../store/a.ts";\n`,
    "web/b.ts": `export * from "../store/a.ts";\n`,
    "web/c.ts": `const a = await import("../store/a.ts");\n`,
    "web/d.ts": `import {\n  one,\n  two,\n} from "../store/a.ts";\n`,
    "store/a.ts": "export {};\n",
  });
  expect(findings).toEqual(
    ["a.ts:2", "b.ts:1", "c.ts:1", "d.ts:1"].map(
      (place) =>
        `src/web/${place}: room web imports room store; let app hand over what it needs as a type of core`,
    ),
  );
});

test("commands and host introduce rooms to each other, and host imports no command", async () => {
  const findings = await findingsIn({
    "commands/serve.ts": `import "../host/app.ts";\nimport "../web/server.ts";\n`,
    "host/app.ts": `import "../web/server.ts";\nimport "../commands/terminal.ts";\n`,
    "commands/terminal.ts": "export {};\n",
    "web/server.ts": "export {};\n",
  });
  expect(findings).toEqual([
    "src/host/app.ts:2: host imports src/commands/terminal.ts; commands use the host, never the other way round",
  ]);
});

test("core imports no room, no room imports a file of src itself or one outside src", async () => {
  const findings = await findingsIn({
    "core/id.ts": `import "../log/router.ts";\n`,
    "log/router.ts": `import "../app.ts";\nimport "../../build/compile.ts";\n`,
    "app.ts": "export {};\n",
  });
  expect(findings).toEqual([
    "src/core/id.ts:1: room core imports room log; let app hand over what it needs as a type of core",
    "src/log/router.ts:1: room log imports src/app.ts; only main, commands and host see the whole house",
    'src/log/router.ts:2: room log imports "../../build/compile.ts" from outside src',
  ]);
});

test("a circle of value imports is found once, and a type import does not close one", async () => {
  const findings = await findingsIn({
    "log/a.ts": `import "./b.ts";\n`,
    "log/b.ts": `import "./c.ts";\n`,
    "log/c.ts": `\nimport { a } from "./a.ts";\n`,
    "web/a.ts": `import "./b.ts";\n`,
    "web/b.ts": `import type { A } from "./a.ts";\n`,
  });
  expect(findings).toEqual([
    "src/log/c.ts:2: this import closes a circle: src/log/a.ts -> src/log/b.ts -> src/log/c.ts -> src/log/a.ts",
  ]);
});

test("the Matrix SDK outside src/matrix, a missing ending and an overlong file are found", async () => {
  const findings = await findingsIn({
    "app.ts": `import type { MatrixClient } from "matrix-bot-sdk";\nimport "./web/a";\n`,
    "web/a.ts": `${"\n".repeat(300)}export {};\n`,
  });
  expect(findings).toEqual([
    "src/app.ts:1: matrix-bot-sdk is imported in src/matrix only",
    'src/app.ts:2: "./web/a" lacks its ending; write "./web/a.ts"',
    "src/web/a.ts:301: the file has 301 lines; 300 is the limit, so give one of its parts a file of its own",
  ]);
});
