import type { Terminal } from "./terminal.ts";

const turns = ["|", "/", "-", "\\"];
const everyMs = 120;

/** Shows on a terminal that work goes on, and for how long by now. What is no terminal gets nothing. */
export async function withProgress<Result>(
  what: string,
  terminal: Terminal,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const { draw } = terminal;
  if (draw === undefined) return await work();
  const beganMs = performance.now();
  let turn = 0;
  const timer = setInterval(() => {
    const seconds = Math.floor((performance.now() - beganMs) / 1000);
    draw(`${turns[turn++ % turns.length]} ${what} ... ${seconds} s`);
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    draw("");
  }
}

/** The last line of a terminal, which can be written again and again; whoever prints something else clears it first. */
export class MovingLine {
  readonly #stream: NodeJS.WriteStream;
  #isDrawn = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  draw(text: string): void {
    this.clear();
    if (text === "") return;
    this.#stream.write(text.slice(0, (this.#stream.columns || 80) - 1));
    this.#isDrawn = true;
  }

  clear(): void {
    if (this.#isDrawn) this.#stream.write("\r\x1b[K");
    this.#isDrawn = false;
  }
}
