import { describe, expect, test } from "bun:test";
import type { OpenFault } from "../../src/core/log.ts";
import { healthOf, instanceHealthOf, isReady } from "../../src/web/health.ts";
import { instance, instanceId, nowMs, snapshot, states } from "./snapshot.ts";

const { running, starting, waiting, backoff, looping, failed, stopped } = states;
const verdict = (...args: Parameters<typeof snapshot>) => {
  const { status, notes } = healthOf(snapshot(...args));
  return [status, ...notes];
};

describe("the host as a whole", () => {
  test.each([
    ["passes when all run", [running, running, running], "pass", "All 3 bots are running."],
    [
      "passes when the others were stopped by people",
      [running, stopped],
      "pass",
      "One bot is running; 1 is stopped.",
    ],
    ["passes when people stopped all", [stopped, stopped], "pass", "All bots are stopped."],
    [
      "counts the stopped apart from the wanted",
      [running, running, waiting, stopped, stopped],
      "warn",
      "2 of 3 bots are running; 2 are stopped.",
    ],
    ["passes while a bot starts for the first time", [starting], "pass", "The bot is starting."],
    ["warns of one that waits", [running, waiting], "warn", "1 of 2 bots is running."],
    ["warns of one that backs off", [running, backoff], "warn", "1 of 2 bots is running."],
    ["warns of one that crash-loops", [running, looping], "warn", "1 of 2 bots is running."],
    ["warns of one that failed", [running, running, failed], "warn", "2 of 3 bots are running."],
    ["fails when none runs that should", [failed, waiting, stopped], "fail", "None of the bots is running."],
    [
      "fails when a crash loop tries again",
      [{ ...starting, attempt: 7 }],
      "fail",
      "The only bot is not running.",
    ],
  ] as const)("%s", (_, observed, status, sentence) => {
    const instances = observed.map((state, index) => instance(`bot${index}`, state));
    expect(verdict(instances)).toEqual([status, sentence]);
  });

  test("passes without any bot", () => {
    expect(verdict([])).toEqual(["pass", "No bots are configured yet."]);
  });

  test("fails when its database takes no writes", () => {
    const database = { ok: false, cause: "disk full" };
    expect(verdict([instance("a", running)], { database })[0]).toBe("fail");
  });

  test("warns, and does not fail, while the host starts", () => {
    expect(verdict([instance("a", waiting)], { phase: "starting" })).toEqual([
      "warn",
      "The host is starting.",
    ]);
  });

  test("warns of a bot that runs with a warning", () => {
    const warned = instance("a", running, { warnings: ["A room is encrypted."] });
    expect(verdict([warned])).toEqual(["warn", "The bot is running, but something needs attention."]);
  });

  test("warns of problems in the config on disk, and not of mere changes", () => {
    const problem = {
      file: "/etc/roost/config.yaml",
      line: 3,
      column: 5,
      path: "instances.a.rooms[0]",
      severity: "error",
      message: "not a room",
      hint: "quote '!x:example.org'",
      excerpt: "password: hunter2",
    } as const;
    const instances = [instance("a", running)];
    const withProblem = healthOf(snapshot(instances, { pending: { changes: [], problems: [problem] } }));
    expect(withProblem.status).toBe("warn");
    expect(withProblem.checks.config?.[0]).toMatchObject({
      observedValue: "problems",
      problems: ["config.yaml:3:5 instances.a.rooms[0]: not a room (quote '(hidden)')"],
    });
    expect(JSON.stringify(withProblem)).not.toContain("hunter2");
    expect(verdict(instances, { pending: { changes: ["instance b added"], problems: [] } })[0]).toBe("pass");
  });
});

describe("the checks", () => {
  test("follow the health+json draft and carry what the page shows", () => {
    const health = healthOf(
      snapshot([instance("insta", waiting, { queued: 2, handled: 7, failed: 1, restartNeeded: true })], {
        accounts: [
          {
            instances: [instanceId("insta")],
            state: "waiting",
            sinceMs: nowMs - 1000,
            lastSyncMs: undefined,
          },
        ],
      }),
    );
    expect(health.version).toBe("1.2.3");
    expect(Object.keys(health.checks)).toEqual([
      "uptime",
      "database",
      "config",
      "disk",
      "memory",
      "host",
      "instance:insta",
      "account:1",
    ]);
    expect(health.checks.uptime?.[0]).toMatchObject({ observedValue: 3600, observedUnit: "s" });
    expect(health.checks["instance:insta"]).toEqual([
      {
        status: "warn",
        componentType: "component",
        observedValue: "waiting",
        time: "2025-03-01T12:00:00.000Z",
        output: "The homeserver is away.",
        plugin: "echo",
        desired: "running",
        since: "2025-03-01T12:00:00.000Z",
        attempt: undefined,
        nextAttempt: "2025-03-01T12:00:05.000Z",
        queued: 2,
        handled: 7,
        failed: 1,
        warnings: [],
        restartNeeded: true,
      },
    ]);
    expect(health.checks["account:1"]?.[0]).toMatchObject({ status: "warn", instances: ["insta"] });
  });

  test("tell of the admin room where there is one, and warn only of what waits for somebody or something", () => {
    const check = (adminRoom: Parameters<typeof snapshot>[1] & object) =>
      healthOf(snapshot([], adminRoom)).checks["admin-room"]?.[0];
    expect(check({})).toBeUndefined();
    expect(check({ adminRoom: { state: "ready", queued: 0 } })).toMatchObject({ status: "pass", queued: 0 });
    expect(check({ adminRoom: { state: "waiting", queued: 2 } })).toMatchObject({
      status: "pass",
      queued: 2,
    });
    const cause = "Invite @roost:example.org into #admins:example.org.";
    expect(check({ adminRoom: { state: "failed", cause, queued: 3 } })).toMatchObject({
      status: "warn",
      observedValue: "failed",
      output: "Invite (hidden) into (hidden).",
    });
  });

  test("name no room and no user, wherever a sentence names them", () => {
    const named = "see !room:example.org and @dan:example.org";
    const text = JSON.stringify(
      healthOf(
        snapshot([instance("a", { ...failed, cause: named }, { warnings: [named] })], {
          database: { ok: false, cause: named },
          pending: {
            changes: [named],
            problems: [
              {
                file: "c.yaml",
                line: 1,
                column: 1,
                path: "accounts.@dan:example.org",
                severity: "error",
                message: named,
              },
            ],
          },
        }),
      ),
    );
    expect(text).toContain("(hidden)");
    expect(text).not.toContain("example.org");
  });
});

