import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile, entrypoints } from "../../build/compile.ts";

const root = join(import.meta.dir, "../..");

/** SIGUSR2 frees what the main thread does not need any more; the bot's command `collect` does the same for its worker. */
const collecting = 'process.on("SIGUSR2", () => Bun.gc(true));\n';

/**
 * Compiles dist/roost's sources with two differences: there is one bot more, which can be told to break, and garbage can be
 * collected on demand. Takes about 2 s.
 */
export async function compileLabExecutable(folder: string): Promise<string> {
  const outfile = join(folder, "roost");
  const bots = join(root, "src/bots/index.ts");
  await compile({
    outfile,
    entrypoints,
    plugins: [
      {
        name: "laboratory",
        setup: (build) => {
          build.onLoad({ filter: /src\/cli\.ts$/ }, ({ path }) => ({
            loader: "ts",
            contents: readFileSync(path, "utf8") + collecting,
          }));
          build.onLoad({ filter: /src\/bots\/index\.ts$/ }, ({ path }) => ({
            loader: "ts",
            contents:
              path === bots
                ? `export * from ${JSON.stringify(join(import.meta.dir, "bots.ts"))};`
                : readFileSync(path, "utf8"),
          }));
        },
      },
    ],
  });
  return outfile;
}
