import { databaseTrouble } from "../../core/database-trouble.ts";
import { causeChain, type ErrorCode, RoostError, sentenceOf } from "../../core/error.ts";
import type { WireError } from "./protocol.ts";

export function toWire(error: unknown): WireError {
  const known = error instanceof RoostError ? error : undefined;
  const trouble = known === undefined ? databaseTrouble(error) : undefined;
  const sentence = sentenceOf(error);
  return {
    code: known?.code ?? (trouble === undefined ? codeOf(error) : codes[trouble.kind]),
    message: trouble === undefined ? sentence : `Its database refused: ${sentence}. ${trouble.remedy}`,
    causes: causeChain(error),
    retryAfterMs: known?.retryAfterMs,
  };
}

const codes = { busy: "database-busy", lost: "database-lost" } as const satisfies Record<string, ErrorCode>;

/** What the file system says of a full or failing disk is over once somebody has made room. */
function codeOf(error: unknown): ErrorCode {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(?:ENOSPC|EDQUOT|EROFS|EIO)$/.test(code) ? "database" : "internal";
}

export function fromWire(error: WireError): RoostError {
  const cause = error.causes.length > 1 ? new Error(error.causes.slice(1).join(" <- ")) : undefined;
  return new RoostError(error.code, error.message, { cause, retryAfterMs: error.retryAfterMs });
}

const laterMs = 2;
/** A process may say ten times as much in one list. */
const mostInList = 1_000;

/** Gathers what is said and passes it on as lists: each crossing wakes the other side. */
export class Outgoing<Message> {
  readonly #post: (messages: readonly Message[]) => void;
  #messages: Message[] = [];

  constructor(post: (messages: readonly Message[]) => void) {
    this.#post = post;
  }

  /** Goes out with what else is said in this turn. */
  say(message: Message): void {
    this.#messages.push(message);
    queueMicrotask(() => this.flush());
  }

  /** For what nobody waits for: goes out with the next that is said, or 2 ms later. */
  sayLater(message: Message): void {
    this.#messages.push(message);
    if (this.#messages.length === 1) setTimeout(() => this.flush(), laterMs);
  }

  flush(): void {
    const messages = this.#messages;
    this.#messages = [];
    if (messages.length <= mostInList) {
      if (messages.length > 0) this.#post(messages);
      return;
    }
    for (let at = 0; at < messages.length; at += mostInList) this.#post(messages.slice(at, at + mostInList));
  }
}
