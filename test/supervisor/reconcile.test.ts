import { describe, expect, test } from "bun:test";
import type { FailureClass } from "../../src/core/error.ts";
import { decide, observe, view } from "../../src/supervisor/reconcile.ts";
import { newUnit, type Unit, type UnitEvent } from "../../src/supervisor/unit.ts";

const second = 1000;
const minute = 60 * second;
const t0 = 1_700_000_000_000;
const even = 0.5; // no jitter
const ready: UnitEvent = { kind: "account", account: { state: "ready" } };
const start: UnitEvent = { kind: "desired", desired: "running", cause: "" };
const stop: UnitEvent = { kind: "desired", desired: "stopped", cause: "Stopped by a person." };
const away: UnitEvent = {
  kind: "account",
  account: { state: "waiting", cause: "The homeserver is away.", nextAttemptMs: t0 + 5 },
};

function failure(failure: FailureClass, cause = "It broke.", retryAfterMs?: number): UnitEvent {
  return { kind: "failed", failure, cause, retryAfterMs };
}

function after(events: readonly (UnitEvent | [UnitEvent, number])[], unit: Unit = newUnit(t0)): Unit {
  let nowMs = t0;
  let result = unit;
  for (const item of events) {
    const [event, atMs] = Array.isArray(item) ? item : [item, nowMs];
    nowMs = atMs;
    result = observe(result, event, nowMs, even);
  }
  return result;
}

const running = after([ready, start, { kind: "starting" }, { kind: "started" }]);

/** Crashes the unit `count` times, each `aliveMs` after it has started, always starting as soon as allowed. */
function crashRepeatedly(count: number, aliveMs: number): { unit: Unit; delaysMs: number[]; nowMs: number } {
  let unit = after([ready, start]);
  let nowMs = t0;
  const delaysMs: number[] = [];
  for (let i = 0; i < count; i++) {
    unit = observe(unit, { kind: "starting" }, nowMs, even);
    unit = observe(unit, { kind: "started" }, nowMs, even);
    nowMs += aliveMs;
    unit = observe(unit, failure("crash"), nowMs, even);
    const next = unit.fault?.kind === "crash" ? unit.fault.nextAttemptMs : nowMs;
    delaysMs.push(next - nowMs);
    nowMs = next;
  }
  return { unit, delaysMs, nowMs };
}

describe("starting", () => {
  test("a wanted instance starts once its account is ready", () => {
    expect(decide(after([start]), t0)).toBeUndefined();
    expect(view(after([start])).state).toBe("starting");
    expect(decide(after([start, away]), t0)).toBeUndefined();
    expect(view(after([start, away]))).toMatchObject({ state: "waiting", cause: "The homeserver is away." });
    expect(decide(after([start, ready]), t0)).toEqual({ kind: "start" });
  });

  test("an instance that does not start within 30 s is stopped, and that counts as a crash", () => {
    const starting = after([ready, start, { kind: "starting" }]);
    expect(decide(starting, t0 + 29 * second)).toEqual({ kind: "look", atMs: t0 + 30 * second });
    const late = observe(starting, { kind: "tick" }, t0 + 30 * second, even);
    expect(decide(late, t0 + 30 * second)).toEqual({ kind: "stop" });
    expect(view(late)).toMatchObject({ state: "backoff", cause: "It did not start within 30 s." });
  });
});

describe("crashes", () => {
  test("wait longer each time when they are rare", () => {
    const { delaysMs, unit } = crashRepeatedly(10, 9 * minute);
    expect(delaysMs).toEqual([0, 1, 2, 5, 10, 30, 60, 120, 300, 300].map((s) => s * second));
    expect(view(unit).state).toBe("backoff");
  });

  test("become a crash loop at the fifth in ten minutes, tried every five minutes from then on", () => {
    const { delaysMs, unit } = crashRepeatedly(7, second);
    expect(delaysMs).toEqual([0, 1, 2, 5, 300, 300, 300].map((s) => s * second));
    expect(view(unit)).toMatchObject({ state: "crash-looping", attempt: 7, cause: "It broke." });
  });

  test("spread their delays by 20 % either way", () => {
    const { unit } = crashRepeatedly(3, second);
    const started = observe(observe(unit, { kind: "starting" }, t0, 0), { kind: "started" }, t0, 0);
    const delayAt = (random: number) => {
      const { fault } = observe(started, failure("crash"), t0, random);
      return fault?.kind === "crash" ? fault.nextAttemptMs - t0 : undefined;
    };
    expect([delayAt(0), delayAt(1)]).toEqual([4 * second, 6 * second]);
  });

  test("are forgiven after ten healthy minutes", () => {
    const { unit, nowMs } = crashRepeatedly(6, second);
    const started = observe(
      observe(unit, { kind: "starting" }, nowMs, even),
      { kind: "started" },
      nowMs,
      even,
    );
    expect(decide(started, nowMs)).toEqual({ kind: "look", atMs: nowMs + 10 * minute });
    const healthy = observe(started, { kind: "tick" }, nowMs + 10 * minute, even);
    expect(decide(healthy, nowMs + 10 * minute)).toBeUndefined();
    const again = observe(healthy, failure("crash"), nowMs + 11 * minute, even);
    expect(view(again)).toMatchObject({ state: "backoff", nextAttemptMs: nowMs + 11 * minute });
  });

  test("are forgiven when a person starts it, which does not wait", () => {
    const { unit, nowMs } = crashRepeatedly(6, second);
    const started = observe(unit, start, nowMs - minute, even);
    expect(decide(started, nowMs - minute)).toEqual({ kind: "start" });
    expect(started.crashesMs).toEqual([]);
    expect(started.looping).toBe(false);
  });
});

