import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { environmentFolder } from "../../plugins/python/interpreter.ts";
import { commonRequirements, mautrix } from "../../plugins/python/requirements.ts";
import { askHost, isHostThere } from "../../web/control-client.ts";
import { dataDirOf } from "../data-dir.ts";
import { exitCode, type Terminal } from "../terminal.ts";

/**
 * `roost plugin python [PACKAGE...]`: makes the virtual environment that Python plugins run in, with what most of them need, and
 * installs further packages into it.
 */
export async function makePython(
  packages: readonly string[],
  options: { readonly config?: string | undefined },
  terminal: Terminal,
): Promise<number> {
  const dataDir = dataDirOf(options, terminal);
  const folder = environmentFolder(dataDir);
  const python = join(folder, "bin", "python3");
  if (!existsSync(python)) {
    const system = Bun.which("python3", { PATH: terminal.env.PATH ?? "" });
    if (system === null) {
      terminal.err("There is no python3 on PATH. On Debian: apt install python3 python3-venv");
      return exitCode.problem;
    }
    terminal.err(`Making an environment in ${folder} ...`);
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    if (!(await succeeds([system, "-m", "venv", folder], terminal))) {
      terminal.err("It could not be made. On Debian: apt install python3-venv. Then run this again.");
      return exitCode.problem;
    }
  }
  const wanted = [`${mautrix.name}==${mautrix.version}`, ...commonRequirements, ...packages];
  terminal.err(`Installing ${wanted.length} packages ...`);
  const install = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"];
  if (!(await succeeds([...install, "--progress-bar", "off", ...wanted], terminal))) {
    terminal.err("Not everything could be installed: see above. Run this again once that is mended.");
    return exitCode.problem;
  }
  terminal.out(`Python plugins run with ${python}.`);
  for (const sentence of await tellHost(dataDir)) terminal.out(sentence);
  return exitCode.fine;
}

/** Has a running host look for what its plugins lacked; answers what came of it. */
async function tellHost(dataDir: string): Promise<readonly string[]> {
  if (!(await isHostThere(dataDir))) return [];
  return (await (await askHost(dataDir, "POST", "/plugins/missing")).json()) as readonly string[];
}

/** Shows what the command does, as it does it. */
function succeeds([program = "", ...args]: readonly string[], terminal: Terminal): Promise<boolean> {
  return new Promise((resolve) => {
    const { PATH, HOME, HTTPS_PROXY, HTTP_PROXY, PIP_INDEX_URL } = terminal.env;
    const env = { PATH, HOME, HTTPS_PROXY, HTTP_PROXY, PIP_INDEX_URL };
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on("line", (line) => terminal.err(`  ${line}`));
    }
    child.on("error", (error) => {
      terminal.err(`  ${error.message}`);
      resolve(false);
    });
    child.on("close", (code) => resolve(code === 0));
  });
}
