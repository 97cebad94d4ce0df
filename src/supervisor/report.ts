import { type ErrorCode, RoostError } from "../core/error.ts";
import type { InstanceId } from "../core/id.ts";
import type { Fault, HostLogger, LogContext } from "../core/log.ts";
import type { Observed } from "../core/status.ts";
import { view } from "./reconcile.ts";
import type { Unit } from "./unit.ts";

/** The one fault of an instance's run: whatever it is in trouble for, until it runs again or somebody stops it. */
const runFault = "run";

/** What no later attempt can bring back. */
const gone: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["token-revoked", "database-lost"]);

/**
 * Tells what people should hear of a change, once: waiting and crashes as WARN, one CRITICAL for a crash loop, what only a person
 * can mend as ERROR, and the end of each. What the account is in trouble for is the account's to report: here it stays a WARN.
 */
export function reportChange(
  log: HostLogger,
  id: InstanceId,
  before: Unit,
  after: Unit,
  error: unknown,
): void {
  const was = view(before);
  const now = view(after);
  if (before.looping && !after.looping && now.state === "running") {
    log.clear(runFault, "It has run for ten minutes: no longer crash-looping.");
  }
  const isSame =
    was.state === now.state && !(now.state === "failed" && "cause" in was && was.cause !== now.cause);
  if (isSame) return;
  const fault: Fault = { key: runFault, nextAttemptMs: nextAttemptMs(now) };
  const context = contextOf(now);
  switch (now.state) {
    case "starting":
      log.debug("Starting.", context);
      return;
    case "running":
      reportRunning(log, was, before, after);
      return;
    case "stopped":
      if (!log.clear(runFault, now.cause)) log.info(now.cause);
      return;
    case "waiting":
      if (before.trouble?.state === "waiting" || after.looping) return;
      log.raise("WARN", { ...fault, command: "roost status" }, `Waiting: ${now.cause}`, context, error);
      return;
    case "failed":
      reportFailed(log, id, after, now.cause, error);
      return;
    case "backoff":
    case "crash-looping":
      reportCrash(log, id, before, after, now.cause, { fault, context, error });
  }
}

function reportRunning(log: HostLogger, was: Observed, before: Unit, after: Unit): void {
  if (!after.looping && log.clear(runFault, "Running again.")) return;
  log.info(before.attempts > 1 || was.state === "waiting" ? "Running again." : "Running.");
}

function reportFailed(log: HostLogger, id: InstanceId, after: Unit, cause: string, error: unknown): void {
  const isAccounts = after.fault?.kind !== "permanent" && after.account.state === "failed";
  if (isAccounts) {
    const fault = { key: runFault, command: `roost restart ${id}` };
    log.raise("WARN", fault, `Its account has failed: ${cause}`);
    return;
  }
  const isGone = error instanceof RoostError && gone.has(error.code);
  const isDatabase = error instanceof RoostError && error.code === "database-lost";
  const fault = isDatabase
    ? { key: runFault, command: `roost restore ${id}` }
    : {
        key: runFault,
        tried: "Nothing is tried again until its config, its plugin or its credentials change.",
        command: `roost restart ${id}`,
      };
  log.raise(isGone ? "CRITICAL" : "ERROR", fault, cause, {}, error);
}

function reportCrash(
  log: HostLogger,
  id: InstanceId,
  before: Unit,
  after: Unit,
  cause: string,
  { fault, context, error }: { fault: Fault; context: LogContext; error: unknown },
): void {
  const command = `roost logs ${id}`;
  const what = cause.startsWith("It ") ? cause : `Crashed: ${cause}`;
  if (!after.looping) {
    const tried = `It is started again: attempt ${after.attempts + 1}.`;
    log.raise("WARN", { ...fault, tried, command }, what, context, error);
  } else if (!before.looping) {
    const tried = `It was restarted ${after.attempts} times; now every 5 minutes.`;
    const sentence = `Crash-looping, tried every 5 minutes from now on: ${cause}`;
    log.raise("CRITICAL", { ...fault, tried, command }, sentence, context, error);
  } else {
    log.info(`Once more: ${cause}`, context);
  }
}

function nextAttemptMs(observed: Observed): number | undefined {
  return "nextAttemptMs" in observed ? observed.nextAttemptMs : undefined;
}

function contextOf(observed: Observed): LogContext {
  const nextMs = nextAttemptMs(observed);
  return {
    attempt: "attempt" in observed ? observed.attempt : undefined,
    next: nextMs === undefined ? undefined : new Date(nextMs).toISOString(),
  };
}
