import { describe, expect, test } from "bun:test";
import { RoostError } from "../../src/core/error.ts";
import { asInstanceId, type InstanceId } from "../../src/core/id.ts";
import { type Runner, Supervisor } from "../../src/supervisor/supervisor.ts";
import { CollectingLogger, until } from "../doubles/delivery.ts";
import { VirtualClock } from "./clock.ts";

function instance(name: string): InstanceId {
  const id = asInstanceId(name);
  if (id === undefined) throw new Error(`${name} is not an instance id`);
  return id;
}

/** Runs nothing, but answers as a test tells it to and writes down what it was asked. */
class ScriptedRunner implements Runner {
  readonly calls: string[] = [];
  readonly exits = new Map<InstanceId, (error?: unknown) => void>();
  onStart: (id: InstanceId) => Promise<void> = async () => {};
  onStop: (id: InstanceId) => Promise<void> = async () => {};

  start(id: InstanceId, onExit: (error?: unknown) => void): Promise<void> {
    this.calls.push(`start ${id}`);
    this.exits.set(id, onExit);
    return this.onStart(id);
  }
  stop(id: InstanceId): Promise<void> {
    this.calls.push(`stop ${id}`);
    return this.onStop(id);
  }
}

function open(saveDesired?: () => void) {
  const clock = new VirtualClock();
  const runner = new ScriptedRunner();
  const log = new CollectingLogger();
  const saved: string[] = [];
  const changed: InstanceId[] = [];
  log.debug = () => {};
  const supervisor = new Supervisor({
    runner,
    clock,
    random: () => 0.5,
    log: () => log,
    onChange: (id) => changed.push(id),
    saveDesired: saveDesired ?? ((id, desired) => saved.push(`${id} ${desired}`)),
  });
  return { clock, runner, supervisor, logged: log.lines, faults: log.open, saved, changed };
}
const a = instance("a");
const b = instance("b");

async function openRunning() {
  const house = open();
  house.supervisor.add(a, "running");
  house.supervisor.accountChanged([a], { state: "ready" });
  await house.clock.advance(0);
  expect(house.supervisor.observed(a).state).toBe("running");
  return house;
}

