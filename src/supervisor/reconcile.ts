/**
 * The rules of supervision as pure functions: what an event makes of a unit, what to do about it, and what to show. Random
 * numbers (0 to 1) and the time come in as arguments, so every path can be replayed.
 */
import type { Observed } from "../core/status.ts";
import type { Action, Fault, Unit, UnitEvent } from "./unit.ts";

const second = 1000;
const minute = 60 * second;
/** The wait after the first, second, ... crash. */
const crashDelaysMs = [0, 1, 2, 5, 10, 30, 60, 120, 300].map((seconds) => seconds * second);
const loopingCount = 5;
const loopingWindowMs = 10 * minute;
const healthyMs = 10 * minute;
/** With its jitter under 5 s, so that an instance is back within 5 s of what it waited for. */
const dependencyDelayMs = 4 * second;
const longestDelayMs = 5 * minute;
const startTimeoutMs = 30 * second;
const stopTimeoutMs = 10 * second;

/** The unit after the event. `random` is a number from 0 to 1 that spreads the delays by 20 % either way. */
export function observe(unit: Unit, event: UnitEvent, nowMs: number, random: number): Unit {
  return dated(unit, transition(unit, event, nowMs, 0.8 + 0.4 * random), nowMs);
}

function transition(unit: Unit, event: UnitEvent, nowMs: number, jitter: number): Unit {
  switch (event.kind) {
    case "desired":
      return { ...healed(unit), desired: event.desired, desiredCause: event.cause, fault: undefined };
    case "restart":
      return { ...healed(unit), fault: isActive(unit) ? { kind: "restart" } : undefined };
    case "account": {
      const isBack = event.account.state === "ready" && unit.account.state !== "ready";
      const fault = isBack && unit.fault?.kind === "dependency" ? undefined : unit.fault;
      return { ...unit, account: event.account, fault };
    }
    case "refused":
      return { ...unit, fault: { kind: "permanent", cause: event.cause } };
    case "unfit":
      return isActive(unit) && unit.fault === undefined
        ? crashed(aged(unit, nowMs), event.cause, nowMs, jitter)
        : unit;
    case "starting":
      return {
        ...unit,
        run: { phase: "starting", sinceMs: nowMs },
        fault: undefined,
        attempts: unit.attempts + 1,
      };
    case "started":
      return unit.run.phase === "starting" ? { ...unit, run: { phase: "running", sinceMs: nowMs } } : unit;
    case "stopping":
      return { ...unit, run: { phase: "stopping", sinceMs: nowMs, overdue: false } };
    case "stopped":
      return { ...unit, run: { phase: "idle" } };
    case "failed":
      return isActive(unit)
        ? failed({ ...aged(unit, nowMs), run: { phase: "idle" } }, event, nowMs, jitter)
        : unit;
    case "tick":
      return ticked(aged(unit, nowMs), nowMs, jitter);
  }
}

function failed(
  unit: Unit,
  event: UnitEvent & { readonly kind: "failed" },
  nowMs: number,
  jitter: number,
): Unit {
  switch (event.failure) {
    case "permanent":
      return { ...unit, fault: { kind: "permanent", cause: event.cause } };
    case "dependency": {
      const delayMs = Math.min(event.retryAfterMs ?? dependencyDelayMs * jitter, longestDelayMs);
      return { ...unit, fault: waitFor("dependency", event.cause, nowMs + Math.max(delayMs, second)) };
    }
    case "crash":
      return crashed(unit, event.cause, nowMs, jitter);
  }
}

function crashed(unit: Unit, cause: string, nowMs: number, jitter: number): Unit {
  const crashesMs = [...unit.crashesMs, nowMs].slice(-crashDelaysMs.length);
  const recent = crashesMs.filter((crashMs) => nowMs - crashMs < loopingWindowMs);
  const looping = unit.looping || recent.length >= loopingCount;
  const delayMs = looping ? longestDelayMs : (crashDelaysMs[crashesMs.length - 1] ?? longestDelayMs);
  return { ...unit, crashesMs, looping, fault: waitFor("crash", cause, nowMs + delayMs * jitter) };
}

function waitFor(kind: "dependency" | "crash", cause: string, atMs: number): Fault {
  return { kind, cause, nextAttemptMs: Math.round(atMs) };
}

