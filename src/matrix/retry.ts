import { RoostError } from "../core/error.ts";

/** One more attempt after a failure that passes: the soonest of those that were asked for. */
export class Retry {
  readonly #attempt: () => void;
  readonly #delayMs: number;
  #next: { readonly atMs: number; readonly timer: Timer } | undefined;

  /** `delayMs`: where the other side does not say how long to wait. */
  constructor(attempt: () => void, delayMs: number) {
    this.#attempt = attempt;
    this.#delayMs = delayMs;
  }

  /** None for what was cancelled: nobody waits for it. */
  after(error: unknown): void {
    const isOver = error instanceof RoostError && error.code === "cancelled";
    const delayMs = (error instanceof RoostError ? error.retryAfterMs : undefined) ?? this.#delayMs;
    const atMs = performance.now() + delayMs;
    if (isOver || (this.#next !== undefined && this.#next.atMs <= atMs)) return;
    clearTimeout(this.#next?.timer);
    this.#next = { atMs, timer: setTimeout(this.#attempt, delayMs) };
  }

  cancel(): void {
    clearTimeout(this.#next?.timer);
    this.#next = undefined;
  }
}
