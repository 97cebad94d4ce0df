import { describe, expect, test } from "bun:test";
import { type ErrorCode, RoostError } from "../../src/core/error.ts";
import { asInstanceId, type InstanceId } from "../../src/core/id.ts";
import type { Desired } from "../../src/core/status.ts";
import { type Runner, Supervisor } from "../../src/supervisor/supervisor.ts";
import { CollectingLogger } from "../doubles/delivery.ts";
import { seededRandom } from "../doubles/seeded-random.ts";
import { VirtualClock } from "./clock.ts";

const codes: readonly ErrorCode[] = [
  "plugin-crashed",
  "plugin-crashed",
  "network",
  "plugin-missing",
  "internal",
];
const minute = 60_000;

/** A runtime that fails at random in every way the port allows, and notices a second run beside a first. */
class FaultyRunner implements Runner {
  readonly #clock: VirtualClock;
  readonly #random: () => number;
  readonly #live = new Map<InstanceId, { end: () => void }>();
  faulty = true;
  /** Every start fails with this at once. */
  always: ErrorCode | undefined;
  starts: number[] = [];
  doubled = 0;

  constructor(clock: VirtualClock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  start(id: InstanceId, onExit: (error?: unknown) => void): Promise<void> {
    if (this.#live.has(id)) this.doubled++;
    this.starts.push(this.#clock.now());
    if (this.always !== undefined) return Promise.reject(new RoostError(this.always, "Failed at once."));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const run = { end: () => reject(new RoostError("cancelled", "It was stopped.")) };
    this.#live.set(id, run);
    const ifAlive = (fn: () => void) => () => {
      if (this.#live.get(id) === run) fn();
    };
    if (this.#chance(0.1)) return promise; // hangs until it is stopped
    const fate = this.#chance(0.3) ? () => this.#end(id, reject) : resolve;
    this.#later(this.#chance(0.5) ? 0 : 40_000, ifAlive(fate));
    if (this.#chance(0.5)) {
      const exit = () => this.#end(id, this.#chance(0.2) ? () => onExit() : onExit);
      this.#later(this.#chance(0.5) ? 50_000 : 20 * minute, ifAlive(exit));
    }
    return promise;
  }

  stop(id: InstanceId): Promise<void> {
    const run = this.#live.get(id);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = this.#chance(0.1) ? () => reject(new Error("stopped badly")) : resolve;
    this.#later(this.#chance(0.5) ? 0 : 15_000, () => {
      if (run !== undefined && this.#live.get(id) === run) this.#live.delete(id);
      run?.end();
      settle();
    });
    return promise;
  }

  #end(id: InstanceId, report: (error: unknown) => void): void {
    this.#live.delete(id);
    const code = codes[Math.floor(this.#random() * codes.length)] ?? "internal";
    report(new RoostError(code, `Failed with ${code}.`));
  }
  #chance(probability: number): boolean {
    return this.faulty && this.#random() < probability;
  }
  #later(atMostMs: number, fn: () => void): void {
    const delayMs = this.faulty ? Math.floor(this.#random() * atMostMs) : 10;
    this.#clock.schedule(this.#clock.now() + delayMs, fn);
  }
}

function provoke(supervisor: Supervisor, id: InstanceId, random: () => number): void {
  const account = (state: "ready" | "failed") =>
    supervisor.accountChanged([id], state === "ready" ? { state } : { state, cause: "revoked" });
  const deeds: readonly (() => void)[] = [
    () => supervisor.setDesired(id, "running", ""),
    () => supervisor.setDesired(id, "stopped", "Stopped by a person."),
    () => supervisor.restart(id),
    () => supervisor.failPermanently(id, "quarantined"),
    () => supervisor.endRun(id, "It was ended."),
    () => account("ready"),
    () => account("ready"),
    () => account("failed"),
    () => supervisor.accountChanged([id], { state: "waiting", cause: "away", nextAttemptMs: undefined }),
    () => supervisor.add(id, "running"),
    () => void supervisor.remove(id).then(() => supervisor.add(id, "running")),
  ];
  deeds[Math.floor(random() * deeds.length)]?.();
}

function countPerMinute(timesMs: readonly number[]): number {
  let most = 0;
  let first = 0;
  timesMs.forEach((timeMs, index) => {
    while (timeMs - (timesMs[first] ?? timeMs) >= minute) first++;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

describe.each(Array.from({ length: 40 }, (_, seed) => seed))(
  "with random events and faults (seed %i)",
  (seed) => {
    test("never two runs at once, never a busy loop, and in the end what people want", async () => {
      const clock = new VirtualClock();
      const random = seededRandom(seed);
      const runner = new FaultyRunner(clock, random);
      const log = new CollectingLogger();
      const supervisor = new Supervisor({
        runner,
        clock,
        random,
        log: () => log,
        onChange: () => {},
        saveDesired: () => {},
      });
      const id = asInstanceId("a");
      if (id === undefined) throw new Error("unreachable");
      supervisor.add(id, "running");

      const deedTimesMs: number[] = [];
      for (const deed of Array(150).keys()) {
        await clock.advance(Math.floor(random() * (deed % 3 === 0 ? 5 * minute : 8_000)));
        deedTimesMs.push(clock.now());
        if (hasInstance(supervisor, id)) provoke(supervisor, id, random);
        else supervisor.add(id, "running");
      }
      expect(runner.doubled).toBe(0);
      // A dependency is asked every 3.2 s at most often (19 a minute); each deed of a person allows a few quick tries more.
      expect(countPerMinute(runner.starts)).toBeLessThanOrEqual(20 + 6 * countPerMinute(deedTimesMs));

      // Left alone it stays calm, also when every start fails at once, ...
      for (const always of [undefined, ...codes]) {
        runner.always = always;
        if (!hasInstance(supervisor, id)) supervisor.add(id, "running");
        supervisor.accountChanged([id], { state: "ready" });
        supervisor.setDesired(id, "running", "");
        runner.starts = [];
        clock.wakes = 0;
        await clock.advance(20 * minute);
        expect(countPerMinute(runner.starts)).toBeLessThanOrEqual(20);
        expect(clock.wakes / 20).toBeLessThan(100);
      }

      // ... and without faults it comes to what people want.
      const wanted: Desired = random() < 0.8 ? "running" : "stopped";
      runner.faulty = false;
      runner.always = undefined;
      supervisor.accountChanged([id], { state: "ready" });
      supervisor.setDesired(id, wanted, "");
      await clock.advance(20 * minute);
      expect(supervisor.observed(id).state).toBe(wanted);
      expect([...log.open]).toEqual([]);
      expect(runner.doubled).toBe(0);
    });
  },
);

function hasInstance(supervisor: Supervisor, id: InstanceId): boolean {
  try {
    supervisor.observed(id);
    return true;
  } catch {
    return false;
  }
}
