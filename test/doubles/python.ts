/** Python programs as real test parts: each in a cached virtual environment, made once for all runs and test files. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, type Lack } from "./needs.ts";

const cache = process.env.ROOST_CACHE ?? join(import.meta.dir, "../../.cache");

export type Environment = { readonly python: string } | { readonly lack: Lack };

/**
 * The interpreter of a virtual environment that holds this package, such as `("matrix-synapse", "1.163.2")`, and others beside
 * it, as pip names them; the first call makes it, which takes half a minute and the network. Answers what is lacking when it
 * can't be made.
 */
export async function pythonWith(
  name: string,
  version: string,
  ...others: readonly string[]
): Promise<Environment> {
  const python3 = findProgram("python3");
  if (python3 === undefined)
    return lacking("python3 is not installed; on Debian: apt install python3 python3-venv");
  const named = [`${name}-${version}`, ...others].join("+");
  // A file's name may have 255 bytes, and a lock stands beside the folder.
  const folder = join(
    cache,
    named.length <= 200 ? named : `${name}-${version}+${Bun.hash(named).toString(36)}`,
  );
  const python = join(folder, "bin/python");
  const complete = join(folder, "complete");
  mkdirSync(cache, { recursive: true });
  const release = await lock(`${folder}.lock`);
  try {
    if (existsSync(complete)) return { python };
    console.log(`preparing: a virtual environment with ${name} ${version} (once, about half a minute)`);
    rmSync(folder, { recursive: true, force: true });
    const commands = [
      [python3, "-m", "venv", folder],
      [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        `${name}==${version}`,
        ...others,
      ],
    ];
    for (const command of commands) {
      const { code, output } = await run(command);
      if (code !== 0)
        return lacking(`\`${command.join(" ")}\` failed: ${output.trim().split("\n").at(-1) ?? ""}`);
    }
    writeFileSync(complete, "");
    return { python };
  } finally {
    release();
  }
}

function lacking(why: string): Environment {
  return { lack: { of: "package", why } };
}

/** Waits until no other living process holds the lock file, takes it, and answers how to give it back. */
async function lock(file: string): Promise<() => void> {
  for (;;) {
    try {
      const handle = openSync(file, "wx");
      writeFileSync(handle, String(process.pid));
      closeSync(handle);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    if (isAbandoned(file)) rmSync(file, { force: true });
    else await Bun.sleep(200);
  }
}

function isAbandoned(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

function run([program = "", ...args]: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    let output = "";
    const keep = (bytes: Buffer) => {
      output += bytes.toString();
    };
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => resolve({ code: 1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
