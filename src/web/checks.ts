import { basename } from "node:path";
import type { InstanceId } from "../core/id.ts";
import type { OpenFault } from "../core/log.ts";
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
  readonly since?: string | undefined;
  readonly attempt?: number | undefined;
  readonly nextAttempt?: string | undefined;
  readonly lastSync?: string | undefined;
  readonly queued?: number;
  readonly handled?: number;
  readonly failed?: number;
  readonly warnings?: readonly string[];
  readonly restartNeeded?: boolean;
  readonly instances?: readonly InstanceId[];
  readonly changes?: readonly string[];
  readonly problems?: readonly string[];
}

/** An account that is connected hears from the homeserver at least every 45 s, even when nothing happens. */
export const deafAfterMs = 5 * 60_000;
const memoryWarnShare = 0.9;

/** Every component's check, by `component` or `component:name`. */
export function checksOf(snapshot: HostSnapshot): Readonly<Record<string, readonly [Check]>> {
  const checks: Record<string, readonly [Check]> = {
    uptime: [uptimeCheck(snapshot)],
    database: [databaseCheck(snapshot)],
    config: [configCheck(snapshot)],
    disk: [diskCheck(snapshot)],
    memory: [memoryCheck(snapshot)],
    host: [hostCheck(snapshot)],
    ...adminRoomCheck(snapshot),
  };
  for (const instance of snapshot.instances)
    checks[`instance:${instance.id}`] = [instanceCheck(instance, snapshot)];
  snapshot.accounts.forEach((account, index) => {
    checks[`account:${index + 1}`] = [accountCheck(account, snapshot.nowMs)];
  });
  return checks;
}

/** A bot that was just started by a person or with the host is not down yet. */
export function isFirstStart({ observed }: InstanceSnapshot): boolean {
  return observed.state === "starting" && observed.attempt <= 1;
}

export function instanceCheck(
  instance: InstanceSnapshot,
  { faults, nowMs }: Pick<HostSnapshot, "faults" | "nowMs">,
): Check {
  const { observed } = instance;
  const cause = "cause" in observed ? observed.cause : undefined;
  const own = faults.filter((fault) => fault.instance === instance.id);
  const warnings = [...instance.warnings, ...sentencesOf(own, cause)].map(hideIds);
  const isFine = observed.state === "running" || observed.state === "stopped" || isFirstStart(instance);
  const nextMs = "nextAttemptMs" in observed ? observed.nextAttemptMs : undefined;
  return {
    status: isFine && warnings.length === 0 && own.length === 0 ? "pass" : "warn",
    componentType: "component",
    observedValue: observed.state,
    time: isoTime(nowMs),
    output: cause === undefined ? warnings[0] : hideIds(cause),
    plugin: instance.plugin,
    desired: instance.desired,
    since: isoTime(observed.sinceMs),
    attempt: "attempt" in observed ? observed.attempt : undefined,
    nextAttempt: nextMs === undefined ? undefined : isoTime(nextMs),
    queued: instance.queued,
    handled: instance.handled,
    failed: instance.failed,
    warnings,
    restartNeeded: instance.restartNeeded,
  };
}

/** Whether an account says that it is connected and yet hears nothing: neither waiting, which passes, nor failed. */
export function isDeaf(account: HostSnapshot["accounts"][number], nowMs: number): boolean {
  if (account.state !== "syncing" && account.state !== "connecting") return false;
  return nowMs - Math.max(account.lastSyncMs ?? 0, account.sinceMs) > deafAfterMs;
}

function accountCheck(account: HostSnapshot["accounts"][number], nowMs: number): Check {
  const deaf = isDeaf(account, nowMs);
  return {
    status: deaf || account.state === "waiting" || account.state === "failed" ? "warn" : "pass",
    componentType: "component",
    observedValue: account.state,
    time: isoTime(nowMs),
    output: deaf ? "It has heard nothing from the homeserver for more than five minutes." : undefined,
    since: isoTime(account.sinceMs),
    lastSync: account.lastSyncMs === undefined ? undefined : isoTime(account.lastSyncMs),
    instances: account.instances,
  };
}

function databaseCheck(snapshot: HostSnapshot): Check {
  const { database, databaseBytes, nowMs } = snapshot;
  const fault = faultOf(snapshot, "host-database");
  const cause = database.cause ?? fault?.message;
  return {
    status: !database.ok ? "fail" : fault === undefined ? "pass" : "warn",
    componentType: "datastore",
    observedValue: database.ok ? databaseBytes : "not writable",
    ...(database.ok ? { observedUnit: "By" } : {}),
    time: isoTime(nowMs),
    output: cause === undefined ? undefined : hideIds(cause),
    since: sinceOf(fault),
  };
}

