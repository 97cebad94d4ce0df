const kept = 200;

/** How long the newest replies took, to tell the usual time by. */
export class RecentLatencies {
  readonly #valuesMs: number[] = [];
  #next = 0;

  add(latencyMs: number): void {
    this.#valuesMs[this.#next] = latencyMs;
    this.#next = (this.#next + 1) % kept;
  }

  /** Half of them took no longer; undefined without any. */
  medianMs(): number | undefined {
    return this.#valuesMs.toSorted((a, b) => a - b)[Math.floor((this.#valuesMs.length - 1) / 2)];
  }
}
