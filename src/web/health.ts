import { basename } from "node:path";
import type { InstanceId } from "../core/id.ts";
import type { HostSnapshot, InstanceSnapshot } from "../core/status.ts";
import { hideIds } from "./hidden-ids.ts";

export type HealthStatus = "pass" | "warn" | "fail";

/**
 * One finding in the shape of draft-inadarei-api-health-check-06, section 4; `output` is the cause. The fields after it are our
 * own, for the page. Nothing in here names a room or a user.
 */
export interface Check {
  readonly status: HealthStatus;
  readonly componentType: "component" | "datastore" | "system";
  readonly observedValue: string | number;
  readonly observedUnit?: string;
  readonly time: string;
  readonly output?: string | undefined;
  readonly plugin?: string;
  readonly desired?: string;
  readonly since?: string;
  readonly attempt?: number | undefined;
  readonly nextAttempt?: string | undefined;
  readonly queued?: number;
  readonly handled?: number;
  readonly failed?: number;
  readonly warnings?: readonly string[];
  readonly restartNeeded?: boolean;
  readonly instances?: readonly InstanceId[];
  readonly changes?: readonly string[];
  readonly problems?: readonly string[];
}

export interface Health {
  readonly status: HealthStatus;
  readonly version: string;
  readonly description: "Roost";
  /** The overall state as a sentence. */
  readonly notes: readonly [string];
  readonly checks: Readonly<Record<string, readonly [Check]>>;
}

/** All that may be told without a login, from memory alone. */
export function healthOf(snapshot: HostSnapshot): Health {
  const checks: Record<string, readonly [Check]> = {
    uptime: [uptimeCheck(snapshot)],
    database: [databaseCheck(snapshot)],
    config: [configCheck(snapshot)],
    ...adminRoomCheck(snapshot),
  };
  for (const instance of snapshot.instances) {
    checks[`instance:${instance.id}`] = [instanceCheck(instance, snapshot.nowMs)];
  }
  snapshot.accounts.forEach((account, index) => {
    checks[`account:${index + 1}`] = [accountCheck(account, snapshot.nowMs)];
  });
  const [status, sentence] = overall(snapshot, Object.values(checks).flat());
  return { status, version: snapshot.version, description: "Roost", notes: [sentence], checks };
}

/** The health of one instance, or undefined when there is none of that name. It passes only while it runs. */
export function instanceHealthOf(snapshot: HostSnapshot, id: string): Health | undefined {
  const instance = snapshot.instances.find((candidate) => candidate.id === id);
  if (instance === undefined) return undefined;
  const check = instanceCheck(instance, snapshot.nowMs);
  const isUp = instance.observed.state === "running";
  return {
    status: isUp ? check.status : "fail",
    version: snapshot.version,
    description: "Roost",
    notes: [`${instance.id} is ${instance.observed.state}.`],
    checks: { [`instance:${instance.id}`]: [check] },
  };
}

function overall(snapshot: HostSnapshot, checks: readonly Check[]): [HealthStatus, string] {
  const wanted = snapshot.instances.filter(({ desired }) => desired === "running");
  const running = wanted.filter(({ observed }) => observed.state === "running");
  const isAnyUp = running.length > 0 || wanted.some(isFirstStart);
  if (snapshot.phase === "stopping") return ["warn", "The host is stopping."];
  if (!snapshot.database.ok) return ["fail", "The host cannot write to its database."];
  if (snapshot.phase === "starting") return ["warn", "The host is starting."];
  if (wanted.length > 0 && !isAnyUp) {
    return ["fail", wanted.length === 1 ? "The only bot is not running." : "None of the bots is running."];
  }
  const status = checks.some((check) => check.status !== "pass") ? "warn" : "pass";
  return [status, summary(snapshot.instances.length, wanted.length, running.length, status)];
}

function summary(all: number, wanted: number, running: number, status: HealthStatus): string {
  const count = countSentence(all, wanted, running);
  return status === "warn" && running === wanted ? `${count}, but something needs attention.` : `${count}.`;
}

