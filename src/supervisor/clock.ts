import type { Clock } from "./supervisor.ts";

const longestTimerMs = 2 ** 31 - 1;

/** Unix time at the start, counted on by the monotonic clock: setting the system's clock moves no attempt. */
export function monotonicClock(): Clock {
  const offsetMs = Date.now() - performance.now();
  const now = () => offsetMs + performance.now();
  return {
    now,
    shiftMs: () => Math.round(Date.now() - now()),
    schedule: (atMs, fn) => {
      const timer = setTimeout(fn, Math.min(Math.max(atMs - now(), 0), longestTimerMs));
      return () => clearTimeout(timer);
    },
  };
}