describe("a supervisor", () => {
  test("starts many side by side: one that hangs delays none", async () => {
    const { clock, runner, supervisor } = open();
    runner.onStart = (id) => (id === a ? new Promise(() => {}) : Promise.resolve());
    supervisor.add(a, "running");
    supervisor.add(b, "running");
    supervisor.accountChanged([a, b], { state: "ready" });
    await clock.advance(0);
    expect(supervisor.observed(a).state).toBe("starting");
    expect(supervisor.observed(b).state).toBe("running");
  });

  test("leaves alone what should be stopped", async () => {
    const { clock, runner, supervisor } = open();
    supervisor.add(a, "stopped", "Stopped by a person.");
    supervisor.accountChanged([a], { state: "ready" });
    await clock.advance(3_600_000);
    expect(runner.calls).toEqual([]);
    expect(supervisor.observed(a)).toMatchObject({ state: "stopped", cause: "Stopped by a person." });
  });

  test("starts again what has crashed, and tells of it", async () => {
    const { clock, runner, supervisor, logged } = await openRunning();
    runner.exits.get(a)?.(new Error("boom"));
    await clock.advance(0);
    expect(runner.calls).toEqual(["start a", "start a"]);
    expect(logged).toEqual(["INFO Running.", "WARN Crashed: boom", "INFO Running again."]);
    expect(supervisor.observed(a).state).toBe("running");
  });

  test("takes a run that ends without being asked as a crash", async () => {
    const { clock, runner, logged } = await openRunning();
    runner.exits.get(a)?.();
    await clock.advance(0);
    expect(logged).toContain("WARN It ended by itself.");
  });

  test("says once that an instance is crash-looping, and once that it is over", async () => {
    const { clock, runner, logged } = await openRunning();
    runner.onStart = async () => {
      throw new Error("boom");
    };
    runner.exits.get(a)?.(new Error("boom"));
    await clock.advance(30 * 60_000);
    runner.onStart = async () => {};
    await clock.advance(30 * 60_000);
    const about = logged.filter((line) => line.includes("rash-looping"));
    expect(about).toEqual([
      "CRITICAL Crash-looping, tried every 5 minutes from now on: boom",
      "INFO It has run for ten minutes: no longer crash-looping.",
    ]);
  });

  test("is in one trouble at a time, which ends when it runs, with what was tried and what to do", async () => {
    const { clock, runner, supervisor, logged, faults } = await openRunning();
    supervisor.accountChanged([a], { state: "waiting", cause: "The homeserver is away.", nextAttemptMs: 5 });
    runner.exits.get(a)?.(new RoostError("plugin-missing", "There is no plugin b."));
    expect([...faults.values()]).toEqual([
      expect.objectContaining({
        key: "run",
        tried: expect.stringContaining("change"),
        command: "roost restart a",
      }),
    ]);
    supervisor.accountChanged([a], { state: "ready" });
    supervisor.restart(a);
    await clock.advance(0);
    expect(faults.size).toBe(0);
    expect(logged).toEqual([
      "INFO Running.",
      "WARN Waiting: The homeserver is away.",
      "ERROR There is no plugin b.",
      "INFO Running again.",
    ]);
  });

  test("leaves it to the account to call its failure grave, and is back when the account is", async () => {
    const { supervisor, logged } = await openRunning();
    supervisor.accountChanged([a], { state: "failed", cause: "The token was revoked." });
    supervisor.accountChanged([a], { state: "connecting" });
    supervisor.accountChanged([a], { state: "ready" });
    await until("it runs", () => supervisor.observed(a).state === "running");
    expect(logged).toEqual([
      "INFO Running.",
      "WARN Its account has failed: The token was revoked.",
      "INFO Running again.",
    ]);
  });

  test("ends the trouble of an instance that a person stops, but not because the host stops", async () => {
    const { runner, supervisor, faults } = await openRunning();
    const breakIt = () => runner.exits.get(a)?.(new RoostError("plugin-missing", "There is no plugin b."));
    breakIt();
    supervisor.setDesired(a, "stopped", "Stopped by a person.");
    expect(faults.size).toBe(0);
    supervisor.setDesired(a, "running", "");
    await until("it runs", () => supervisor.observed(a).state === "running");
    breakIt();
    await supervisor.close();
    expect(faults.size).toBe(1);
  });

  test("says once that it waits, however often it tries", async () => {
    const { clock, runner, supervisor, logged } = open();
    let away = true;
    runner.onStart = async () => {
      if (away) throw new RoostError("homeserver-unreachable", "The homeserver is away.");
    };
    supervisor.add(a, "running");
    supervisor.accountChanged([a], { state: "ready" });
    await clock.advance(10 * 60_000);
    expect(runner.calls.length).toBeGreaterThan(100);
    away = false;
    await clock.advance(5_000);
    expect(logged).toEqual(["WARN Waiting: The homeserver is away.", "INFO Running again."]);
  });

  test("keeps a person's stop through its port and a crash does not undo it", async () => {
    const { clock, runner, supervisor, saved } = await openRunning();
    supervisor.setDesired(a, "stopped", "Stopped by a person.");
    runner.exits.get(a)?.(new Error("late"));
    supervisor.accountChanged([a], { state: "ready" });
    await clock.advance(3_600_000);
    expect(saved).toEqual(["a stopped"]);
    expect(runner.calls).toEqual(["start a", "stop a"]);
    expect(supervisor.desired(a)).toBe("stopped");
  });

  test("stops an instance even when that cannot be saved, and says so", async () => {
    const { clock, runner, supervisor, logged } = open(() => {
      throw new Error("disk full");
    });
    supervisor.add(a, "running");
    supervisor.accountChanged([a], { state: "ready" });
    await clock.advance(0);
    supervisor.setDesired(a, "stopped", "Stopped by a person.");
    await clock.advance(0);
    expect(runner.calls).toEqual(["start a", "stop a"]);
    expect(logged).toContain("ERROR This stop could not be saved: it holds until the host restarts.");
  });

  test("restarts by ending the old run before the new one begins", async () => {
    const { clock, runner, supervisor } = await openRunning();
    const { promise, resolve } = Promise.withResolvers<void>();
    runner.onStop = () => promise;
    supervisor.restart(a);
    const settled = supervisor.settled(a);
    await clock.advance(1000);
    expect(runner.calls).toEqual(["start a", "stop a"]);
    resolve();
    expect((await settled).state).toBe("running");
    expect(runner.calls).toEqual(["start a", "stop a", "start a"]);
  });

  test("ends a run that was found unfit, and starts another", async () => {
    const { clock, runner, supervisor, logged } = await openRunning();
    supervisor.endRun(a, "It was ended because the host is short of memory.");
    await clock.advance(0);
    expect(runner.calls).toEqual(["start a", "stop a", "start a"]);
    expect(logged).toEqual([
      "INFO Running.",
      "WARN It was ended because the host is short of memory.",
      "INFO Running again.",
    ]);
    supervisor.setDesired(a, "stopped", "Stopped by a person.");
    await clock.advance(0);
    supervisor.endRun(a, "It was ended because the host is short of memory.");
    await clock.advance(3_600_000);
    expect(runner.calls.length).toBe(4);
  });

  test("counts the runs that it begins again by itself, and none that a person asked for", async () => {
    const { clock, runner, supervisor } = await openRunning();
    supervisor.setDesired(a, "stopped", "Stopped by a person.");
    await clock.advance(0);
    supervisor.setDesired(a, "running", "");
    await clock.advance(0);
    supervisor.restart(a);
    await clock.advance(0);
    expect(runner.calls.filter((call) => call === "start a").length).toBe(3);
    expect(supervisor.restarts(a)).toBe(0);
    runner.exits.get(a)?.(new Error("oops"));
    await clock.advance(0);
    expect(supervisor.restarts(a)).toBe(1);
    await clock.advance(3_600_000);
    runner.exits.get(a)?.(new Error("oops"));
    await clock.advance(0);
    expect(supervisor.restarts(a)).toBe(2);
  });

  test("drops what an ended run reports too late", async () => {
    const { clock, runner, supervisor, logged } = await openRunning();
    const lateExit = runner.exits.get(a);
    supervisor.restart(a);
    await clock.advance(0);
    lateExit?.(new Error("late"));
    await clock.advance(60_000);
    expect(runner.calls).toEqual(["start a", "stop a", "start a"]);
    expect(logged.join()).not.toContain("late");
  });

  test("ends a start that takes longer than 30 s", async () => {
    const { clock, runner, supervisor } = open();
    runner.onStart = () => new Promise(() => {});
    supervisor.add(a, "running");
    supervisor.accountChanged([a], { state: "ready" });
    await clock.advance(30_000);
    expect(runner.calls).toEqual(["start a", "stop a", "start a"]);
  });

  test("keeps a quarantined instance failed until it is restarted", async () => {
    const { clock, runner, supervisor, logged } = open();
    supervisor.add(a, "running");
    supervisor.failPermanently(a, "config.yaml:3:5: unknown plugin");
    supervisor.accountChanged([a], { state: "ready" });
    await clock.advance(3_600_000);
    expect(runner.calls).toEqual([]);
    expect(logged).toEqual(["ERROR config.yaml:3:5: unknown plugin"]);
    supervisor.restart(a);
    await clock.advance(0);
    expect(supervisor.observed(a).state).toBe("running");
  });

  test("forgets a removed instance once its run has ended, and takes it in again", async () => {
    const { clock, runner, supervisor } = await openRunning();
    const { promise, resolve } = Promise.withResolvers<void>();
    runner.onStop = () => promise;
    const removed = supervisor.remove(a);
    await clock.advance(0);
    expect(supervisor.observed(a).state).toBe("stopped");
    resolve();
    await removed;
    expect(() => supervisor.observed(a)).toThrow("There is no instance a.");
    supervisor.add(a, "running");
    supervisor.accountChanged([a], { state: "ready" });
    await clock.advance(0);
    expect(supervisor.observed(a).state).toBe("running");
  });

  test("closes by stopping all side by side, saving nothing and leaving no timer", async () => {
    const { clock, runner, supervisor, saved } = await openRunning();
    supervisor.add(b, "running");
    supervisor.accountChanged([b], { state: "ready" });
    await clock.advance(0);
    const { promise, resolve } = Promise.withResolvers<void>();
    runner.onStop = () => promise;
    const closed = supervisor.close();
    expect(runner.calls.slice(2)).toEqual(["stop a", "stop b"]);
    resolve();
    await closed;
    expect(saved).toEqual([]);
    expect(clock.scheduled).toBe(0);
    expect(supervisor.observed(a)).toMatchObject({ state: "stopped", cause: "The host is stopping." });
  });

  test("closes without a run that never stops once its 10 s are up", async () => {
    const { clock, runner, supervisor } = await openRunning();
    runner.onStop = () => new Promise(() => {});
    let isClosed = false;
    const closed = supervisor.close().then(() => {
      isClosed = true;
    });
    await clock.advance(9_999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await closed;
  });
});
