import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeAvailability } from "../src/commands/status.ts";
import { Homeserver } from "../src/sandbox/homeserver.ts";
import type { SandboxUser } from "../src/sandbox/sandbox-user.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { freePort, HostProcess } from "./doubles/host.ts";

const hourMs = 3_600_000;

test.each([
  ["a week without a gap", { wantedMs: 168 * hourMs, runningMs: 168 * hourMs }, "100 % of 7 days"],
  [
    "a moment in a week, never as 100 %",
    { wantedMs: 168 * hourMs, runningMs: 168 * hourMs - 1 },
    "99.99 % of 7 days",
  ],
  ["a host that is new, and how new", { wantedMs: 3 * hourMs, runningMs: 2.25 * hourMs }, "75 % of 3 h"],
  ["what was never wanted", { wantedMs: 0, runningMs: 0 }, "-"],
])("availability tells %s", (_, availability, sentence) => {
  expect(describeAvailability(availability)).toBe(sentence);
});

describe("a running host", () => {
  const folder = temporaryFolder();
  const homeserver = new Homeserver({
    serverName: "sandbox",
    dialect: "synapse",
    registrationToken: "letmein",
  });
  let ada: SandboxUser;
  let host: HostProcess;
  let room: string;

  beforeAll(async () => {
    await homeserver.open();
    ada = homeserver.createUser("ada");
    room = ada.createRoom({ name: "room", public: true });
    host = new HostProcess(join(folder.path, "host"), await freePort());
    host.configure(
      homeserver.url,
      `accounts: { "@bot:sandbox": {} }
instances:
  echo: { plugin: echo, account: "@bot:sandbox", rooms: ["${room}"] }
  quiet: { plugin: echo, account: "@bot:sandbox", rooms: ["${room}"], prefix: "?", enabled: false }
`,
    );
  });
  afterAll(async () => {
    await host.kill();
    await homeserver.close();
    folder[Symbol.dispose]();
  });

  test("is waited for by health until it is ready, and before that it is a failure", async () => {
    const { code, out } = await host.command("health");
    expect([code, out]).toEqual([1, expect.stringContaining("No Roost is running on")]);
    const waiting = host.command("health", "--wait", "30", "--json");
    host.start();
    const { code: ready, out: json } = await waiting;
    expect(ready).toBe(0);
    expect(JSON.parse(json)).toMatchObject({
      description: "Roost",
      checks: { "account:1": [{ observedValue: "syncing" }] },
    });
  });

  test("shows each instance on one line, with how it does", async () => {
    await host.untilInstance("echo", "running");
    await until("the bot has joined", () => homeserver.memberships(room).get("@bot:sandbox") === "join");
    ada.say(room, "!echo hello");
    await until("it is told", async () =>
      /^echo +running .* % of .* 1 +0 +\d+\.\d\d s/m.test((await host.command("status")).out),
    );
    const { out } = await host.command("status");
    expect(out).toMatch(
      /^Roost \S+, up \d+ s, \d+ MB\nINSTANCE +STATE +SINCE +AVAILABLE +HANDLED +QUEUED +P50 +MEMORY +CPU\n/,
    );
    expect(out).toMatch(/^echo +running +\d+ s +[\d.]+ % of \d+ s +1 +0 +\d+\.\d\d s +\d+\.\d MB/m);
    expect(out).toMatch(/^quiet +stopped +\d+ s +- +0 +0 +- +- +-$/m);
    expect(out).toContain("quiet: It has enabled: false in its YAML.");
  });

  test("is well, says nothing to a cron job, and counts what people stopped as well", async () => {
    await until("it passes", async () => (await host.command("health")).out === "");
    expect((await host.health("/healthz/quiet")).status).toBe(200);
    expect(await host.health("/readyz")).toMatchObject({ status: 200 });
    const { body } = await host.health("/metrics");
    expect(body).toContain('roost_events_handled_total{instance="echo"} 1');
    expect(body).toContain('roost_reply_latency_seconds_count{instance="echo"} 1');
    expect(body).not.toContain("sandbox");
  });

  test("is found when its YAML was broken meanwhile, and names what to do about pending changes", async () => {
    const yaml = readFileSync(host.configFile, "utf8");
    writeFileSync(host.configFile, yaml.replace('prefix: "?"', 'prefix: "+"'));
    await until("the change is seen", async () => {
      const { out } = await host.command("status");
      return out.includes("pending: instance quiet changed: prefix (apply: roost restart quiet)");
    });
    appendFileSync(host.configFile, "\n  : [ not yaml\n");
    await until("the problem is seen", async () =>
      (await host.command("health")).out.includes("warn config is problems"),
    );
    const { code, out } = await host.command("status");
    expect([code, out]).toEqual([0, expect.stringContaining("echo ")]);
    expect((await host.command("health")).code).toBe(0);
    writeFileSync(host.configFile, yaml);
  });

  test("keeps its availability over a kill, and counts the time it was away", async () => {
    await host.stop();
    // Time has to pass for it to be counted.
    await Bun.sleep(1_100);
    host.start();
    await host.untilInstance("echo", "running");
    const { out } = await host.command("status", "--json");
    const [echo] = JSON.parse(out).instances;
    expect(echo.availability.wantedMs - echo.availability.runningMs).toBeGreaterThan(1_000);
    expect(echo.availability.runningMs).toBeGreaterThan(0);
  });

  test("fails health when the only bot is down", async () => {
    await host.stop();
    host.configure(
      homeserver.url,
      `accounts: { "@bot:sandbox": { password: wrong } }
instances:
  echo: { plugin: missing, account: "@bot:sandbox", rooms: ["${room}"] }
`,
    );
    host.start();
    await host.untilInstance("echo", "failed");
    const { code, out } = await host.command("health");
    expect([code, out]).toEqual([1, expect.stringContaining("fail: The only bot is not running.")]);
    expect(out).toContain("warn instance echo is failed since");
  });
});
