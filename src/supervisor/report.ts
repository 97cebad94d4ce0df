import type { LogContext, Logger } from "../core/log.ts";
import type { Observed } from "../core/status.ts";
import { view } from "./reconcile.ts";
import type { Unit } from "./unit.ts";

/** Logs what people should hear of a change, once: waiting when it begins, every crash, one ERROR for a crash loop and its end. */
export function reportChange(log: Logger, before: Unit, after: Unit, error: unknown): void {
  const was = view(before);
  const now = view(after);
  if (before.looping && !after.looping && now.state === "running") {
    log.info("It has run for ten minutes: no longer crash-looping.");
  }
  if (was.state === now.state) return;
  const context = contextOf(now);
  switch (now.state) {
    case "starting":
      log.debug("Starting.", context);
      break;
    case "running":
      log.info(before.attempts > 1 || was.state === "waiting" ? "Running again." : "Running.");
      break;
    case "stopped":
      log.info(now.cause);
      break;
    case "waiting":
      if (before.trouble?.state !== "waiting") log.warn(`Waiting: ${now.cause}`, context, error);
      break;
    case "failed":
      log.error(now.cause, {}, error);
      break;
    case "backoff":
    case "crash-looping":
      if (before.looping || !after.looping) log.warn(`Crashed: ${now.cause}`, context, error);
      else log.error(`Crash-looping, tried every 5 minutes from now on: ${now.cause}`, context, error);
  }
}

function contextOf(observed: Observed): LogContext {
  const nextMs = "nextAttemptMs" in observed ? observed.nextAttemptMs : undefined;
  return {
    attempt: "attempt" in observed ? observed.attempt : undefined,
    next: nextMs === undefined ? undefined : new Date(nextMs).toISOString(),
  };
}