describe("failures that only people can mend", () => {
  for (const [name, cure] of [
    ["a restart", { kind: "restart" }],
    ["a start", start],
  ] as const) {
    test(`are not retried until ${name}`, () => {
      const failed = after([failure("permanent", "The plugin is missing.")], running);
      expect(view(failed)).toMatchObject({ state: "failed", cause: "The plugin is missing." });
      expect(decide(failed, t0 + 1000 * minute)).toBeUndefined();
      expect(decide(after([ready, away, ready], failed), t0)).toBeUndefined();
      expect(decide(after([cure], failed), t0)).toEqual({ kind: "start" });
    });
  }

  test("of the account end the run, which comes back with the account", () => {
    const revoked = after(
      [{ kind: "account", account: { state: "failed", cause: "The token was revoked." } }],
      running,
    );
    expect(decide(revoked, t0)).toEqual({ kind: "stop" });
    expect(view(revoked)).toMatchObject({ state: "failed", cause: "The token was revoked." });
    expect(decide(after([{ kind: "stopping" }, { kind: "stopped" }, ready], revoked), t0)).toEqual({
      kind: "start",
    });
  });
});

describe("dependencies that are away", () => {
  test("make an instance wait without counting, every few seconds, for ever", () => {
    let unit = after([ready, start]);
    let nowMs = t0;
    for (let i = 0; i < 500; i++) {
      unit = observe(observe(unit, { kind: "starting" }, nowMs, even), failure("dependency"), nowMs, even);
      const observed = view(unit);
      if (observed.state !== "waiting" || observed.nextAttemptMs === undefined)
        throw new Error(observed.state);
      expect(observed.nextAttemptMs - nowMs).toBeLessThanOrEqual(5 * second);
      nowMs = observed.nextAttemptMs;
    }
    expect(unit.crashesMs).toEqual([]);
    expect(view(unit).sinceMs).toBe(t0);
  });

  test("are asked again when they said to, but within five minutes", () => {
    const starting = after([ready, start, { kind: "starting" }]);
    const wait = (ms: number) => view(after([failure("dependency", "Busy.", ms)], starting));
    expect(wait(17 * second)).toMatchObject({ state: "waiting", nextAttemptMs: t0 + 17 * second });
    expect(wait(1e12)).toMatchObject({ state: "waiting", nextAttemptMs: t0 + 5 * minute });
  });

  test("are not waited for any longer once the account is back", () => {
    const waiting = after([{ kind: "starting" }, failure("dependency"), away], after([ready, start]));
    expect(decide(waiting, t0 + minute)).toBeUndefined();
    expect(decide(after([ready], waiting), t0)).toEqual({ kind: "start" });
  });

  test("are shown while it runs, and the run is kept", () => {
    const waiting = after([[away, t0 + minute]], running);
    expect(view(waiting)).toEqual({
      state: "waiting",
      sinceMs: t0 + minute,
      cause: "The homeserver is away.",
      nextAttemptMs: t0 + 5,
    });
    expect(decide(waiting, t0 + minute)?.kind).not.toBe("stop");
    expect(view(after([[ready, t0 + 2 * minute]], waiting))).toEqual({
      state: "running",
      sinceMs: t0 + 2 * minute,
    });
  });
});

describe("people", () => {
  test("stop an instance, and nothing but people starts it again", () => {
    const stopped = after([stop, { kind: "stopping" }, { kind: "stopped" }], running);
    expect(view(stopped)).toMatchObject({ state: "stopped", cause: "Stopped by a person." });
    for (const event of [ready, away, { kind: "restart" }, { kind: "tick" }] as const) {
      expect(decide(after([event], stopped), t0 + 1000 * minute)).toBeUndefined();
    }
  });

  test("restart an instance: the run ends first, then a new one begins", () => {
    const restarting = after([{ kind: "restart" }], running);
    expect(decide(restarting, t0)).toEqual({ kind: "stop" });
    const stopping = after([{ kind: "stopping" }], restarting);
    expect(decide(stopping, t0)?.kind).toBe("look");
    expect(view(stopping).state).toBe("starting");
    expect(decide(after([{ kind: "stopped" }], stopping), t0)).toEqual({ kind: "start" });
  });

  test("see an instance that does not stop as failed, and no second run begins beside it", () => {
    const stuck = after(
      [{ kind: "restart" }, { kind: "stopping" }, [{ kind: "tick" }, t0 + 10 * second]],
      running,
    );
    expect(view(stuck)).toMatchObject({ state: "failed" });
    expect(decide(after([start, { kind: "restart" }, ready], stuck), t0 + minute)).toBeUndefined();
    expect(decide(after([{ kind: "stopped" }], stuck), t0 + minute)).toEqual({ kind: "start" });
  });
});