describe("one instance", () => {
  test.each([
    ["running", running, "pass"],
    ["waiting", waiting, "fail"],
    ["starting", starting, "fail"],
    ["stopped by a person", stopped, "pass"],
  ] as const)("that is %s", (_, observed, status) => {
    expect(instanceHealthOf(snapshot([instance("a", observed)]), "a")?.status).toBe(status);
  });

  test("that a person stopped says so", () => {
    const health = instanceHealthOf(snapshot([instance("a", stopped)]), "a");
    expect(health?.notes).toEqual(["a is stopped: Stopped by a person."]);
    expect(health?.checks["instance:a"]?.[0]?.status).toBe("pass");
  });

  test("that is not there has no health", () => {
    expect(instanceHealthOf(snapshot([instance("a", running)]), "b")).toBeUndefined();
  });
});

describe("readiness", () => {
  const account = (state: "connecting" | "syncing" | "waiting" | "failed", lastSyncMs?: number) => ({
    instances: [instanceId("a")],
    state,
    sinceMs: nowMs,
    lastSyncMs,
  });

  test.each([
    ["every account has synced", [account("syncing", nowMs)], true],
    ["an account connects for the first time", [account("syncing", nowMs), account("connecting")], false],
    ["an account that had synced connects anew", [account("connecting", nowMs)], true],
    ["the homeserver is known to be away", [account("waiting")], true],
    ["an account is known to have failed", [account("failed")], true],
    ["there are no accounts", [], true],
  ] as const)("when %s", (_, accounts, ready) => {
    expect(isReady(snapshot([], { accounts }))).toBe(ready);
  });

  test("not before the host is up", () => {
    expect(isReady(snapshot([], { phase: "starting" }))).toBe(false);
  });
});

describe("what goes wrong unseen", () => {
  const quiet = {
    instances: [instanceId("a")],
    state: "syncing",
    sinceMs: 0,
    lastSyncMs: nowMs - 301_000,
  } as const;
  const fault = (key: string, extra: Partial<OpenFault> = {}): OpenFault => ({
    key,
    instance: undefined,
    severity: "WARN",
    message: `${key} of @dan:example.org is wrong.`,
    sinceMs: nowMs - 5000,
    count: 1,
    ...extra,
  });

  test("fails when no account has heard anything for five minutes, and warns when one has not", () => {
    expect(verdict([instance("a", running)], { accounts: [quiet] })[0]).toBe("fail");
    const both = [quiet, { ...quiet, lastSyncMs: nowMs }];
    expect(verdict([instance("a", running)], { accounts: both })[0]).toBe("warn");
  });

  test("an open fault makes its component warn, and is told without names", () => {
    const own = fault("database", { instance: instanceId("a") });
    const faults = [own, fault("host-database"), fault("backup"), fault("disk"), fault("memory")];
    const { status, checks } = healthOf(
      snapshot([instance("a", running), instance("b", running)], { faults }),
    );
    const found = Object.entries(checks).map(([name, [check]]) => [name, check.status, check.output]);
    expect(status).toBe("warn");
    expect(found).toEqual([
      ["uptime", "pass", undefined],
      ["database", "warn", "host-database of (hidden) is wrong."],
      ["config", "pass", undefined],
      ["disk", "warn", "disk of (hidden) is wrong."],
      ["memory", "warn", "memory of (hidden) is wrong."],
      ["host", "warn", "backup of (hidden) is wrong."],
      ["instance:a", "warn", "database of (hidden) is wrong."],
      ["instance:b", "pass", undefined],
    ]);
    expect(checks.host?.[0].since).toBe("2025-03-01T11:59:55.000Z");
  });

  test("warns when the unit's memory is nearly used up", () => {
    const cgroup = { currentBytes: 480, maxBytes: 512 };
    const resources = { rssBytes: 470, cpuSeconds: 1, cgroup };
    expect(verdict([instance("a", running)], { resources })[0]).toBe("warn");
  });
});
