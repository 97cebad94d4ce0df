import type { InboxRow } from "../../core/delivery.ts";
import type { RoostError } from "../../core/error.ts";
import type { UserId } from "../../core/id.ts";

/** Each is a durable row. */
const maxDeferrals = 100;

/** One message in a plugin's hands, and how long its handlers have run: the time they wait for the host is not theirs. */
export class Run {
  readonly row: InboxRow;
  readonly sender: UserId;
  /** It was told that its time is up. */
  isAborted = false;
  readonly #deferrals = new Set<string>();
  readonly #settled = Promise.withResolvers<void>();
  #activeMs = 0;
  #sinceMs = performance.now();
  #calls = 0;

  constructor(row: InboxRow, sender: UserId) {
    this.row = row;
    this.sender = sender;
  }

  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  settle(error?: RoostError): void {
    if (error === undefined) this.#settled.resolve();
    else this.#settled.reject(error);
  }

  /** Whether it may be run again under this key too. */
  mayDefer(key: string): boolean {
    if (this.#deferrals.size < maxDeferrals) this.#deferrals.add(key);
    return this.#deferrals.has(key);
  }

  /** It waits for an answer of the host, maybe for several. */
  beginCall(): void {
    if (this.#calls++ === 0) this.#activeMs += performance.now() - this.#sinceMs;
  }

  endCall(): void {
    if (--this.#calls === 0) this.#sinceMs = performance.now();
  }

  activeMs(nowMs: number): number {
    return this.#activeMs + (this.#calls === 0 ? Math.max(0, nowMs - this.#sinceMs) : 0);
  }

  /** So much of the time that passed was nobody's. */
  forgive(ms: number): void {
    this.#sinceMs += ms;
  }
}
