import { causeChain, RoostError, sentenceOf } from "../core/error.ts";
import type { WireError } from "./protocol.ts";

export function toWire(error: unknown): WireError {
  const known = error instanceof RoostError ? error : undefined;
  return {
    code: known?.code ?? (isDiskTrouble(error) ? "database" : "internal"),
    message: sentenceOf(error),
    causes: causeChain(error),
    retryAfterMs: known?.retryAfterMs,
  };
}

/** Said by SQLite or the file system, and gone once somebody has made room. */
function isDiskTrouble(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^SQLITE_(?:FULL|IOERR|READONLY|CANTOPEN)|^(?:ENOSPC|EDQUOT|EROFS|EIO)$/.test(code);
}

export function fromWire(error: WireError): RoostError {
  const cause = error.causes.length > 1 ? new Error(error.causes.slice(1).join(" <- ")) : undefined;
  return new RoostError(error.code, error.message, { cause, retryAfterMs: error.retryAfterMs });
}

const laterMs = 2;

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
    if (messages.length > 0) this.#post(messages);
  }
}