function configCheck(snapshot: HostSnapshot): Check {
  const { pending, nowMs } = snapshot;
  const problems = pending.problems.slice(0, 50).map(({ file, line, column, path, message, hint }) => {
    const place = `${basename(file)}:${line}:${column}${path === "" ? "" : ` ${path}`}`;
    return hideIds(`${place}: ${message}${hint === undefined ? "" : ` (${hint})`}`);
  });
  const changes = pending.changes.slice(0, 50).map(hideIds);
  const fault = faultOf(snapshot, "config");
  return {
    status: problems.length > 0 || fault !== undefined ? "warn" : "pass",
    componentType: "component",
    observedValue: problems.length > 0 ? "problems" : changes.length > 0 ? "pending" : "applied",
    time: isoTime(nowMs),
    output:
      problems[0] ?? (changes.length > 0 ? "The files on disk have changed; restart to apply." : undefined),
    since: sinceOf(fault),
    changes,
    problems,
  };
}

/** Whoever watches the disk says when it fills up. */
function diskCheck(snapshot: HostSnapshot): Check {
  const { disk, nowMs } = snapshot;
  const fault = faultOf(snapshot, "disk");
  return {
    status: fault === undefined ? "pass" : "warn",
    componentType: "system",
    observedValue: disk?.freeBytes ?? "unknown",
    ...(disk === undefined ? {} : { observedUnit: "By" }),
    time: isoTime(nowMs),
    output: fault === undefined ? undefined : hideIds(fault.message),
    since: sinceOf(fault),
  };
}

/** Against the limit of the unit or container, where there is one. */
function memoryCheck(snapshot: HostSnapshot): Check {
  const { resources, nowMs } = snapshot;
  const { currentBytes, maxBytes } = resources.cgroup ?? {};
  const isTight =
    currentBytes !== undefined && maxBytes !== undefined && currentBytes > memoryWarnShare * maxBytes;
  const fault = faultOf(snapshot, "memory");
  return {
    status: isTight || fault !== undefined ? "warn" : "pass",
    componentType: "system",
    observedValue: resources.rssBytes,
    observedUnit: "By",
    time: isoTime(nowMs),
    output:
      fault === undefined
        ? isTight
          ? "More than 90 % of the memory that the unit may use is taken."
          : undefined
        : hideIds(fault.message),
    since: sinceOf(fault),
  };
}

/** Nothing where no admin room is configured. */
function adminRoomCheck(snapshot: HostSnapshot): Record<string, readonly [Check]> {
  const { adminRoom, nowMs } = snapshot;
  if (adminRoom === undefined) return {};
  const fault = faultOf(snapshot, "admin-room");
  const cause = adminRoom.cause ?? fault?.message;
  const check: Check = {
    status: cause === undefined ? "pass" : "warn",
    componentType: "component",
    observedValue: adminRoom.state,
    time: isoTime(nowMs),
    output: cause === undefined ? undefined : hideIds(cause),
    since: sinceOf(fault),
    queued: adminRoom.queued,
  };
  return { "admin-room": [check] };
}

/** What is wrong with the host and belongs to no other check. */
function hostCheck({ faults, phase, nowMs, startedAtMs }: HostSnapshot): Check {
  const own = faults.filter((fault) => fault.instance === undefined && componentOf(fault) === undefined);
  const warnings = sentencesOf(own, undefined).map(hideIds);
  return {
    status: own.length > 0 ? "warn" : "pass",
    componentType: "component",
    observedValue: phase,
    time: isoTime(nowMs),
    output: warnings[0],
    since: sinceOf(own[0]) ?? isoTime(startedAtMs),
    warnings,
  };
}

function uptimeCheck({ startedAtMs, nowMs }: HostSnapshot): Check {
  const seconds = Math.max(0, Math.floor((nowMs - startedAtMs) / 1000));
  return {
    status: "pass",
    componentType: "system",
    observedValue: seconds,
    observedUnit: "s",
    time: isoTime(nowMs),
    since: isoTime(startedAtMs),
  };
}

const components = ["account", "admin-room", "host-database", "config", "disk", "memory"] as const;

/** The check that a fault of the host belongs to, by the first word of its key. */
function componentOf({ key }: OpenFault): (typeof components)[number] | undefined {
  return components.find((component) => new RegExp(`^${component}\\b`).test(key));
}

function faultOf({ faults }: HostSnapshot, component: (typeof components)[number]): OpenFault | undefined {
  return faults.find((fault) => fault.instance === undefined && componentOf(fault) === component);
}

/** Without those that only say what the state's cause says already. */
function sentencesOf(faults: readonly OpenFault[], cause: string | undefined): string[] {
  return faults
    .filter(({ message }) => cause === undefined || !message.includes(cause))
    .map(({ message }) => message);
}

function sinceOf(fault: OpenFault | undefined): string | undefined {
  return fault === undefined ? undefined : isoTime(fault.sinceMs);
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
