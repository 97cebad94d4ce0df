import type { Availability, AvailabilityStore } from "../core/availability.ts";
import type { InstanceId } from "../core/id.ts";
import type { Desired, Observed, Sample } from "../core/status.ts";
import { AvailabilityBook, type Clocks } from "./availability.ts";
import { RecentLatencies } from "./latency.ts";
import { Samples } from "./samples.ts";

/** One instance as it is when a sample is taken. */
export interface Look {
  readonly id: InstanceId;
  readonly observed: Observed;
  /** Since the host started. */
  readonly tally: { readonly received: number; readonly sent: number };
  readonly memoryBytes: number | undefined;
}

export interface VitalsOptions {
  readonly store: AvailabilityStore;
  /** Every instance there is. */
  readonly look: () => readonly Look[];
  readonly clocks?: Clocks;
}

interface Traces {
  readonly latencies: RecentLatencies;
  /** Those of the running minute. */
  minute: RecentLatencies;
  /** What was counted before the running minute. */
  received: number;
  sent: number;
}

const minuteMs = 60_000;

/** How the instances do over time: their availability over a week, kept on disk, and the last hour and a half in memory. */
export class Vitals {
  readonly #options: VitalsOptions;
  readonly #availability: AvailabilityBook;
  readonly #samples = new Samples();
  readonly #traces = new Map<InstanceId, Traces>();
  #timer: Timer | undefined;

  constructor(options: VitalsOptions) {
    this.#options = options;
    this.#availability = new AvailabilityBook(options.store, options.clocks);
  }

  open(): void {
    try {
      this.#availability.open();
    } catch {
      // See #beat.
    }
    this.#timer = setInterval(() => this.tick(), minuteMs);
  }

  /** What the instances do while the host stops is no more of interest, and what people wanted stands. */
  close(): void {
    clearInterval(this.#timer);
    this.#beat();
  }

  /** Tells of a change of what people want of an instance, or of what it does. */
  note(id: InstanceId, desired: Desired, observed: Observed): void {
    this.#availability.note(id, desired === "running", observed.state === "running");
  }

  /** A reply was accepted by the homeserver so long after its message had been received. */
  noteReply(id: InstanceId, latencyMs: number): void {
    const { latencies, minute } = this.#tracesOf(id);
    latencies.add(latencyMs);
    minute.add(latencyMs);
  }

  forget(id: InstanceId): void {
    this.#availability.forget(id);
    this.#samples.forget(id);
    this.#traces.delete(id);
  }

  /** Of the last seven days, as far as they are known. */
  availability(id: InstanceId): Availability {
    return this.#availability.of(id);
  }

  /** The usual time of the newest replies; undefined before the first. */
  replyMedianMs(id: InstanceId): number | undefined {
    return this.#traces.get(id)?.latencies.medianMs();
  }

  /** One a minute, oldest first: the last hour and a half at most. */
  samples(id: InstanceId): readonly Sample[] {
    return this.#samples.of(id);
  }

  /** Takes a sample of each instance and writes down that the host is there. Called once a minute. */
  tick(): void {
    const timeMs = Date.now();
    for (const { id, observed, tally, memoryBytes } of this.#options.look()) {
      const traces = this.#tracesOf(id);
      this.#samples.add(id, {
        timeMs,
        state: observed.state,
        ...this.#availability.sinceLast(id),
        received: tally.received - traces.received,
        sent: tally.sent - traces.sent,
        replyMedianMs: traces.minute.medianMs(),
        memoryBytes,
      });
      traces.received = tally.received;
      traces.sent = tally.sent;
      traces.minute = new RecentLatencies();
    }
    this.#beat();
  }

  #beat(): void {
    try {
      this.#availability.beat();
    } catch {
      // A database that takes no writes is told by health already, and what was not written is written with the next beat.
    }
  }

  #tracesOf(id: InstanceId): Traces {
    const known = this.#traces.get(id);
    if (known !== undefined) return known;
    const traces = { latencies: new RecentLatencies(), minute: new RecentLatencies(), received: 0, sent: 0 };
    this.#traces.set(id, traces);
    return traces;
  }
}
