import { expect, test } from "bun:test";
import type { InstanceId } from "../../src/core/id.ts";
import { MemoryWatch } from "../../src/supervisor/memory.ts";
import { CollectingLogger } from "../doubles/delivery.ts";

const mb = 1024 * 1024;
const [calm, leaky] = ["calm" as InstanceId, "leaky" as InstanceId];

function setUp() {
  const heaps = new Map<InstanceId, number>([
    [calm, 60 * mb],
    [leaky, 5 * mb],
  ]);
  const state = { usedMb: 100, nowMs: 0, ended: [] as string[] };
  const log = new CollectingLogger();
  const watch = new MemoryWatch({
    read: () => ({ usedBytes: state.usedMb * mb, limitBytes: 512 * mb }),
    heaps: () => new Map([...heaps].map(([id, heapBytes]) => [id, { heapBytes, allowedBytes: 128 * mb }])),
    endRun: (id, cause) => void state.ended.push(`${id}: ${cause}`),
    log: () => log,
    now: () => state.nowMs,
  });
  watch.check();
  return { watch, heaps, state, log };
}

test("most memory used is told once and so is its end, and nothing is ended for it", () => {
  const { watch, state, log } = setUp();
  for (const usedMb of [420, 430, 400, 420, 300, 300]) {
    state.usedMb = usedMb;
    watch.check();
  }
  expect(state.ended).toEqual([]);
  expect(log.lines).toEqual([
    "WARN The host uses 82 % of 512 MB of memory.",
    "INFO The host's memory is in order again.",
  ]);
});

test("before the host is in danger the bot that has grown most is ended, not the largest, and once in five minutes at most", () => {
  const { watch, heaps, state } = setUp();
  heaps.set(leaky, 50 * mb);
  state.usedMb = 480;
  for (let time = 0; time < 290; time += 5) {
    state.nowMs = time * 1000;
    watch.check();
  }
  expect(state.ended).toEqual([
    "leaky: It was ended because the host uses 94 % of 512 MB of memory and it has grown most, by 45 MB.",
  ]);
  state.nowMs = 300_000;
  watch.check();
  expect(state.ended.length).toBe(2);
});

test("where no bot has grown none is ended, and the admin is told", () => {
  const { watch, state, log } = setUp();
  state.usedMb = 500;
  watch.check();
  watch.check();
  expect(state.ended).toEqual([]);
  expect(log.lines).toEqual([
    "ERROR The host uses 98 % of 512 MB of memory, and no bot has grown: restart the unit soon.",
  ]);
});

test("a bot that outgrows its memory_mb is told of until it is small again", () => {
  const { watch, heaps, log } = setUp();
  for (const heapMb of [130, 140, 120, 40]) {
    heaps.set(leaky, heapMb * mb);
    watch.check();
  }
  expect(log.lines).toEqual([
    "WARN Its memory has grown to 130 MB, more than its memory_mb allows (128 MB).",
    "INFO Its memory is down to 40 MB.",
  ]);
});
