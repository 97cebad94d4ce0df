import { readdirSync } from "node:fs";
import type { HostSnapshot, InstanceSnapshot } from "../core/status.ts";

type Labels = Readonly<Record<string, string>>;
type Point = readonly [labels: Labels, value: number | undefined];

/** One metric that a snapshot tells. Names follow Prometheus' conventions: base units, and `_total` for counters alone. */
export interface Family {
  readonly kind: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Its series; those without a value are left out. */
  readonly read: (snapshot: HostSnapshot) => readonly Point[];
}

const states = ["stopped", "starting", "running", "waiting", "backoff", "crash-looping", "failed"] as const;

export const families: readonly Family[] = [
  gauge("roost_build_info", "The version that runs; always 1.", ["version"], ({ version }) => [
    [{ version }, 1],
  ]),
  ofHost("gauge", "process_start_time_seconds", "When the process started, in Unix time.", (host) => {
    return host.startedAtMs / 1000;
  }),
  ofHost("gauge", "process_resident_memory_bytes", "Memory of the whole process.", (host) => {
    return host.resources.rssBytes;
  }),
  ofHost("counter", "process_cpu_seconds_total", "Processor time of the whole process.", (host) => {
    return host.resources.cpuSeconds;
  }),
  ofHost("gauge", "process_open_fds", "Open file descriptors of the process.", countOpenFiles),
  ofHost("gauge", "roost_unit_memory_bytes", "Memory of the unit or container the process is in.", (host) => {
    return host.resources.cgroup?.currentBytes;
  }),
  ofHost("gauge", "roost_unit_memory_limit_bytes", "What the unit or container may use.", (host) => {
    return host.resources.cgroup?.maxBytes;
  }),
  ofHost("gauge", "roost_database_size_bytes", "Size of the host's own database.", (host) => {
    return host.databaseBytes;
  }),
  ofHost("gauge", "roost_database_writable", "Whether its last write went through.", (host) => {
    return host.database.ok ? 1 : 0;
  }),
  ofHost("gauge", "roost_disk_free_bytes", "Free on the disk of the data folder.", (host) => {
    return host.disk?.freeBytes;
  }),
  ofHost("gauge", "roost_disk_size_bytes", "Size of the disk of the data folder.", (host) => {
    return host.disk?.totalBytes;
  }),
  ofHost("gauge", "roost_config_problems", "Problems of the config on disk.", (host) => {
    return host.pending.problems.length;
  }),
  ofHost("gauge", "roost_config_pending_changes", "Changes on disk that a restart would apply.", (host) => {
    return host.pending.changes.length;
  }),
  gauge("roost_open_faults", "Faults that are not over, by severity.", ["severity"], ({ faults }) =>
    (["WARN", "ERROR", "CRITICAL"] as const).map((severity) => [
      { severity },
      faults.filter((fault) => fault.severity === severity).length,
    ]),
  ),
  ofAccounts("roost_account_up", "Whether the account follows its rooms.", ({ state }) => {
    return state === "syncing" ? 1 : 0;
  }),
  ofAccounts(
    "roost_sync_last_success_timestamp_seconds",
    "When the account last heard from its homeserver, in Unix time.",
    ({ lastSyncMs }) => (lastSyncMs === undefined ? undefined : lastSyncMs / 1000),
  ),
  gauge(
    "roost_instance_up",
    "Whether the instance runs.",
    ["instance", "plugin", "desired"],
    ({ instances }) =>
      instances.map(({ id, plugin, desired, observed }) => [
        { instance: id, plugin, desired },
        observed.state === "running" ? 1 : 0,
      ]),
  ),
  gauge(
    "roost_instance_state",
    "1 for the state that the instance is in.",
    ["instance", "state"],
    ({ instances }) =>
      instances.flatMap(({ id, observed }) =>
        states.map((state): Point => [{ instance: id, state }, observed.state === state ? 1 : 0]),
      ),
  ),
  ofInstances(
    "counter",
    "roost_instance_restarts_total",
    "Runs begun again after trouble.",
    (i) => i.restarts,
  ),
  ofInstances("gauge", "roost_instance_memory_bytes", "Heap of the instance's runtime.", (i) => {
    return i.resources.memoryBytes;
  }),
  ofInstances("counter", "roost_instance_cpu_seconds_total", "Processor time of the present run.", (i) => {
    return i.resources.cpuSeconds;
  }),
  ofInstances("gauge", "roost_instance_availability_ratio", "Share of seven days that it ran.", (i) => {
    const { wantedMs, runningMs } = i.availability;
    return wantedMs === 0 ? undefined : runningMs / wantedMs;
  }),
  ofInstances("counter", "roost_events_received_total", "Messages taken in.", (i) => i.received),
  ofInstances("counter", "roost_events_handled_total", "Messages handled.", (i) => i.handled),
  ofInstances(
    "counter",
    "roost_messages_sent_total",
    "What the homeserver has taken from it.",
    (i) => i.sent,
  ),
  ofInstances("counter", "roost_events_failed_total", "Messages whose handler failed.", (i) => i.failed),
  ofInstances("gauge", "roost_inbox_messages", "Messages taken in and not settled.", (i) => i.queued),
  ofInstances("gauge", "roost_outbox_messages", "What is to be posted and was not.", (i) => i.unsent),
  {
    kind: "counter",
    name: "roost_instagram_links_total",
    help: "Instagram links answered, by what came of them and the strategy that told.",
    labels: ["instance", "outcome", "strategy"],
    read: ({ instances }) => instances.filter(({ plugin }) => plugin === "instagram").flatMap(outcomesOf),
  },
];

/** The bot counts each answered link as outcome and strategy, such as `post page` or `private api`. */
function outcomesOf({ id, counted }: InstanceSnapshot): Point[] {
  return Object.entries(counted).flatMap(([what, count]): Point[] => {
    const [, outcome, strategy] = /^([a-z-]{1,30}) ([a-z-]{1,30})$/.exec(what) ?? [];
    if (outcome === undefined || strategy === undefined) return [];
    return [[{ instance: id, outcome, strategy }, count]];
  });
}

/** The directory lists itself once while it is read. */
function countOpenFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}

function gauge(name: string, help: string, labels: readonly string[], read: Family["read"]): Family {
  return { kind: "gauge", name, help, labels, read };
}

function ofHost(
  kind: Family["kind"],
  name: string,
  help: string,
  value: (snapshot: HostSnapshot) => number | undefined,
): Family {
  return { kind, name, help, labels: [], read: (snapshot) => [[{}, value(snapshot)]] };
}

function ofInstances(
  kind: Family["kind"],
  name: string,
  help: string,
  value: (instance: InstanceSnapshot) => number | undefined,
): Family {
  const read: Family["read"] = ({ instances }) =>
    instances.map((instance) => [{ instance: instance.id }, value(instance)]);
  return { kind, name, help, labels: ["instance"], read };
}

function ofAccounts(
  name: string,
  help: string,
  value: (account: HostSnapshot["accounts"][number]) => number | undefined,
): Family {
  const read: Family["read"] = ({ accounts }) =>
    accounts.map((account, index) => {
      const names = account.instances.join(",");
      return [{ account: names === "" ? `account ${index + 1}` : names }, value(account)];
    });
  return gauge(name, help, ["account"], read);
}
