import { answerTooLong } from "./homeserver-error.ts";

/** The head of an HTTP/1.1 answer. */
class AnswerHead {
  readonly status: number;
  readonly headers = { get: (name: string) => this.get(name) };
  /** The fields, each after a line end. */
  readonly #fields: string;
  /** The same in lower case: names of fields have none. */
  readonly #folded: string;

  private constructor(status: number, fields: string) {
    this.status = status;
    this.#fields = fields;
    this.#folded = fields.toLowerCase();
  }

  /** Of everything before the empty line. Throws when it is no HTTP/1 answer. */
  static parse(text: string): AnswerHead {
    const [line = "", status] = /^HTTP\/1\.\d (\d{3})[^\r\n]*/.exec(text) ?? [];
    if (status === undefined) throw new Error("what answers does not speak HTTP/1.1");
    return new AnswerHead(Number(status), `${text.slice(line.length)}\r\n`);
  }

  /** The first field of that name, given in lower case; null where there is none, as `Headers` says it. */
  get(name: string): string | null {
    const mark = `\r\n${name}:`;
    const at = this.#folded.indexOf(mark);
    if (at < 0) return null;
    const from = at + mark.length;
    return this.#fields.slice(from, this.#fields.indexOf("\r\n", from)).trim();
  }
}

type Body =
  | { readonly kind: "head" }
  | { readonly kind: "counted"; readonly leftBytes: number }
  | { readonly kind: "chunk-size" }
  | { readonly kind: "chunk"; readonly leftBytes: number }
  | { readonly kind: "trailer" }
  | { readonly kind: "until-end" }
  | { readonly kind: "whole"; readonly leavesOpen: boolean };

/** No answer that a bot host asks for comes near this size; a bigger one is not read to its end. */
export const maxAnswerBytes = 128 * 1024 * 1024;

/** The one before such an answer may still take several times its size: that is freed first, or a few in a row would fill the memory. */
export const largeAnswerBytes = 4 * 1024 * 1024;

/** Whoever sends more than this without an end of line is no HTTP server. */
const maxLineBytes = 64 * 1024;
const empty = Buffer.alloc(0);

/**
 * Puts an HTTP/1.1 answer together from the pieces in which it comes (RFC 9112: sections 4, 6 and 7). What it does not understand
 * it throws an error for: nobody guesses where an answer ends.
 */
export class AnswerReader {
  readonly #parts: Buffer[] = [];
  #state: Body = { kind: "head" };
  #head: AnswerHead | undefined;
  /** What cannot be understood before more has come. */
  #rest: Buffer = empty;
  #sizeBytes = 0;
  #isLarge = false;

  /** Undefined before it has come. */
  get head(): AnswerHead | undefined {
    return this.#head;
  }

  get isWhole(): boolean {
    return this.#state.kind === "whole";
  }

  /** Whether it is whole and another may follow on the same connection. */
  get leavesOpen(): boolean {
    return this.#state.kind === "whole" && this.#state.leavesOpen && this.#rest.length === 0;
  }

  /** Throws RoostError `network` when it is too long, and an Error when it is no answer. */
  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#step());
  }

  /** Nothing more will come. */
  end(): void {
    if (this.#state.kind === "until-end") this.#state = { kind: "whole", leavesOpen: false };
  }

  /** The body as UTF-8. */
  text(): string {
    const [first = empty] = this.#parts;
    return (this.#parts.length > 1 ? Buffer.concat(this.#parts) : first).toString("utf8");
  }

  /** Takes the next part of the answer off the rest; answers whether there may be another. */
  #step(): boolean {
    const state = this.#state;
    switch (state.kind) {
      case "head":
        return this.#takeHead();
      case "counted":
      case "chunk":
        return this.#takeBytes(state);
      case "chunk-size": {
        const line = this.#takeUntil("\r\n");
        if (line === undefined) return false;
        const size = /^[\da-f]{1,8}(?=\s*(?:;|$))/i.exec(line)?.[0];
        if (size === undefined) throw new Error("a chunk of the answer has no size");
        const leftBytes = Number.parseInt(size, 16);
        this.#state = leftBytes === 0 ? { kind: "trailer" } : { kind: "chunk", leftBytes };
        return true;
      }
      case "trailer": {
        const line = this.#takeUntil("\r\n");
        if (line === "") this.#finish();
        return line !== undefined && line !== "";
      }
      case "until-end":
        this.#keep(this.#rest);
        this.#rest = empty;
        return false;
      case "whole":
        return false;
    }
  }

  #takeHead(): boolean {
    const text = this.#takeUntil("\r\n\r\n");
    if (text === undefined) return false;
    const head = AnswerHead.parse(text);
    // 100 Continue, 103 Early Hints: the answer itself is still to come.
    if (head.status < 200) return true;
    this.#head = head;
    const coding = head.get("transfer-encoding");
    const length = head.get("content-length");
    if (head.status === 204 || head.status === 304) this.#finish();
    else if (coding !== null) this.#state = chunked(coding);
    else if (length !== null) this.#count(length);
    else this.#state = { kind: "until-end" };
    return true;
  }

  #count(length: string): void {
    if (!/^\d{1,15}$/.test(length)) throw new Error("the answer's content-length is no number");
    this.#expect(Number(length));
    if (Number(length) === 0) this.#finish();
    else this.#state = { kind: "counted", leftBytes: Number(length) };
  }

  #takeBytes({ kind, leftBytes }: Extract<Body, { leftBytes: number }>): boolean {
    if (leftBytes > 0) {
      const part = this.#rest.subarray(0, leftBytes);
      this.#keep(part);
      this.#rest = this.#rest.subarray(part.length);
      this.#state = { kind, leftBytes: leftBytes - part.length };
      if (part.length < leftBytes) return false;
    }
    if (kind === "counted") {
      this.#finish();
      return false;
    }
    const line = this.#takeUntil("\r\n");
    if (line !== undefined && line !== "") throw new Error("a chunk of the answer is longer than it says");
    if (line === "") this.#state = { kind: "chunk-size" };
    return line === "";
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#expect(this.#sizeBytes + part.length);
    this.#sizeBytes += part.length;
    this.#parts.push(part);
  }

  /** Its body will have at least so many bytes. */
  #expect(sizeBytes: number): void {
    if (sizeBytes > maxAnswerBytes) throw answerTooLong();
    if (sizeBytes > largeAnswerBytes && !this.#isLarge) Bun.gc(true);
    this.#isLarge ||= sizeBytes > largeAnswerBytes;
  }

  /** What stands before the mark, which is taken too; undefined while it has not come. */
  #takeUntil(mark: string): string | undefined {
    const at = this.#rest.indexOf(mark, 0, "latin1");
    if (at < 0 && this.#rest.length > maxLineBytes) throw new Error("the answer's head has no end");
    if (at < 0) return undefined;
    const text = this.#rest.toString("latin1", 0, at);
    this.#rest = this.#rest.subarray(at + mark.length);
    return text;
  }

  #finish(): void {
    const leavesOpen = !/\bclose\b/i.test(this.#head?.get("connection") ?? "");
    this.#state = { kind: "whole", leavesOpen };
  }
}

function chunked(coding: string): Body {
  if (coding.toLowerCase() === "chunked") return { kind: "chunk-size" };
  throw new Error(`the answer is coded as ${coding.slice(0, 40)}, which nobody asked for`);
}
