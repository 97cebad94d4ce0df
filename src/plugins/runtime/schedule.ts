import { Cron } from "croner";
import { durationMs } from "../../core/duration.ts";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { Logger } from "../../core/log.ts";

/** A plugin's timers. They end with `signal`; a run that fails is logged, and one that is late is not started twice at once. */
export class Schedule {
  readonly #signal: AbortSignal;
  readonly #log: Logger;
  readonly #all: (() => Promise<void>)[] = [];

  constructor(signal: AbortSignal, log: Logger) {
    this.#signal = signal;
    this.#log = log;
  }

  every(interval: number | string, run: () => void | Promise<void>): void {
    const intervalMs = typeof interval === "number" ? interval : durationMs(interval);
    if (intervalMs === undefined || !(intervalMs >= 1_000)) {
      throw new RoostError(
        "plugin-refused",
        `every(${interval}): write a second or more, such as "5m" or 30_000.`,
      );
    }
    const once = this.#once(run);
    const timer = setInterval(once, intervalMs);
    this.#signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  cron(pattern: string, run: () => void | Promise<void>): void {
    const once = this.#once(run);
    try {
      const job = new Cron(pattern, once);
      this.#signal.addEventListener("abort", () => job.stop(), { once: true });
    } catch (error) {
      throw new RoostError("plugin-refused", `cron("${pattern}"): ${sentenceOf(error)}`, { cause: error });
    }
  }

  #once(run: () => void | Promise<void>): () => Promise<void> {
    let isRunning = false;
    const timed = async () => {
      if (isRunning || this.#signal.aborted) return;
      isRunning = true;
      try {
        await run();
      } catch (error) {
        this.#log.error("A scheduled run failed.", {}, error);
      } finally {
        isRunning = false;
      }
    };
    this.#all.push(timed);
    return timed;
  }

  /** Runs all of them now, besides their times. */
  async runAll(): Promise<void> {
    for (const timed of this.#all) await timed();
  }
}
