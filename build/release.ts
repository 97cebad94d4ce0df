/**
 * `bun build/release.ts [--arch x64,arm64]`: what is handed to people without Nix, in dist/release: for each kind of processor a tar
 * with executable, completions, unit, docs, example config and schema, and one SHA256SUMS. The same commit gives the same bytes.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import manifest from "../package.json" with { type: "json" };
import lock from "../package-lock.json" with { type: "json" };
import { unitText } from "../src/commands/install/unit.ts";
import { compile, entrypoints } from "./compile.ts";

const root = dirname(import.meta.dir);
const cache = join(root, ".cache/bun");
const packageOf = { x64: "@oven/bun-linux-x64", arm64: "@oven/bun-linux-aarch64" } as const;
type Arch = keyof typeof packageOf;
const papers = ["README.md", "CHANGELOG.md", "LICENSE", "docs", "config.example.yaml", "roost.schema.json"];
const completions = { bash: "roost.bash", zsh: "_roost", fish: "roost.fish" } as const;

/** The Bun to put the program into, from the package that package-lock.json pins. */
function fetchBun(arch: Arch): string {
  const name = packageOf[arch];
  const bun = join(cache, `${arch}-${lock.packages[`node_modules/${name}`].version}`);
  if (existsSync(bun)) return bun;
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  mkdirSync(cache, { recursive: true });
  const [packed] = z
    .array(z.object({ filename: z.string(), integrity: z.string() }))
    .parse(JSON.parse(run("npm", ["pack", `${name}@${version}`, "--json"], cache)));
  if (packed?.integrity !== integrity)
    throw new Error(`${name}@${version} is not what package-lock.json pins.`);
  run("tar", ["-xzf", packed.filename, "package/bin/bun"], cache);
  run("mv", ["package/bin/bun", bun], cache);
  rmSync(join(cache, packed.filename));
  return bun;
}

async function pack(arch: Arch, release: string): Promise<string> {
  const name = `roost-${manifest.version}-linux-${arch}`;
  const work = mkdtempSync(join(tmpdir(), "roost-release-"));
  try {
    const folder = join(work, name);
    mkdirSync(join(folder, "completions"), { recursive: true });
    await compile({
      ...{ outfile: join(folder, "roost"), entrypoints },
      target: `bun-linux-${arch}`,
      bun: fetchBun(arch),
    });
    for (const file of papers) cpSync(join(root, file), join(folder, file), { recursive: true });
    writeFileSync(join(folder, "roost.service"), unitText("/usr/local/bin/roost"));
    for (const [shell, file] of Object.entries(completions)) {
      const script = run(process.execPath, ["src/main.ts", "completions", shell], root);
      writeFileSync(join(folder, "completions", file), script);
    }
    const tar = join(release, `${name}.tar.gz`);
    const sameEverywhere = [
      ...["--sort=name", `--mtime=@${commitSeconds()}`, "--owner=0", "--group=0", "--numeric-owner"],
      ...["--mode=u+rw,go+r,go-w", "--format=ustar"],
    ];
    run("tar", ["-C", work, ...sameEverywhere, "--use-compress-program=gzip -n -9", "-cf", tar, name], root);
    return tar;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** When the commit was made, which takes the place of now. */
function commitSeconds(): string {
  return process.env.SOURCE_DATE_EPOCH ?? run("git", ["log", "-1", "--format=%ct"], root).trim();
}

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, [...args], { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${stderr}`);
  return stdout;
}

const { arch, out } = parseArgs({
  options: {
    arch: { type: "string", default: Object.keys(packageOf).join(",") },
    out: { type: "string", default: join(root, "dist/release") },
  },
}).values;
mkdirSync(out, { recursive: true });
const sums: string[] = [];
for (const each of z.array(z.enum(["x64", "arm64"])).parse(arch.split(","))) {
  const tar = await pack(each, out);
  const bytes = readFileSync(tar);
  const name = tar.slice(out.length + 1);
  sums.push(`${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}  ${name}\n`);
  console.log(`${tar}: ${(bytes.length / 1e6).toFixed(1)} MB`);
}
writeFileSync(join(out, "SHA256SUMS"), sums.join(""));
console.log(sums.join("").trimEnd());
