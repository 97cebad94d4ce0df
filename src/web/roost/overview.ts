import type { InstanceId } from "../../core/id.ts";
import type { HostControl, Sample } from "../../core/status.ts";
import { healthOf } from "../health.ts";
import type { InstanceHistory, Overview } from "./contract.ts";

/** Bars of an hour and a half, and lines of an hour: one of each a minute. */
const barCount = 90;
const pointCount = 60;

/** All that the overview shows, from memory. */
export function overviewOf(control: Pick<HostControl, "snapshot" | "samples">): Overview {
  const snapshot = control.snapshot();
  const history: Record<InstanceId, InstanceHistory> = {};
  for (const { id } of snapshot.instances) history[id] = historyOf(control.samples(id), snapshot.nowMs);
  const { status, notes } = healthOf(snapshot);
  return { status, sentence: notes[0], snapshot, history };
}

/** Minutes without a sample, before the host or the instance was there, are null. */
function historyOf(samples: readonly Sample[], nowMs: number): InstanceHistory {
  const last = <Value>(count: number, read: (sample: Sample) => Value | undefined): (Value | null)[] => {
    const known = samples.slice(-count).map((sample) => read(sample) ?? null);
    return [...new Array<null>(count - known.length).fill(null), ...known];
  };
  return {
    endsAtMs: samples.at(-1)?.timeMs ?? nowMs,
    states: last(barCount, ({ state }) => state),
    received: last(pointCount, ({ received }) => received),
    sent: last(pointCount, ({ sent }) => sent),
    replyP50Ms: last(pointCount, ({ replyMedianMs }) => replyMedianMs),
    memoryBytes: last(pointCount, ({ memoryBytes }) => memoryBytes),
  };
}
