/**
 * Makes a fresh clone ready with nothing but Node and npm: installs the packages when they are missing or older than
 * package-lock.json, and sees to it that Bun's binary stands where npm's scripts expect it. Does nothing, in some
 * milliseconds, when all is there.
 */
import { spawn, spawnSync } from "node:child_process";
import { linkSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const bun = join(root, "node_modules/bun/bin/bun.exe");

export async function setUp() {
  if (!isInstalled()) await install();
  if (!isBinary(bun)) linkBun();
}

/** Compares package-lock.json with the lockfile that npm leaves in node_modules once an installation is complete. */
function isInstalled() {
  const have = packagesIn("node_modules/.package-lock.json");
  return Object.entries(packagesIn("package-lock.json")).every(([path, wanted]) => {
    if (path === "") return true;
    const found = have[path];
    if (found === undefined) return wanted.optional === true;
    return (
      found.version === wanted.version && found.integrity === wanted.integrity && found.link === wanted.link
    );
  });
}

function packagesIn(lockfile) {
  try {
    return JSON.parse(readFileSync(join(root, lockfile), "utf8")).packages;
  } catch {
    return {};
  }
}

async function install() {
  const startMs = Date.now();
  const seconds = () => `${Math.round((Date.now() - startMs) / 1000)} s`;
  console.log("Installing packages with npm (once; usually under a minute) ...");
  const progress = setInterval(() => console.log(`  still installing, ${seconds()}`), 15_000);
  const { code, output } = await runNpm(["ci", "--include=dev", "--no-audit", "--no-fund"]);
  clearInterval(progress);
  if (code !== 0) {
    process.stderr.write(output);
    throw new Error(
      "npm could not install the packages; its own words are above. Check the network and `npm config get registry`, then run the same command again.",
    );
  }
  console.log(`  installed in ${seconds()}`);
}

function runNpm(args) {
  // npm names itself when it runs us; running that file with our own Node needs no shell and no PATH.
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm?.endsWith(".js") ? [process.execPath, npm] : ["npm"];
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(command, [...first, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const keep = (bytes) => {
      output += bytes;
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => resolve({ code: 1, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Bun's package holds a small placeholder until its install script has run. */
function isBinary(path) {
  try {
    return statSync(path).size > 1_000_000;
  } catch {
    return false;
  }
}

/** Does what Bun's install script would have done, for npm with `--ignore-scripts` or a policy that skips scripts. */
function linkBun() {
  const candidates = listFolder(join(root, "node_modules/@oven")).map((name) =>
    join(root, "node_modules/@oven", name, "bin/bun"),
  );
  // Some versions of npm install the binaries for several C libraries: the one that runs is ours.
  const found = candidates.find((path) => isBinary(path) && spawnSync(path, ["--version"]).status === 0);
  if (found === undefined) {
    throw new Error(
      "Bun's binary for this machine is missing or does not run. Delete node_modules and run the same command again, without `--omit=optional`; Bun needs Linux or macOS on x64 or arm64.",
    );
  }
  linkSync(found, `${bun}.new`);
  renameSync(`${bun}.new`, bun);
}

function listFolder(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
