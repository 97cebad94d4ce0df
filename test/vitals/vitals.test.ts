import { expect, test } from "bun:test";
import type { AvailabilityStore, Beat } from "../../src/core/availability.ts";
import type { Observed } from "../../src/core/status.ts";
import { Vitals } from "../../src/vitals/vitals.ts";
import { instance } from "../doubles/delivery.ts";

const running: Observed = { state: "running", sinceMs: 0 };
const failed: Observed = { state: "failed", sinceMs: 0, cause: "It broke." };

/** Vitals of one instance whose clock is turned by hand. */
function stage(beats: Beat[] = []) {
  const now = { ms: 3_600_000, observed: running as Observed, tally: { received: 0, sent: 0 } };
  const store: AvailabilityStore = {
    loadBeat: () => undefined,
    sumsSince: () => new Map(),
    add: (beat) => void beats.push(beat),
  };
  const vitals = new Vitals({
    store,
    look: () => [{ id: instance, observed: now.observed, tally: now.tally, memoryBytes: 5 }],
    clocks: { wallMs: () => now.ms, bootMs: () => now.ms, runMs: () => now.ms },
  });
  return { now, vitals };
}

test("a sample tells what one minute was like: state, share of it that it ran, messages and the usual reply", () => {
  const { now, vitals } = stage();
  vitals.note(instance, "running", running);
  now.ms += 45_000;
  vitals.note(instance, "running", failed);
  now.ms += 15_000;
  Object.assign(now, { observed: failed, tally: { received: 7, sent: 9 } });
  for (const latencyMs of [900, 100, 300]) vitals.noteReply(instance, latencyMs);
  vitals.tick();
  vitals.tick();
  expect(vitals.samples(instance).map(({ timeMs: _, ...sample }) => sample)).toEqual([
    {
      state: "failed",
      wantedMs: 60_000,
      runningMs: 45_000,
      received: 7,
      sent: 9,
      replyMedianMs: 300,
      memoryBytes: 5,
    },
    {
      state: "failed",
      wantedMs: 0,
      runningMs: 0,
      received: 0,
      sent: 0,
      replyMedianMs: undefined,
      memoryBytes: 5,
    },
  ]);
  expect(vitals.replyMedianMs(instance)).toBe(300);
});

test("the last 90 samples are kept, and the newest 200 replies decide what is usual", () => {
  const { vitals } = stage();
  for (let minute = 0; minute < 100; minute++) vitals.tick();
  expect(vitals.samples(instance)).toHaveLength(90);
  for (let reply = 0; reply < 200; reply++) vitals.noteReply(instance, 5_000);
  for (let reply = 0; reply < 101; reply++) vitals.noteReply(instance, 10);
  expect(vitals.replyMedianMs(instance)).toBe(10);
});

test("every tick writes down that the host is there and what people want, and so does closing", () => {
  const beats: Beat[] = [];
  const { vitals } = stage(beats);
  vitals.note(instance, "running", failed);
  vitals.tick();
  vitals.note(instance, "stopped", failed);
  vitals.close();
  expect(beats.map(({ wanted }) => wanted)).toEqual([[instance], []]);
});

test("what was removed leaves nothing behind", () => {
  const { vitals } = stage();
  vitals.note(instance, "running", running);
  vitals.noteReply(instance, 10);
  vitals.tick();
  vitals.forget(instance);
  expect([vitals.samples(instance), vitals.replyMedianMs(instance)]).toEqual([[], undefined]);
});
