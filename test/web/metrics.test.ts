import { describe, expect, test } from "bun:test";
import type { HostSnapshot } from "../../src/core/status.ts";
import { Metrics } from "../../src/web/metrics.ts";
import { instance, instanceId, nowMs, snapshot, states } from "./snapshot.ts";

/** Something of everything, so that each metric has a series. */
function busyHost(): HostSnapshot {
  const insta = instance("insta", states.running, {
    plugin: "instagram",
    received: 9,
    handled: 8,
    failed: 1,
    restarts: 2,
    counted: { "post page": 5, "private api": 1, "see @dan:example.org now": 1 },
  });
  return snapshot([insta, instance("echo", states.waiting)], {
    accounts: [
      {
        instances: [instanceId("insta"), instanceId("echo")],
        state: "syncing",
        sinceMs: 0,
        lastSyncMs: nowMs,
      },
      { instances: [], state: "connecting", sinceMs: nowMs, lastSyncMs: undefined },
    ],
    resources: {
      rssBytes: 80_000_000,
      cpuSeconds: 4,
      cgroup: { currentBytes: 90_000_000, maxBytes: 512_000_000 },
    },
  });
}

async function textOf(host = busyHost(), metrics = new Metrics()): Promise<string> {
  metrics.observeReply(instanceId("insta"), 320);
  metrics.sink({ timeMs: nowMs, severity: "WARN", message: "x", context: {}, causes: [] });
  return metrics.text(host);
}

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
}

function familiesIn(text: string): Family[] {
  const helps = new Map([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, help]) => [name, help]));
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => ({
    name,
    type,
    help: helps.get(name) ?? "",
  }));
}

/** What `promtool check metrics` finds (prometheus/client_golang, prometheus/testutil/promlint), for the kinds of metric there are. */
function lint({ name, type, help }: Family): string[] {
  const wordOf = (pattern: RegExp) => pattern.test(name);
  return [
    [help === "", "no help text"],
    [wordOf(/:/), "contains a colon"],
    [wordOf(/[a-z][A-Z]/), "is in camelCase"],
    [type === "counter" && !wordOf(/_total$/), "is a counter without _total"],
    [type !== "counter" && wordOf(/_total$/), "is no counter and ends in _total"],
    [type !== "histogram" && wordOf(/_(bucket|count|sum)$/), "ends like a histogram's series"],
    [wordOf(/_(gauge|counter|histogram|summary|untyped)(_|$)/), "names its type"],
    [
      wordOf(/_(milliseconds?|minutes?|hours?|days?|weeks?|kilobytes?|megabytes?|percent|bits)(_|$)/),
      "is not in a base unit",
    ],
    [wordOf(/_(s|ms|us|ns|sec|m|min|h|d|kb|mb|gb|b|by)(_|$)/), "abbreviates its unit"],
    [wordOf(/_(second|byte|ratios)(_|$)/), "has its unit in the wrong number"],
  ].flatMap(([isWrong, what]) => (isWrong ? [`${name} ${what}`] : []));
}

describe("metrics", () => {
  test("are named as promtool wants them", async () => {
    const families = familiesIn(await textOf());
    expect(families.length).toBeGreaterThan(25);
    expect(families.flatMap(lint)).toEqual([]);
  });

  test("pass promtool itself, where it is installed", async () => {
    const promtool = Bun.which("promtool");
    if (promtool === null) return;
    const check = Bun.spawn([promtool, "check", "metrics"], { stdin: new Blob([await textOf()]) });
    expect(await check.exited).toBe(0);
  });

  test("tell the host, its instances and accounts", async () => {
    const lines = (await textOf()).split("\n");
    for (const line of [
      'roost_build_info{version="1.2.3"} 1',
      "process_resident_memory_bytes 80000000",
      "roost_disk_free_bytes 50000000000",
      "roost_unit_memory_limit_bytes 512000000",
      'roost_instance_up{instance="insta",plugin="instagram",desired="running"} 1',
      'roost_instance_state{instance="echo",state="waiting"} 1',
      'roost_instance_state{instance="echo",state="running"} 0',
      'roost_instance_restarts_total{instance="insta"} 2',
      'roost_events_received_total{instance="insta"} 9',
      'roost_reply_latency_seconds_bucket{le="0.5",instance="insta"} 1',
      'roost_reply_latency_seconds_bucket{le="0.25",instance="insta"} 0',
      'roost_log_messages_total{severity="WARN"} 1',
      'roost_instagram_links_total{instance="insta",outcome="post",strategy="page"} 5',
      `roost_sync_last_success_timestamp_seconds{account="insta,echo"} ${nowMs / 1000}`,
      'roost_account_up{account="account 2"} 0',
    ])
      expect(lines).toContain(line);
  });

  test("name no room and no user, whatever a bot counts", async () => {
    expect(await textOf()).not.toContain("example.org");
  });

  test("leave out what is not known, and count up from scratch at each asking", async () => {
    const metrics = new Metrics();
    await textOf(busyHost(), metrics);
    const text = await metrics.text(snapshot([instance("insta", states.running, { handled: 3 })]));
    expect(text).not.toMatch(/^roost_unit_memory_limit_bytes /m);
    expect(text).toContain('roost_events_handled_total{instance="insta"} 3');
    expect(text).not.toContain('instance="echo"');
  });

  test("forget the replies of an instance that is gone", async () => {
    const metrics = new Metrics();
    await textOf(busyHost(), metrics);
    expect(await metrics.text(snapshot([]))).not.toContain('instance="insta"');
  });
});
