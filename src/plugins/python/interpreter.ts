import { existsSync } from "node:fs";
import { join } from "node:path";

export interface PythonInterpreterOptions {
  /** The interpreter that the config names. */
  readonly named: string | undefined;
  readonly dataDir: string;
  /** Where else to look, as PATH has it. */
  readonly searchPath: string;
}

/** The virtual environment that `roost plugin python` makes. */
export function environmentFolder(dataDir: string): string {
  return join(dataDir, "python", "venv");
}

/** What plugins stand on, by the names they are imported by. */
const libraries = ["mautrix", "aiohttp", "aiosqlite", "ruamel.yaml", "commonmark"];
const look = `import sys
from importlib.util import find_spec
def has(name):
    try:
        return find_spec(name) is not None
    except ImportError:
        return False
print("old" if sys.version_info < (3, 11) else ",".join(n for n in sys.argv[1:] if not has(n)))`;
const remedy = "Run `roost plugin python`, which makes an environment with all that plugins need.";

/** The Python that runs plugins: the one the config names, else Roost's own environment, else the system's. */
export class PythonInterpreter {
  readonly #options: PythonInterpreterOptions;
  /** Those that have all the libraries. */
  readonly #sound = new Set<string>();

  constructor(options: PythonInterpreterOptions) {
    this.#options = options;
  }

  /** Its absolute path; undefined when there is none. */
  find(): string | undefined {
    const { named, dataDir, searchPath } = this.#options;
    if (named !== undefined) return named;
    const own = join(environmentFolder(dataDir), "bin", "python3");
    if (existsSync(own)) return own;
    return Bun.which("python3", { PATH: searchPath }) ?? undefined;
  }

  /** Why no Python plugin can run, as a sentence that says what to do. */
  obstacle(): string | undefined {
    const python = this.find();
    if (python === undefined) return `Python plugins need Python 3.11 or newer, and there is none. ${remedy}`;
    if (this.#sound.has(python)) return undefined;
    const missing = missingIn(python);
    if (missing === undefined) return `Python plugins cannot run: ${python} cannot be started. ${remedy}`;
    if (missing === "old")
      return `Python plugins need Python 3.11 or newer, and ${python} is older. ${remedy}`;
    if (missing !== "")
      return `Python plugins cannot run: ${python} lacks ${missing.replaceAll(",", ", ")}. ${remedy}`;
    this.#sound.add(python);
    return undefined;
  }
}

function missingIn(python: string): string | undefined {
  try {
    const { success, stdout } = Bun.spawnSync([python, "-I", "-B", "-c", look, ...libraries], {
      env: {},
      stdin: "ignore",
      stderr: "ignore",
      timeout: 10_000,
    });
    return success ? stdout.toString().trim() : undefined;
  } catch {
    return undefined;
  }
}
