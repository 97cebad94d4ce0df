/** Every delay of an account, so that tests need not wait. */
export interface Timing {
  /** How long the homeserver may hold a sync, and how long we wait for it altogether. */
  readonly pollMs: number;
  readonly pollLimitMs: number;
  /** First wait after a failure. It doubles up to `probeMs` while the homeserver is away, up to `maxBackoffMs` while it fails. */
  readonly backoffMs: number;
  readonly probeMs: number;
  readonly maxBackoffMs: number;
  /** A session that was ended sooner than this after its login did not last. */
  readonly lastingMs: number;
  /** Until the next login after one session that did not last; four times as long after each one more in a row. */
  readonly renewalMs: number;
  /** Until rooms that could not be entered for want of an answer are tried again. */
  readonly roomRetryMs: number;
}

export const ordinaryTiming: Timing = {
  // A homeserver need not end a poll whose device is deleted: an account that can log in again is back within 30 s.
  pollMs: 20_000,
  pollLimitMs: 35_000,
  backoffMs: 1_000,
  // With what follows the answer, an account is back within 5 s of its homeserver.
  probeMs: 4_000,
  maxBackoffMs: 15_000,
  lastingMs: 2 * 60_000,
  renewalMs: 5_000,
  roomRetryMs: 10_000,
};

/** The wait after the n-th failure in a row, n from 1, spread so that many accounts do not come back in step. */
export function backoffMs(timing: Timing, failures: number): number {
  const delayMs = Math.min(timing.backoffMs * 2 ** (failures - 1), timing.maxBackoffMs);
  return delayMs * (0.8 + 0.4 * Math.random());
}