function countSentence(all: number, wanted: number, running: number): string {
  if (all === 0) return "No bots are configured yet";
  if (wanted === 0) return "All bots are stopped";
  if (running === 0) return wanted === 1 ? "The bot is starting" : "The bots are starting";
  if (running < wanted) return `${running} of ${wanted} bots ${running === 1 ? "is" : "are"} running`;
  if (wanted === 1) return "The bot is running";
  return wanted === 2 ? "Both bots are running" : `All ${wanted} bots are running`;
}

/** A bot that was just started by a person or with the host is not down yet. */
function isFirstStart({ observed }: InstanceSnapshot): boolean {
  return observed.state === "starting" && observed.attempt <= 1;
}

function instanceCheck(instance: InstanceSnapshot, nowMs: number): Check {
  const { observed, warnings } = instance;
  const isFine = observed.state === "running" || observed.state === "stopped" || isFirstStart(instance);
  const nextMs = "nextAttemptMs" in observed ? observed.nextAttemptMs : undefined;
  return {
    status: isFine && warnings.length === 0 ? "pass" : "warn",
    componentType: "component",
    observedValue: observed.state,
    time: isoTime(nowMs),
    output: "cause" in observed ? hideIds(observed.cause) : warnings.map(hideIds)[0],
    plugin: instance.plugin,
    desired: instance.desired,
    since: isoTime(observed.sinceMs),
    attempt: "attempt" in observed ? observed.attempt : undefined,
    nextAttempt: nextMs === undefined ? undefined : isoTime(nextMs),
    queued: instance.queued,
    handled: instance.handled,
    failed: instance.failed,
    warnings: warnings.map(hideIds),
    restartNeeded: instance.restartNeeded,
  };
}

function accountCheck(account: HostSnapshot["accounts"][number], nowMs: number): Check {
  return {
    status: account.state === "waiting" || account.state === "failed" ? "warn" : "pass",
    componentType: "component",
    observedValue: account.state,
    time: isoTime(nowMs),
    since: isoTime(account.sinceMs),
    instances: account.instances,
  };
}

function databaseCheck({ database, nowMs }: HostSnapshot): Check {
  return {
    status: database.ok ? "pass" : "fail",
    componentType: "datastore",
    observedValue: database.ok ? "writable" : "not writable",
    time: isoTime(nowMs),
    output: database.cause === undefined ? undefined : hideIds(database.cause),
  };
}

function configCheck({ pending, nowMs }: HostSnapshot): Check {
  const problems = pending.problems.slice(0, 50).map(({ file, line, column, path, message, hint }) => {
    const place = `${basename(file)}:${line}:${column}${path === "" ? "" : ` ${path}`}`;
    return hideIds(`${place}: ${message}${hint === undefined ? "" : ` (${hint})`}`);
  });
  const changes = pending.changes.slice(0, 50).map(hideIds);
  return {
    status: problems.length > 0 ? "warn" : "pass",
    componentType: "component",
    observedValue: problems.length > 0 ? "problems" : changes.length > 0 ? "pending" : "applied",
    time: isoTime(nowMs),
    output:
      problems[0] ?? (changes.length > 0 ? "The files on disk have changed; restart to apply." : undefined),
    changes,
    problems,
  };
}

/** Nothing where no admin room is configured. */
function adminRoomCheck({ adminRoom, nowMs }: HostSnapshot): Record<string, readonly [Check]> {
  if (adminRoom === undefined) return {};
  const { state, cause, queued } = adminRoom;
  const check: Check = {
    status: cause === undefined ? "pass" : "warn",
    componentType: "component",
    observedValue: state,
    time: isoTime(nowMs),
    output: cause === undefined ? undefined : hideIds(cause),
    queued,
  };
  return { "admin-room": [check] };
}

function uptimeCheck({ startedAtMs, nowMs }: HostSnapshot): Check {
  const seconds = Math.max(0, Math.floor((nowMs - startedAtMs) / 1000));
  return {
    status: "pass",
    componentType: "system",
    observedValue: seconds,
    observedUnit: "s",
    time: isoTime(nowMs),
  };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
