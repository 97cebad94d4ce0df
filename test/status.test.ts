import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { describeAvailability } from "../src/commands/status.ts";
import { until } from "./doubles/delivery.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

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
  let scene: SandboxScene;
  let room: string;

  beforeAll(async () => {
    scene = await SandboxScene.open();
    room = scene.ada.createRoom({ name: "room", public: true });
    scene.configure(`accounts: { "@bot:sandbox": {} }
instances:
  echo: { plugin: echo, account: "@bot:sandbox", rooms: ["${room}"] }
  quiet: { plugin: echo, account: "@bot:sandbox", rooms: ["${room}"], prefix: "?", enabled: false }
`);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  test("is waited for by health until it is ready, and before that it is a failure", async () => {
    const { code, out } = await scene.host.command("health");
    expect([code, out]).toEqual([1, expect.stringContaining("No Roost is running on")]);
    const waiting = scene.host.command("health", "--wait", "30", "--json");
    scene.host.start();
    const { code: ready, out: json } = await waiting;
    expect(ready).toBe(0);
    expect(JSON.parse(json)).toMatchObject({
      description: "Roost",
      checks: { "account:1": [{ observedValue: "syncing" }] },
    });
  });

  test("shows each instance on one line, with how it does", async () => {
    await scene.host.untilInstance("echo", "running");
    await scene.joined(room);
    scene.ada.say(room, "!echo hello");
    await until("it is told", async () =>
      /^echo +running .* % of .* 1 +0 +\d+\.\d\d s/m.test((await scene.host.command("status")).out),
    );
    const { out } = await scene.host.command("status");
    expect(out).toMatch(
      /^Roost \S+, up \d+ s, \d+ MB\nINSTANCE +STATE +SINCE +AVAILABLE +HANDLED +QUEUED +P50 +MEMORY +CPU\n/,
    );
    expect(out).toMatch(/^echo +running +\d+ s +[\d.]+ % of \d+ s +1 +0 +\d+\.\d\d s +\d+\.\d MB/m);
    expect(out).toMatch(/^quiet +stopped +\d+ s +- +0 +0 +- +- +-$/m);
    expect(out).toContain("quiet: It has enabled: false in its YAML.");
  });

  test("is well, says nothing to a cron job, and counts what people stopped as well", async () => {
    await until("it passes", async () => (await scene.host.command("health")).out === "");
    expect((await scene.host.health("/healthz/quiet")).status).toBe(200);
    expect(await scene.host.health("/readyz")).toMatchObject({ status: 200 });
    const { body } = await scene.host.health("/metrics");
    expect(body).toContain('roost_events_handled_total{instance="echo"} 1');
    expect(body).toContain('roost_messages_sent_total{instance="echo"} 1');
    expect(body).toContain('roost_reply_latency_seconds_count{instance="echo"} 1');
    expect(body).not.toContain("sandbox");
  });

  test("is found when its YAML was broken meanwhile, and names what to do about pending changes", async () => {
    const yaml = readFileSync(scene.host.configFile, "utf8");
    writeFileSync(scene.host.configFile, yaml.replace('prefix: "?"', 'prefix: "+"'));
    await until("the change is seen", async () => {
      const { out } = await scene.host.command("status");
      return out.includes("pending: instance quiet changed: prefix (apply: roost restart quiet)");
    });
    appendFileSync(scene.host.configFile, "\n  : [ not yaml\n");
    await until("the problem is seen", async () =>
      (await scene.host.command("health")).out.includes("warn config is problems"),
    );
    const { code, out } = await scene.host.command("status");
    expect([code, out]).toEqual([0, expect.stringContaining("echo ")]);
    expect((await scene.host.command("health")).code).toBe(0);
    writeFileSync(scene.host.configFile, yaml);
  });

  test("keeps its availability over a kill, and counts the time it was away", async () => {
    await scene.host.stop();
    // Time has to pass for it to be counted.
    await Bun.sleep(1_100);
    scene.host.start();
    await scene.host.untilInstance("echo", "running");
    const { out } = await scene.host.command("status", "--json");
    const [echo] = JSON.parse(out).instances;
    expect(echo.availability.wantedMs - echo.availability.runningMs).toBeGreaterThan(1_000);
    expect(echo.availability.runningMs).toBeGreaterThan(0);
  });

  test("fails health when the only bot is down", async () => {
    await scene.host.stop();
    scene.configure(`accounts: { "@bot:sandbox": { password: wrong } }
instances:
  echo: { plugin: missing, account: "@bot:sandbox", rooms: ["${room}"] }
`);
    scene.host.start();
    await scene.host.untilInstance("echo", "failed");
    const { code, out } = await scene.host.command("health");
    expect([code, out]).toEqual([1, expect.stringContaining("fail: The only bot is not running.")]);
    expect(out).toContain("warn instance echo is failed since");
  });
});
