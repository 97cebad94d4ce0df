const newline = 10;

/**
 * Cuts a stream of bytes into lines of bounded length, without their ends. A line that is too long is refused (`push` answers false,
 * and nothing more should be pushed), or with `cut` its beginning is handed over and the rest passed by.
 */
export class LineReader {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  readonly #tooLong: "refuse" | "cut";
  #parts: Buffer[] = [];
  #sizeBytes = 0;
  #isPassingBy = false;

  constructor(maxBytes: number, onLine: (line: string) => void, tooLong: "refuse" | "cut" = "refuse") {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
    this.#tooLong = tooLong;
  }

  push(chunk: Buffer): boolean {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      if (!this.#add(chunk.subarray(from, at))) return false;
      this.#finish();
      from = at + 1;
    }
    return this.#add(chunk.subarray(from));
  }

  #add(part: Buffer): boolean {
    const room = this.#maxBytes - this.#sizeBytes;
    if (part.length > room && this.#tooLong === "refuse") return false;
    if (this.#isPassingBy || part.length === 0) return true;
    const kept = part.subarray(0, room);
    this.#parts.push(kept);
    this.#sizeBytes += kept.length;
    this.#isPassingBy = part.length > room;
    return true;
  }

  #finish(): void {
    const line = Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#sizeBytes = 0;
    this.#isPassingBy = false;
    this.#onLine(line);
  }
}
