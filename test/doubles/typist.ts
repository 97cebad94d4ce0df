import { until } from "./delivery.ts";
import { roostCommand } from "./host.ts";

/** Somebody at a terminal in which Roost runs: reads what is on it, and types. */
export class Typist {
  /** Everything that was written to the terminal, control characters included. */
  seen = "";
  readonly #process: Bun.Subprocess;
  #typedAt = 0;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const decoder = new TextDecoder();
    this.#process = Bun.spawn([...roostCommand(), ...args], {
      env: { TERM: "xterm", ...env },
      terminal: {
        cols: 120,
        rows: 40,
        data: (_, bytes) => {
          this.seen += decoder.decode(bytes, { stream: true });
        },
      },
    });
  }

  /** Types a line once this has come after the last line that was typed. */
  async answer(prompt: string, line: string): Promise<void> {
    await this.sees(prompt);
    this.#typedAt = this.seen.length;
    this.#process.terminal?.write(`${line}\n`);
  }

  async sees(text: string): Promise<void> {
    const isSeen = () => this.seen.indexOf(text, this.#typedAt) >= 0;
    await until(`the terminal shows: ${text}`, isSeen, 20_000).catch((error: unknown) => {
      throw new Error(`It shows:\n${this.seen}`, { cause: error });
    });
  }

  interrupt(): void {
    this.#process.terminal?.write("\x03");
  }

  async exitCode(): Promise<number> {
    const code = await this.#process.exited;
    await Bun.sleep(20);
    return code;
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL");
  }
}
