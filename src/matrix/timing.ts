/** Every delay of an account, so that tests need not wait. */
export interface Timing {
  /** How long the homeserver may hold a sync, and how long we wait for it altogether. */
  readonly pollMs: number;
  readonly pollLimitMs: number;
  /** First wait after a failure. It doubles up to `probeMs` while the homeserver is away, up to `maxBackoffMs` while it fails. */
  readonly backoffMs: number;
  readonly probeMs: number;
  readonly maxBackoffMs: number;
  /** A token revoked again within this time after a new login is not answered with another: somebody else logs in too. */
  readonly renewalMs: number;
  /** Until rooms that could not be entered for want of an answer are tried again. */
  readonly roomRetryMs: number;
}

export const ordinaryTiming: Timing = {
  pollMs: 30_000,
  pollLimitMs: 45_000,
  backoffMs: 1_000,
  probeMs: 5_000,
  maxBackoffMs: 15_000,
  renewalMs: 10 * 60_000,
  roomRetryMs: 10_000,
};

/** The wait after the n-th failure in a row, n from 1, spread so that many accounts do not come back in step. */
export function backoffMs(timing: Timing, failures: number): number {
  const delayMs = Math.min(timing.backoffMs * 2 ** (failures - 1), timing.maxBackoffMs);
  return delayMs * (0.8 + 0.4 * Math.random());
}
