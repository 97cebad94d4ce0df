import { asInstanceId, type InstanceId } from "../../src/core/id.ts";
import type { HostSnapshot, InstanceSnapshot, Observed } from "../../src/core/status.ts";

export const nowMs = Date.parse("2025-03-01T12:00:00Z");

export function instanceId(name: string): InstanceId {
  const id = asInstanceId(name);
  if (id === undefined) throw new Error(`${name} is not an instance id`);
  return id;
}

export const states = {
  running: { state: "running", sinceMs: nowMs - 60_000 },
  starting: { state: "starting", sinceMs: nowMs, attempt: 1 },
  waiting: {
    state: "waiting",
    sinceMs: nowMs,
    cause: "The homeserver is away.",
    nextAttemptMs: nowMs + 5000,
  },
  backoff: { state: "backoff", sinceMs: nowMs, cause: "It broke.", attempt: 2, nextAttemptMs: nowMs + 1000 },
  looping: {
    state: "crash-looping",
    sinceMs: nowMs,
    cause: "It broke.",
    attempt: 9,
    nextAttemptMs: nowMs + 300_000,
  },
  failed: { state: "failed", sinceMs: nowMs, cause: "The plugin is missing." },
  stopped: { state: "stopped", sinceMs: nowMs, cause: "Stopped by a person." },
} as const satisfies Record<string, Observed>;

export function instance(
  name: string,
  observed: Observed,
  changes: Partial<InstanceSnapshot> = {},
): InstanceSnapshot {
  return {
    id: instanceId(name),
    plugin: "echo",
    account: undefined,
    desired: observed.state === "stopped" ? "stopped" : "running",
    observed,
    warnings: [],
    restartNeeded: false,
    queued: 0,
    unsent: 0,
    received: 0,
    handled: 0,
    failed: 0,
    sent: 0,
    restarts: 0,
    replyMedianMs: undefined,
    availability: { wantedMs: 60_000, runningMs: 60_000 },
    counted: {},
    resources: { memoryBytes: 1_000_000, cpuSeconds: 0.5 },
    isolation: undefined,
    week: {},
    ...changes,
  };
}

export function snapshot(
  instances: readonly InstanceSnapshot[],
  changes: Partial<HostSnapshot> = {},
): HostSnapshot {
  return {
    version: "1.2.3",
    startedAtMs: nowMs - 3_600_000,
    nowMs,
    phase: "running",
    database: { ok: true, cause: undefined },
    disk: { freeBytes: 50e9, totalBytes: 100e9 },
    databaseBytes: 40_960,
    faults: [],
    resources: { rssBytes: 80_000_000, cpuSeconds: 4, cgroup: undefined },
    accounts: [],
    instances,
    pending: { changes: [], problems: [] },
    adminRoom: undefined,
    ...changes,
  };
}
