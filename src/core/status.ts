import type { Problem } from "./config.ts";
import type { InstanceId } from "./id.ts";

/** What people asked for: the YAML's `enabled` and the operator's stop and start. Only people change it. */
export type Desired = "running" | "stopped";

/** What is true now. Every state says since when; those that are not good say why, and when the next attempt is. */
export type Observed =
  | { readonly state: "stopped"; readonly sinceMs: number; readonly cause: string }
  | { readonly state: "starting"; readonly sinceMs: number; readonly attempt: number }
  | { readonly state: "running"; readonly sinceMs: number }
  | {
      readonly state: "waiting";
      readonly sinceMs: number;
      readonly cause: string;
      readonly nextAttemptMs: number | undefined;
    }
  | {
      readonly state: "backoff" | "crash-looping";
      readonly sinceMs: number;
      readonly cause: string;
      readonly attempt: number;
      readonly nextAttemptMs: number;
    }
  | { readonly state: "failed"; readonly sinceMs: number; readonly cause: string };

/** What the present run of an instance uses of the machine, as of its last heartbeat. */
export interface InstanceResources {
  /** The heap of its runtime; undefined until it has told. */
  readonly memoryBytes: number | undefined;
  /** Processor time, which the host asks the kernel for; undefined on systems other than Linux. */
  readonly cpuSeconds: number | undefined;
}

/** What the whole process uses. */
export interface HostResources {
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  /** The memory of the unit or container that the process is in, with everything else in it, and its limit if it has one. */
  readonly cgroup: { readonly currentBytes: number; readonly maxBytes: number | undefined } | undefined;
}

export interface InstanceSnapshot {
  readonly id: InstanceId;
  readonly plugin: string;
  readonly desired: Desired;
  readonly observed: Observed;
  /** Sentences about things that are wrong though it runs, such as a room it cannot read. They name no room or user. */
  readonly warnings: readonly string[];
  /** The YAML on disk differs from what runs. */
  readonly restartNeeded: boolean;
  /** Messages taken in and not yet settled. */
  readonly queued: number;
  readonly handled: number;
  readonly failed: number;
  readonly resources: InstanceResources;
  /** What the bot counted over the last seven days, such as Instagram's outcomes. */
  readonly week: Readonly<Record<string, number>>;
}

export interface PendingConfig {
  /** Sentences such as "instance weather added". Empty when disk and running config are equal. */
  readonly changes: readonly string[];
  readonly problems: readonly Problem[];
}

/** All that health, page and command line may know of the host. Taking one costs a few small reads of its own database. */
export interface HostSnapshot {
  readonly version: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly phase: "starting" | "running" | "stopping";
  /** Whether the host's own database accepted its last write. */
  readonly database: { readonly ok: boolean; readonly cause: string | undefined };
  readonly resources: HostResources;
  readonly accounts: readonly {
    readonly instances: readonly InstanceId[];
    readonly state: string;
    readonly sinceMs: number;
  }[];
  readonly instances: readonly InstanceSnapshot[];
  readonly pending: PendingConfig;
}

/** What an operator can do, from the command line now and from the page later. */
export interface HostControl {
  snapshot(): HostSnapshot;
  /** Each answers the sentence to show, or throws a RoostError whose message is the sentence. */
  start(id: InstanceId): Promise<string>;
  stop(id: InstanceId): Promise<string>;
  restart(id: InstanceId): Promise<string>;
}
