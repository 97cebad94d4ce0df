/** `npm run build`: makes dist/roost, one executable that needs nothing beside it. */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../package.json" with { type: "json" };

const root = dirname(import.meta.dir);

/** The program and its workers, as paths. */
export const entrypoints = ["src/main.ts", "src/bot-worker.ts", "src/backup-worker.ts"].map((file) =>
  join(root, file),
);

export interface Executable {
  readonly outfile: string;
  /** The program and every worker it starts: a worker that is not an entry of its own is not found at run time. */
  readonly entrypoints: readonly string[];
  /** Such as `bun-linux-arm64`; this machine when left out. */
  readonly target?: Bun.Build.CompileTarget | undefined;
  /** The Bun to put the program into, when it is not this one: that of `target`. */
  readonly bun?: string | undefined;
  /** Such as one that puts another module in a source's place. */
  readonly plugins?: readonly Bun.BunPlugin[];
}

/** Throws with the bundler's own messages when a source does not compile. */
export async function compile(executable: Executable): Promise<void> {
  await Bun.build({
    entrypoints: [...executable.entrypoints],
    target: "bun",
    minify: true,
    // Workers hold only what they run, and what they share with the program is in the executable once.
    splitting: true,
    // Halves the time from start to first sync; top-level await in bytecode needs ESM.
    bytecode: true,
    format: "esm",
    plugins: [...(executable.plugins ?? [])],
    define: {
      ROOST_VERSION: JSON.stringify(manifest.version),
      ROOST_COMMIT: JSON.stringify(currentCommit()),
    },
    compile: {
      outfile: executable.outfile,
      // Else whoever can write to the folder it is started in gets code or settings into it.
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(executable.target === undefined ? {} : { target: executable.target }),
      ...(executable.bun === undefined ? {} : { executablePath: executable.bun }),
    },
  });
}

/** The commit being built, or `unknown` outside a git checkout. */
function currentCommit(): string {
  const git = spawnSync("git", ["rev-parse", "--short=12", "HEAD"], { cwd: root, encoding: "utf8" });
  return git.status === 0 ? git.stdout.trim() : "unknown";
}

if (import.meta.main) {
  const { target, outfile } = parseArgs({
    options: { target: { type: "string" }, outfile: { type: "string", default: join(root, "dist/roost") } },
  }).values;
  const startMs = performance.now();
  console.log("Building dist/roost ...");
  try {
    await compile({
      outfile,
      entrypoints,
      target: target as Bun.Build.CompileTarget | undefined,
    });
  } catch (error) {
    console.error(
      error instanceof AggregateError
        ? error.errors.map((each) => Bun.inspect(each)).join("\n")
        : Bun.inspect(error),
    );
    process.exit(1);
  }
  const megabytes = Math.round(statSync(outfile).size / 1e6);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`  ${outfile}: ${megabytes} MB in ${seconds} s`);
}
