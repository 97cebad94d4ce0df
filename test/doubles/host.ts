import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { until } from "./delivery.ts";
import { type RunOptions, run } from "./run.ts";

const root = dirname(dirname(import.meta.dir));
const executable = join(root, "dist/roost");

/** How to start Roost: the compiled executable when it is there (the checks build it first), else the sources. */
export function roostCommand(): string[] {
  return existsSync(executable) ? [executable] : [process.execPath, join(root, "src/main.ts")];
}

/** Runs a command of the executable to its end, with an empty environment unless `env` says otherwise. */
export function roost(args: readonly string[], options: RunOptions = {}) {
  return run([...roostCommand(), ...args], options);
}

/** A real Roost process on a config of its own, to be started, asked, killed and started again. */
export class HostProcess {
  readonly configFile: string;
  readonly dataDir: string;
  readonly port: number;
  readonly #env: Record<string, string>;
  readonly #command: readonly string[];
  #process: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
  #output = "";

  constructor(
    folder: string,
    port: number,
    env: Record<string, string> = {},
    command: readonly string[] = roostCommand(),
  ) {
    mkdirSync(folder, { recursive: true });
    this.configFile = join(folder, "config.yaml");
    this.dataDir = join(folder, "data");
    this.port = port;
    this.#env = env;
    this.#command = command;
  }

  /** Writes the YAML: `body` follows the parts that every test needs. */
  configure(homeserverUrl: string, body: string, registrationToken = "letmein"): void {
    writeFileSync(
      this.configFile,
      `homeserver:\n  url: ${homeserverUrl}\n  registration_token: ${registrationToken}\nserver: { port: ${this.port} }\ndata_dir: ${this.dataDir}\n${body}`,
      { mode: 0o600 },
    );
  }

  start(): void {
    const child = Bun.spawn([...this.#command, "serve", "--config", this.configFile], {
      cwd: dirname(this.configFile),
      env: this.#env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#process = child;
    void this.#collect(child.stdout);
    void this.#collect(child.stderr);
  }

  /** Everything it has printed, over all its starts. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Ends it as `kill -9` does and waits until it is gone. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
    this.#process = undefined;
  }

  /** Ends it as systemd does; answers the exit code. */
  async stop(): Promise<number> {
    this.#process?.kill("SIGTERM");
    const code = (await this.#process?.exited) ?? 0;
    this.#process = undefined;
    return code;
  }

  async exited(): Promise<number> {
    return (await this.#process?.exited) ?? 0;
  }

  /** Runs another command of the executable with this config. */
  command(...args: string[]) {
    return run([...this.#command, ...args, "--config", this.configFile], { env: this.#env });
  }

  async health(path = "/healthz"): Promise<{ status: number; body: string }> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`);
    return { status: answer.status, body: await answer.text() };
  }

  /** Waits until it answers at all. */
  untilUp(): Promise<void> {
    const isUp = () =>
      this.health("/livez").then(
        ({ status }) => status === 200,
        () => false,
      );
    return until("the host answers", isUp);
  }

  /** Waits until the instance is in that state, as `roost status` would say. */
  async untilInstance(id: string, state: string, timeoutMs = 15_000): Promise<void> {
    let seen = "";
    const reached = async () => {
      seen = await this.health(`/healthz/${id}`).then(
        ({ body }) => body,
        (error) => String(error),
      );
      return seen.includes(`"observedValue":"${state}"`);
    };
    try {
      await until(`${id} is ${state}`, reached, timeoutMs);
    } catch (error) {
      throw new Error(`${String(error)} Last health: ${seen}\n${this.#output}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#output += decoder.decode(chunk, { stream: true });
  }
}
