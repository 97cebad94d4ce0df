import type { Clock } from "../../src/supervisor/supervisor.ts";

/** Time that moves only when told, so that hours of supervision take milliseconds. */
export class VirtualClock implements Clock {
  #nowMs = 1_700_000_000_000;
  readonly #due = new Set<{ readonly atMs: number; readonly fn: () => void }>();
  /** How many scheduled calls were made. */
  wakes = 0;

  now(): number {
    return this.#nowMs;
  }

  shiftMs(): number {
    return 0;
  }

  schedule(atMs: number, fn: () => void): () => void {
    const entry = { atMs, fn };
    this.#due.add(entry);
    return () => this.#due.delete(entry);
  }

  get scheduled(): number {
    return this.#due.size;
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settleMicrotasks();
    for (;;) {
      const next = [...this.#due].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#due.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.wakes++;
      next.fn();
      await settleMicrotasks();
    }
    this.#nowMs = endMs;
  }
}

async function settleMicrotasks(): Promise<void> {
  for (let i = 0; i < 12; i++) await Promise.resolve();
}
