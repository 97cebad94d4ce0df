import type { HostSnapshot } from "../core/status.ts";
import { type Check, checksOf, type HealthStatus, instanceCheck, isDeaf, isFirstStart } from "./checks.ts";
import { hideIds } from "./hidden-ids.ts";

export type { Check, HealthStatus } from "./checks.ts";

export interface Health {
  readonly status: HealthStatus;
  readonly version: string;
  readonly description: "Roost";
  /** The state as a sentence. */
  readonly notes: readonly [string];
  readonly checks: Readonly<Record<string, readonly [Check]>>;
}

/** All that may be told without a login, from memory alone. */
export function healthOf(snapshot: HostSnapshot): Health {
  const checks = checksOf(snapshot);
  const [status, sentence] = overall(snapshot, Object.values(checks).flat());
  return { status, version: snapshot.version, description: "Roost", notes: [sentence], checks };
}

/**
 * The health of one instance, or undefined when there is none of that name. What people want to run passes only while it runs;
 * what they stopped is as they want it, and passes too.
 */
export function instanceHealthOf(snapshot: HostSnapshot, id: string): Health | undefined {
  const instance = snapshot.instances.find((candidate) => candidate.id === id);
  if (instance === undefined) return undefined;
  const { observed, desired } = instance;
  const check = instanceCheck(instance, snapshot);
  const isUp = observed.state === "running" || desired === "stopped";
  const status = isUp ? check.status : "fail";
  const cause = "cause" in observed && observed.cause !== "" ? `: ${hideIds(observed.cause)}` : ".";
  return {
    status,
    version: snapshot.version,
    description: "Roost",
    notes: [`${instance.id} is ${observed.state}${cause}`],
    checks: { [`instance:${instance.id}`]: [{ ...check, status }] },
  };
}

/** Whether the host does what it can: the config is loaded, and every account has synced, or it is known why it has not. */
export function isReady({ phase, accounts }: HostSnapshot): boolean {
  const isKnown = accounts.every(
    ({ state, lastSyncMs }) => state !== "connecting" || lastSyncMs !== undefined,
  );
  return phase === "running" && isKnown;
}

function overall(snapshot: HostSnapshot, checks: readonly Check[]): [HealthStatus, string] {
  const { accounts, instances, nowMs } = snapshot;
  const wanted = instances.filter(({ desired }) => desired === "running");
  const running = wanted.filter(({ observed }) => observed.state === "running");
  const isAnyUp = running.length > 0 || wanted.some(isFirstStart);
  if (snapshot.phase === "stopping") return ["warn", "The host is stopping."];
  if (!snapshot.database.ok) return ["fail", "The host cannot write to its database."];
  if (snapshot.phase === "starting") return ["warn", "The host is starting."];
  if (wanted.length > 0 && !isAnyUp) {
    return ["fail", wanted.length === 1 ? "The only bot is not running." : "None of the bots is running."];
  }
  if (wanted.length > 0 && accounts.length > 0 && accounts.every((account) => isDeaf(account, nowMs)))
    return ["fail", "No account has heard from the homeserver for more than five minutes."];
  const status = checks.some((check) => check.status !== "pass") ? "warn" : "pass";
  return [status, summary(instances.length, wanted.length, running.length, status)];
}

function summary(all: number, wanted: number, running: number, status: HealthStatus): string {
  const stopped = all - wanted;
  const others = wanted === 0 || stopped === 0 ? "" : `; ${stopped} ${stopped === 1 ? "is" : "are"} stopped`;
  const count = `${countSentence(all, wanted, running)}${others}`;
  return status === "warn" && running === wanted ? `${count}, but something needs attention.` : `${count}.`;
}

function countSentence(all: number, wanted: number, running: number): string {
  if (all === 0) return "No bots are configured yet";
  if (wanted === 0) return all === 1 ? "The bot is stopped" : "All bots are stopped";
  if (running === 0) return wanted === 1 ? "The bot is starting" : "The bots are starting";
  if (running < wanted) return `${running} of ${wanted} bots ${running === 1 ? "is" : "are"} running`;
  if (wanted === 1) return all === 1 ? "The bot is running" : "One bot is running";
  if (all > wanted) return `${wanted} bots are running`;
  return wanted === 2 ? "Both bots are running" : `All ${wanted} bots are running`;
}
