import { uptime } from "node:os";
import type { Availability, AvailabilityStore, Beat, Span } from "../core/availability.ts";
import type { InstanceId } from "../core/id.ts";

/** Three clocks, since none tells all: steps of the wall clock are no time, and time spent suspended is not time spent running. */
export interface Clocks {
  /** Unix time, to find the hour. */
  readonly wallMs: () => number;
  /** Goes on while the machine is suspended. */
  readonly bootMs: () => number;
  /** Stands still meanwhile. */
  readonly runMs: () => number;
}

export const machineClocks: Clocks = {
  wallMs: Date.now,
  bootMs: () => uptime() * 1000,
  runMs: () => performance.now(),
};

interface Watched {
  isWanted: boolean;
  isRunning: boolean;
  bootMs: number;
  runMs: number;
  /** Since `sinceLast` was asked. */
  lately: Availability;
}

const nothing: Availability = { wantedMs: 0, runningMs: 0 };
const hourMs = 3_600_000;
const shownHours = 7 * 24;
/** The boot clock is read in hundredths of a second: what lies below this is no suspension. */
const jitterMs = 1_000;

/**
 * How much of the last seven days each instance ran, of the time in which people wanted it to: exact to the change of state, and
 * the time in which there was no host at all counts as not running, from its last beat on.
 */
export class AvailabilityBook {
  readonly #store: AvailabilityStore;
  readonly #clocks: Clocks;
  readonly #watched = new Map<InstanceId, Watched>();
  /** What is not written yet, by instance and hour. */
  #unwritten = new Map<InstanceId, Map<number, Span>>();
  /** What is written. */
  #written = new Map<InstanceId, Availability>();
  #writtenHour = Number.NaN;

  constructor(store: AvailabilityStore, clocks: Clocks = machineClocks) {
    this.#store = store;
    this.#clocks = clocks;
  }

  /** Charges the time since the last host's last beat to the instances that were wanted then. Throws RoostError `database`. */
  open(): void {
    const last = this.#store.loadBeat();
    const nowMs = this.#clocks.wallMs();
    if (last !== undefined) {
      for (let fromMs = Math.max(last.atMs, nowMs - shownHours * hourMs); fromMs < nowMs; ) {
        const untilMs = Math.min(nowMs, (Math.floor(fromMs / hourMs) + 1) * hourMs);
        const spent = { wantedMs: untilMs - fromMs, runningMs: 0 };
        for (const instance of last.wanted) this.#charge(instance, fromMs, spent);
        fromMs = untilMs;
      }
      this.#write({ atMs: nowMs, wanted: last.wanted });
    }
    this.#reload();
  }

  /** The instance is in this state from now on. */
  note(instance: InstanceId, isWanted: boolean, isRunning: boolean): void {
    const known = this.#watched.get(instance);
    if (known !== undefined) this.#advance(instance, known);
    const { bootMs, runMs } = this.#clocks;
    const lately = known?.lately ?? nothing;
    this.#watched.set(instance, { isWanted, isRunning, bootMs: bootMs(), runMs: runMs(), lately });
  }

  forget(instance: InstanceId): void {
    this.#watched.delete(instance);
  }

  /** Of the last seven days, as far as they are known. */
  of(instance: InstanceId): Availability {
    const known = this.#watched.get(instance);
    if (known !== undefined) this.#advance(instance, known);
    const unwritten = this.#unwritten.get(instance)?.values() ?? [];
    return [...unwritten].reduce(sum, this.#written.get(instance) ?? nothing);
  }

  /** Since it was asked for this instance the last time. */
  sinceLast(instance: InstanceId): Availability {
    const known = this.#watched.get(instance);
    if (known === undefined) return nothing;
    this.#advance(instance, known);
    const { lately } = known;
    known.lately = nothing;
    return lately;
  }

  /** Writes down what came since the last time, and that the host is there. Throws RoostError `database`, and loses nothing then. */
  beat(): void {
    for (const [instance, known] of this.#watched) this.#advance(instance, known);
    const wanted = [...this.#watched].filter(([, { isWanted }]) => isWanted).map(([instance]) => instance);
    this.#write({ atMs: this.#clocks.wallMs(), wanted });
    if (this.#hour() !== this.#writtenHour) this.#reload();
  }

  #write(beat: Beat): void {
    const spans = [...this.#unwritten.values()].flatMap((hours) => [...hours.values()]);
    this.#store.add(beat, spans);
    for (const span of spans)
      this.#written.set(span.instance, sum(this.#written.get(span.instance) ?? nothing, span));
    this.#unwritten = new Map();
  }

  #reload(): void {
    this.#writtenHour = this.#hour();
    this.#written = new Map(this.#store.sumsSince(this.#writtenHour - shownHours));
  }

  #advance(instance: InstanceId, known: Watched): void {
    const bootMs = this.#clocks.bootMs();
    const runMs = this.#clocks.runMs();
    const ranMs = runMs - known.runMs;
    const suspendedMs = bootMs - known.bootMs - ranMs;
    const passedMs = suspendedMs > jitterMs ? ranMs + suspendedMs : ranMs;
    known.bootMs = bootMs;
    known.runMs = runMs;
    if (!known.isWanted) return;
    const spent = { wantedMs: passedMs, runningMs: known.isRunning ? ranMs : 0 };
    known.lately = sum(known.lately, spent);
    this.#charge(instance, this.#clocks.wallMs(), spent);
  }

  #charge(instance: InstanceId, atMs: number, spent: Availability): void {
    const hour = Math.floor(atMs / hourMs);
    const hours = this.#unwritten.get(instance) ?? new Map<number, Span>();
    hours.set(hour, { instance, hour, ...sum(hours.get(hour) ?? nothing, spent) });
    this.#unwritten.set(instance, hours);
  }

  #hour(): number {
    return Math.floor(this.#clocks.wallMs() / hourMs);
  }
}

function sum(a: Availability, b: Availability): Availability {
  return { wantedMs: a.wantedMs + b.wantedMs, runningMs: a.runningMs + b.runningMs };
}