function ticked(unit: Unit, nowMs: number, jitter: number): Unit {
  const { run } = unit;
  if (run.phase === "starting" && unit.fault === undefined && nowMs >= run.sinceMs + startTimeoutMs) {
    return crashed(unit, `It did not start within ${startTimeoutMs / second} s.`, nowMs, jitter);
  }
  if (run.phase === "stopping" && nowMs >= run.sinceMs + stopTimeoutMs) {
    return { ...unit, run: { ...run, overdue: true } };
  }
  return unit;
}

/** What to do about the unit now. Every answer of `start` or `stop` must be followed by the event `starting` or `stopping`. */
export function decide(unit: Unit, nowMs: number): Action | undefined {
  const { run, fault } = unit;
  const mayRun = unit.desired === "running" && fault === undefined && unit.account.state !== "failed";
  switch (run.phase) {
    case "starting":
      return mayRun ? { kind: "look", atMs: run.sinceMs + startTimeoutMs } : { kind: "stop" };
    case "running":
      if (!mayRun) return { kind: "stop" };
      return unit.attempts > 0 ? { kind: "look", atMs: run.sinceMs + healthyMs } : undefined;
    case "stopping":
      return run.overdue ? undefined : { kind: "look", atMs: run.sinceMs + stopTimeoutMs };
    case "idle":
      if (unit.desired === "stopped" || unit.account.state !== "ready") return undefined;
      if (fault?.kind === "permanent") return undefined;
      if (fault === undefined || fault.kind === "restart" || fault.nextAttemptMs <= nowMs) {
        return { kind: "start" };
      }
      return { kind: "look", atMs: fault.nextAttemptMs };
  }
}

/** The unit as people see it. */
export function view(unit: Unit): Observed {
  const { run, fault, account, sinceMs } = unit;
  if (run.phase === "stopping" && run.overdue) {
    const cause = `It did not stop within ${stopTimeoutMs / second} s. Restart the host to end it.`;
    return { state: "failed", sinceMs, cause };
  }
  if (unit.desired === "stopped") {
    return { state: "stopped", sinceMs, cause: run.phase === "idle" ? unit.desiredCause : "It is stopping." };
  }
  if (fault?.kind === "permanent") return { state: "failed", sinceMs, cause: fault.cause };
  if (account.state === "failed") return { state: "failed", sinceMs, cause: account.cause };
  if (run.phase === "starting" && fault === undefined) {
    return { state: "starting", sinceMs, attempt: unit.attempts };
  }
  if (account.state === "waiting") {
    return { state: "waiting", sinceMs, cause: account.cause, nextAttemptMs: account.nextAttemptMs };
  }
  if (fault?.kind === "dependency") {
    return { state: "waiting", sinceMs, cause: fault.cause, nextAttemptMs: fault.nextAttemptMs };
  }
  if (fault?.kind === "crash") {
    const state = unit.looping ? "crash-looping" : "backoff";
    return { state, sinceMs, cause: fault.cause, attempt: unit.attempts, nextAttemptMs: fault.nextAttemptMs };
  }
  if (run.phase === "running" && fault === undefined) return { state: "running", sinceMs };
  return { state: "starting", sinceMs, attempt: unit.attempts + 1 };
}

function isActive(unit: Unit): boolean {
  return unit.run.phase === "starting" || unit.run.phase === "running";
}

function healed(unit: Unit): Unit {
  return { ...unit, attempts: 0, crashesMs: [], looping: false };
}

/** Ten healthy minutes forgive every earlier crash. */
function aged(unit: Unit, nowMs: number): Unit {
  return unit.run.phase === "running" && nowMs >= unit.run.sinceMs + healthyMs ? healed(unit) : unit;
}

/** Keeps `sinceMs` true: a trouble keeps its beginning across attempts that end in the same trouble. */
function dated(before: Unit, after: Unit, nowMs: number): Unit {
  const state = view(after).state;
  const sinceMs = state === view(before).state ? before.sinceMs : nowMs;
  if (state === "starting") return { ...after, sinceMs };
  if (state !== "waiting" && state !== "backoff" && state !== "crash-looping") {
    return { ...after, sinceMs, trouble: undefined };
  }
  const trouble = before.trouble?.state === state ? before.trouble : { state, sinceMs: nowMs };
  return { ...after, trouble, sinceMs: trouble.sinceMs };
}
