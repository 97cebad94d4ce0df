import { RoostError } from "../core/error.ts";

/** What an aborted signal is thrown as: the RoostError given as its reason, else `cancelled`. */
export function abortReason(signal: AbortSignal): RoostError {
  if (signal.reason instanceof RoostError) return signal.reason;
  return new RoostError("cancelled", "It was given up because somebody asked to stop.");
}

/** Resolves after the delay; rejects with the `abortReason` of the first signal that aborts before. */
export function sleep(delayMs: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", end);
      const aborted = signals.find((signal) => signal.aborted);
      if (aborted === undefined) resolve();
      else reject(abortReason(aborted));
    };
    const timer = setTimeout(end, delayMs);
    for (const signal of signals) signal.addEventListener("abort", end);
    if (signals.some((signal) => signal.aborted)) end();
  });
}

/** So late no timer is unless the whole process stood still. */
const stoodStillMs = 2_000;
const graceMs = 5_000;

/**
 * Calls `expire` once the time is up. After the process itself stood still it waits a little longer: the answer may lie there unread, and
 * nobody else is to blame. Answers how to call it off.
 */
export function limitTime(limitMs: number, expire: () => void): () => void {
  const dueMs = performance.now() + limitMs;
  let timer = setTimeout(() => {
    if (performance.now() - dueMs < stoodStillMs) expire();
    else timer = setTimeout(expire, graceMs);
  }, limitMs);
  return () => clearTimeout(timer);
}
