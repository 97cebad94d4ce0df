import type { FailureClass } from "../core/error.ts";
import type { Desired } from "../core/status.ts";

/** What an instance's account can do for it: `waiting` passes by itself (its homeserver is away), `failed` needs a person. */
export type AccountState =
  | { readonly state: "ready" | "connecting" }
  | { readonly state: "waiting"; readonly cause: string; readonly nextAttemptMs: number | undefined }
  | { readonly state: "failed"; readonly cause: string };

/** The one run an instance may have. `stopping` lasts until the runtime says that nothing is left of it. */
export type Run =
  | { readonly phase: "idle" }
  | { readonly phase: "starting" | "running"; readonly sinceMs: number }
  /** `overdue`: it was given its time to stop and did not. */
  | { readonly phase: "stopping"; readonly sinceMs: number; readonly overdue: boolean };

/** Why the present run has to end, or why no new one may begin yet. */
export type Fault =
  | { readonly kind: "permanent"; readonly cause: string }
  | { readonly kind: "dependency" | "crash"; readonly cause: string; readonly nextAttemptMs: number }
  /** A person asked for a fresh run. */
  | { readonly kind: "restart" };

/** All that the supervisor knows of one instance: a value, replaced at every event. */
export interface Unit {
  readonly desired: Desired;
  /** The sentence shown while it is stopped. */
  readonly desiredCause: string;
  readonly account: AccountState;
  readonly run: Run;
  readonly fault: Fault | undefined;
  /** Starts since a person acted or ten minutes were healthy. */
  readonly attempts: number;
  /** When it crashed since then, oldest first; as many as there are delays. */
  readonly crashesMs: readonly number[];
  /** Five crashes came within ten minutes; stays until a person acts or ten minutes were healthy. */
  readonly looping: boolean;
  /** Since when it has been in trouble of one kind: repeated attempts that fail the same way do not reset it. */
  readonly trouble: { readonly state: string; readonly sinceMs: number } | undefined;
  /** Since when `view` has given the present state. */
  readonly sinceMs: number;
}

export type UnitEvent =
  /** A person wants it running or stopped: also ends every waiting time and clears the tally of crashes. */
  | { readonly kind: "desired"; readonly desired: Desired; readonly cause: string }
  /** A person restarts it, or what it is made of (config, plugin, credentials) has changed. */
  | { readonly kind: "restart" }
  | { readonly kind: "account"; readonly account: AccountState }
  /** It cannot run as it is configured. */
  | { readonly kind: "refused"; readonly cause: string }
  /** Its run has to end although it goes on. */
  | { readonly kind: "unfit"; readonly cause: string }
  | { readonly kind: "starting" | "started" | "stopping" | "stopped" }
  /** A start failed, or a run ended by itself: nothing is left of it. */
  | {
      readonly kind: "failed";
      readonly failure: FailureClass;
      readonly cause: string;
      readonly retryAfterMs: number | undefined;
    }
  /** Time has passed. */
  | { readonly kind: "tick" };

/** What to do next: act, or look again at a time. Nothing at all means that only an event can change anything. */
export type Action = { readonly kind: "start" | "stop" } | { readonly kind: "look"; readonly atMs: number };

export function newUnit(nowMs: number): Unit {
  return {
    desired: "stopped",
    desiredCause: "It was not started yet.",
    account: { state: "connecting" },
    run: { phase: "idle" },
    fault: undefined,
    attempts: 0,
    crashesMs: [],
    looping: false,
    trouble: undefined,
    sinceMs: nowMs,
  };
}
