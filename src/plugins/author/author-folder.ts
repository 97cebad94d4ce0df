import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const root = join(dirname(import.meta.path), "../../..");
const modules = join(root, "node_modules");
/** Packages whose types the contract mentions, by where those begin. */
const packages = { zod: "index.d.ts", hono: "dist/types/index.d.ts" } as const;
/** What `import ... from "roost"` and `"roost/testing"` mean, by the name of their file in this folder. */
const entries = { index: "author-module", testing: "test-bot" } as const;

/**
 * A Bun macro, called while the executable is built: the folder `roost/` that a plugin's author gets, as gzipped JSON of texts by
 * path, in base64. It has the contract's types, made from the contract itself, with those of the packages and of the parts of Bun that they
 * name, and the same as code, so that a plugin's tests run without Roost.
 */
export function packAuthorFolder(): string {
  const scratch = mkdtempSync(join(tmpdir(), "roost-types-"));
  try {
    const files = { ...ownTypes(scratch), ...packageTypes(), ...bunTypes(), ...code(scratch) };
    // In order, so that the same sources make the same executable.
    const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
    return gzipSync(JSON.stringify(sorted), { level: 9 }).toString("base64");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The declarations of the entries and of all that they mention, as the compiler writes them. */
function ownTypes(scratch: string): Record<string, string> {
  run(
    [join(modules, "typescript/bin/tsc"), "--ignoreConfig", "--declaration", "--emitDeclarationOnly"],
    ["--target", "esnext", "--module", "preserve", "--strict", "--exactOptionalPropertyTypes"],
    [
      "--allowImportingTsExtensions",
      "--skipLibCheck",
      "--types",
      "bun",
      "--typeRoots",
      join(modules, "@types"),
    ],
    ["--rootDir", join(root, "src"), "--outDir", join(scratch, "types")],
    Object.values(entries).map((name) => join(root, `src/plugins/author/${name}.ts`)),
  );
  const files: Record<string, string> = {};
  for (const [name, from] of Object.entries(entries)) {
    files[`${name}.d.ts`] = `export * from "./plugins/author/${from}.js";\n`;
    const start = join(scratch, "types/plugins/author", `${from}.d.ts`);
    for (const [path, text] of reachable(start, join(scratch, "types"))) {
      const up = "../".repeat(path.split("/").length - 1);
      files[path] = text
        .replaceAll(/(from )"(zod|hono)"/g, `$1"${up}$2/index.js"`)
        .replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"');
    }
  }
  return files;
}

function packageTypes(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [name, start] of Object.entries(packages)) {
    const folder = join(modules, name);
    for (const [path, text] of reachable(join(folder, start), dirname(join(folder, start)))) {
      files[`${name}/${path}`] = text;
    }
    files[`${name}/LICENSE`] = readFileSync(join(folder, "LICENSE"), "utf8");
  }
  return files;
}

function bunTypes(): Record<string, string> {
  const read = (name: string) => readFileSync(join(modules, "bun-types", name), "utf8");
  return { "bun/sqlite.d.ts": read("sqlite.d.ts"), "bun/test.d.ts": read("test.d.ts") };
}

/** The entries bundled, what they share in a file of its own: they have to agree on what a RoostError is. */
function code(scratch: string): Record<string, string> {
  const out = join(scratch, "code");
  run(
    ["build", ...Object.values(entries).map((name) => join(root, `src/plugins/author/${name}.ts`))],
    ["--target=bun", "--splitting", "--minify", `--outdir=${out}`, "--chunk-naming=shared-[hash].[ext]"],
  );
  const files: Record<string, string> = {};
  for (const path of new Bun.Glob("*.js").scanSync(out)) {
    const entry = Object.entries(entries).find(([, from]) => path === `${from}.js`);
    files[entry === undefined ? path : `${entry[0]}.js`] = readFileSync(join(out, path), "utf8");
  }
  return files;
}

function run(...words: readonly (readonly string[])[]): void {
  const { success, stdout, stderr } = Bun.spawnSync([process.execPath, ...words.flat()], { cwd: root });
  if (!success) throw new Error(`${stdout}${stderr}`);
}

/** A declaration file and all that it imports by relative paths, by their paths within `folder`. */
function reachable(start: string, folder: string): Map<string, string> {
  const found = new Map<string, string>();
  const queue = [start];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    const path = relative(folder, file);
    if (found.has(path)) continue;
    const text = readFileSync(file, "utf8");
    found.set(path, text);
    for (const [, specifier = ""] of text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      queue.push(join(dirname(file), specifier.replace(/(?:\.d)?\.[jt]s$/, ".d.ts")));
    }
  }
  return found;
}
