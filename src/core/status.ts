import type { Availability } from "./availability.ts";
import type { Problem } from "./config.ts";
import type { InstanceId, UserId } from "./id.ts";
import type { OpenFault } from "./log.ts";
import type { Actor } from "./management.ts";
import type { AccountStatus } from "./matrix.ts";
import type { WebAnswer, WebRequest } from "./web-request.ts";

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

/**
 * Where a plugin runs: in a worker of the host's process, or in a process of its own that is confined to its folder, or would be if
 * this kernel could (Landlock, Linux 5.13 and newer).
 */
export type Isolation = "worker" | "confined" | "unconfined";

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
  /** Whom it speaks as; undefined while its section of the config cannot be read. */
  readonly account: UserId | undefined;
  readonly desired: Desired;
  readonly observed: Observed;
  /** Sentences about things that are wrong though it runs, such as a room it cannot read. They name no room or user. */
  readonly warnings: readonly string[];
  /** The YAML on disk differs from what runs. */
  readonly restartNeeded: boolean;
  /** Messages taken in and not yet settled. */
  readonly queued: number;
  /** What is to be posted and was not yet. */
  readonly unsent: number;
  /** Messages taken in, those left over from before among them, and what became of them, since the host started. */
  readonly received: number;
  readonly handled: number;
  readonly failed: number;
  /** What the homeserver has taken from it since the host started: messages, edits, reactions. */
  readonly sent: number;
  /** How often it was begun again after trouble since the host started; what a person asked for does not count. */
  readonly restarts: number;
  /** From a message's arrival to its first reply at the homeserver, of half the newest 200; undefined before the first. */
  readonly replyMedianMs: number | undefined;
  /** Of the last seven days, as far as they are known. */
  readonly availability: Availability;
  /** What the bot counted since the host started, such as `post page`. */
  readonly counted: Readonly<Record<string, number>>;
  readonly resources: InstanceResources;
  /** Of the present run; undefined without one. */
  readonly isolation: Isolation | undefined;
  /** What the bot counted over the last seven days, such as Instagram's outcomes. */
  readonly week: Readonly<Record<string, number>>;
}

/** One minute of an instance. */
export interface Sample extends Availability {
  /** When the minute ended. */
  readonly timeMs: number;
  /** At its end; its worse moments show in the availability. */
  readonly state: Observed["state"];
  /** Messages taken in and sent in it. */
  readonly received: number;
  readonly sent: number;
  readonly replyMedianMs: number | undefined;
  readonly memoryBytes: number | undefined;
}

export interface PendingConfig {
  /** Sentences such as "instance weather added". Empty when disk and running config are equal. */
  readonly changes: readonly string[];
  readonly problems: readonly Problem[];
}

/** How the way to the homeserver's admin room stands. */
export interface AdminRoomStatus {
  /**
   * `waiting`: it comes by itself, such as a homeserver that is away; `failed`: a person has to do what `cause` says; `ready`: it can
   * be written to, though there may be something to do, such as to write the id of the room that replaced it.
   */
  readonly state: "ready" | "waiting" | "failed";
  readonly cause?: string | undefined;
  /** Messages that are not known to have arrived in the room. */
  readonly queued: number;
}

/** All that health, page and command line may know of the host. Taken from memory, with counts that may be a second old. */
export interface HostSnapshot {
  readonly version: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly phase: "starting" | "running" | "stopping";
  /** Whether the host's own database accepted its last write. */
  readonly database: { readonly ok: boolean; readonly cause: string | undefined };
  /** Of the host's own database. */
  readonly databaseBytes: number;
  /** What is wrong and not over, oldest first. */
  readonly faults: readonly OpenFault[];
  readonly resources: HostResources;
  /** Of the disk that the data folder lies on; undefined while it cannot be told. */
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | undefined;
  readonly accounts: readonly {
    readonly instances: readonly InstanceId[];
    readonly state: AccountStatus["state"];
    readonly sinceMs: number;
    /** The last answer of the homeserver that was taken in; undefined when there was none since the host started. */
    readonly lastSyncMs: number | undefined;
  }[];
  readonly instances: readonly InstanceSnapshot[];
  readonly pending: PendingConfig;
  /** Undefined when the config names no admin room. */
  readonly adminRoom: AdminRoomStatus | undefined;
}

/** What an operator can do, from the command line now and from the page later. */
export interface HostControl {
  snapshot(): HostSnapshot;
  /** How the instance did, minute by minute: the last hour and a half at most, oldest first. */
  samples(id: InstanceId): readonly Sample[];
  /** Hands a request to an instance's own pages. Rejects with RoostError `not-found` when it does not run. */
  askPlugin(id: InstanceId, asked: WebRequest): Promise<WebAnswer>;
  /** Each answers the sentence to show, or throws a RoostError whose message is the sentence. `actor` is for the audit record. */
  start(id: InstanceId, actor?: Actor): Promise<string>;
  stop(id: InstanceId, actor?: Actor): Promise<string>;
  restart(id: InstanceId, actor?: Actor): Promise<string>;
}
