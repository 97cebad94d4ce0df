import { type Lab, type Name, names } from "./lab.ts";
import type { Question } from "./ledger.ts";

/** How long somebody waited longer than promised for an answer: from the question to the answer, overlaps counted once. */
export function downMs(questions: readonly Question[], promisedMs: number): number {
  let total = 0;
  let untilMs = 0;
  for (const { askedAtMs, latencyMs } of questions.toSorted(
    (one, other) => one.askedAtMs - other.askedAtMs,
  )) {
    if (latencyMs === undefined || latencyMs <= promisedMs) continue;
    const endMs = askedAtMs + latencyMs;
    total += Math.max(0, endMs - Math.max(untilMs, askedAtMs));
    untilMs = Math.max(untilMs, endMs);
  }
  return total;
}

const everyMs = 250;

/** Looks at each instance's state four times a second, as health tells it. */
export class WatchedStates {
  readonly #lab: Lab;
  readonly #abort = new AbortController();
  readonly #downMs = new Map<Name, number>();
  #watching: Promise<unknown> = Promise.resolve();

  constructor(lab: Lab) {
    this.#lab = lab;
  }
  open(): void {
    this.#watching = Promise.all(names.map((name) => this.#watch(name)));
  }
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#watching;
  }
  /** The longest that any of them was not running. */
  get worstMs(): number {
    return Math.max(0, ...this.#downMs.values());
  }

  async #watch(name: Name): Promise<void> {
    let lookedMs = performance.now();
    while (!this.#abort.signal.aborted) {
      await Bun.sleep(everyMs);
      const isUp = await this.#lab.host.health(`/healthz/${name}`).then(
        ({ body }) => body.includes('"observedValue":"running"'),
        () => false,
      );
      const nowMs = performance.now();
      if (!isUp) this.#downMs.set(name, (this.#downMs.get(name) ?? 0) + nowMs - lookedMs);
      lookedMs = nowMs;
    }
  }
}
