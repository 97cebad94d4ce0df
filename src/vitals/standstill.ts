import type { Logger } from "../core/log.ts";

const lookEveryMs = 1_000;
/** Shorter pauses happen on a busy machine, and nobody has to hear of them. */
const worthAWordMs = 10_000;

/** Says after the fact that the whole process stood still: nothing could be answered meanwhile, and nothing else tells why. */
export class Standstill {
  readonly #log: Logger;
  readonly #now: () => number;
  #lastMs = 0;
  #timer: Timer | undefined;

  constructor(log: Logger, now: () => number = performance.now.bind(performance)) {
    this.#log = log;
    this.#now = now;
  }

  open(): void {
    this.#lastMs = this.#now();
    this.#timer = setInterval(() => this.look(), lookEveryMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const nowMs = this.#now();
    const stoodMs = nowMs - this.#lastMs - lookEveryMs;
    this.#lastMs = nowMs;
    if (stoodMs < worthAWordMs) return;
    const seconds = Math.round(stoodMs / 1000);
    this.#log.warn(
      `The host stood still for ${seconds} s (stopped by a signal, or given no processor time); it goes on, and what was posted meanwhile is answered now.`,
    );
  }
}
