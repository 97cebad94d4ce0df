import { failureClass, RoostError, sentenceOf } from "../core/error.ts";
import type { InstanceId } from "../core/id.ts";
import type { HostLogger } from "../core/log.ts";
import type { Desired, Observed } from "../core/status.ts";
import { decide, observe, view } from "./reconcile.ts";
import { reportChange } from "./report.ts";
import { type AccountState, newUnit, type Unit, type UnitEvent } from "./unit.ts";

/**
 * What brings an instance to life. The supervisor never calls `start` while a run is left, so the three ways in which a run can
 * end must tell the truth: a rejected `start`, a call of `onExit` (without an error: it ended by itself), and a settled `stop`
 * each mean that nothing of the run is left. `stop` may come while `start` is pending, and then ends that one too.
 */
export interface Runner {
  start(id: InstanceId, onExit: (error?: unknown) => void): Promise<void>;
  stop(id: InstanceId): Promise<void>;
}

/** Time that never jumps: `now` is Unix time in milliseconds counted on by a monotonic clock. */
export interface Clock {
  now(): number;
  /** What to add for showing a time: how far the system's clock was set, or went on while the machine slept. */
  shiftMs(): number;
  /** Calls `fn` once at `atMs` (at once when that is past), unless the returned function is called first. */
  schedule(atMs: number, fn: () => void): () => void;
}

export interface SupervisorOptions {
  readonly runner: Runner;
  readonly clock: Clock;
  /** A number from 0 to 1, such as Math.random. */
  readonly random: () => number;
  readonly log: (instance: InstanceId) => HostLogger;
  /** Called after anything that `observed` shows has changed. */
  readonly onChange: (id: InstanceId) => void;
  /** Keeps what a person asked for, so that a Stop outlives the host; the app hands it back through `add`. */
  readonly saveDesired: (id: InstanceId, desired: Desired) => void;
}

interface Entry {
  unit: Unit;
  /** Counts runs: what a run reports after it was ended is recognised as late and dropped. */
  run: number;
  /** How often it was begun again without anybody asking for it. */
  restarts: number;
  removed: boolean;
  cancelLook: () => void;
  readonly settled: Set<() => void>;
}

/** Keeps every instance as people want it: starts, stops and restarts runs as `decide` says, each instance by itself. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #entries = new Map<InstanceId, Entry>();
  #isClosing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Takes an instance in, not saving anything. It starts once its account is `ready`. */
  add(id: InstanceId, desired: Desired, cause = "It is disabled in the config."): void {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      const unit = newUnit(this.#options.clock.now());
      entry = { unit, run: 0, restarts: 0, removed: false, cancelLook: () => {}, settled: new Set() };
      this.#entries.set(id, entry);
    }
    entry.removed = false;
    this.#apply(id, entry, { kind: "desired", desired, cause });
  }

  /** Ends its run and forgets it; resolves once it has ended or its time to stop is up. */
  async remove(id: InstanceId): Promise<void> {
    const entry = this.#entryOf(id);
    entry.removed = true;
    this.#apply(id, entry, { kind: "desired", desired: "stopped", cause: "It was removed from the config." });
    await this.#whenSettled(entry);
  }

  /** A person's start or stop: saved first, so that it holds across restarts of the host. */
  setDesired(id: InstanceId, desired: Desired, cause: string): void {
    const entry = this.#entryOf(id);
    try {
      this.#options.saveDesired(id, desired);
    } catch (error) {
      const what = desired === "stopped" ? "stop" : "start";
      this.#options
        .log(id)
        .error(`This ${what} could not be saved: it holds until the host restarts.`, {}, error);
    }
    this.#apply(id, entry, { kind: "desired", desired, cause });
  }

  /** Ends the run and begins a new one, whatever failed before. Does not start what a person has stopped. */
  restart(id: InstanceId): void {
    this.#apply(id, this.#entryOf(id), { kind: "restart" });
  }

  /** What these instances' account can do from now on; ids that are not here are skipped. */
  accountChanged(ids: Iterable<InstanceId>, account: AccountState): void {
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry !== undefined) this.#apply(id, entry, { kind: "account", account });
    }
  }

  /** Shows the instance as failed and keeps it from running until it is restarted or started by a person. */
  failPermanently(id: InstanceId, cause: string): void {
    this.#apply(id, this.#entryOf(id), { kind: "refused", cause });
  }

  /** Ends its run as one that crashed, because whoever watches over it found it unfit to go on. */
  endRun(id: InstanceId, cause: string): void {
    this.#apply(id, this.#entryOf(id), { kind: "unfit", cause });
  }

  has(id: InstanceId): boolean {
    return this.#entries.has(id);
  }

  /** Throws RoostError `not-found` for an id that was not added. */
  observed(id: InstanceId): Observed {
    return this.#shown(this.#entryOf(id));
  }

  /** How often its run was begun again after trouble. What a person stops, starts or restarts does not count. */
  restarts(id: InstanceId): number {
    return this.#entryOf(id).restarts;
  }

  desired(id: InstanceId): Desired {
    return this.#entryOf(id).unit.desired;
  }

  /** Resolves when the instance is neither starting nor stopping: within the time limits of two attempts, 90 s, at the latest. */
  async settled(id: InstanceId): Promise<Observed> {
    const entry = this.#entryOf(id);
    await this.#whenSettled(entry);
    return this.#shown(entry);
  }

  #shown({ unit }: Entry): Observed {
    const observed = view(unit);
    const shiftMs = this.#options.clock.shiftMs();
    // An account tells its times by the system's clock.
    const isAccounts = unit.account.state === "waiting" || !("nextAttemptMs" in observed);
    const sinceMs = observed.sinceMs + shiftMs;
    if (isAccounts || observed.nextAttemptMs === undefined) return { ...observed, sinceMs };
    return { ...observed, sinceMs, nextAttemptMs: observed.nextAttemptMs + shiftMs };
  }

  /** Stops all side by side, saving nothing; what they are can still be asked. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const [id, entry] of this.#entries) {
      this.#apply(id, entry, { kind: "desired", desired: "stopped", cause: "The host is stopping." });
    }
    await Promise.all([...this.#entries.values()].map((entry) => this.#whenSettled(entry)));
  }

  #entryOf(id: InstanceId): Entry {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw new RoostError("not-found", `There is no instance ${id}. See which there are with: roost status`);
  }

  #apply(id: InstanceId, entry: Entry, event: UnitEvent, error?: unknown): void {
    if (this.#entries.get(id) !== entry) return;
    const { clock, random, log, onChange } = this.#options;
    const before = entry.unit;
    entry.unit = observe(before, event, clock.now(), random());
    // A host that stops has mended nothing, and says itself that it stops.
    if (!this.#isClosing) reportChange(log(id), id, before, entry.unit, error);
    this.#act(id, entry);
    if (entry.removed && entry.unit.run.phase === "idle") this.#entries.delete(id);
    if (isSettled(entry.unit)) {
      for (const resolve of entry.settled) resolve();
      entry.settled.clear();
    }
    onChange(id);
  }

  #act(id: InstanceId, entry: Entry): void {
    const { clock } = this.#options;
    entry.cancelLook();
    entry.cancelLook = () => {};
    const action = decide(entry.unit, clock.now());
    switch (action?.kind) {
      case "look":
        entry.cancelLook = clock.schedule(action.atMs, () => this.#apply(id, entry, { kind: "tick" }));
        return;
      case "start":
        if (isRetry(entry.unit)) entry.restarts++;
        this.#apply(id, entry, { kind: "starting" });
        void this.#start(id, entry);
        return;
      case "stop":
        this.#apply(id, entry, { kind: "stopping" });
        void this.#stop(id, entry);
        return;
    }
  }

  async #start(id: InstanceId, entry: Entry): Promise<void> {
    const run = ++entry.run;
    const end = (error: unknown) => {
      if (entry.run !== run) return;
      entry.run++;
      this.#apply(id, entry, failureEvent(error), error);
    };
    try {
      await this.#options.runner.start(id, (error) => end(error ?? new Error("It ended by itself.")));
      if (entry.run === run) this.#apply(id, entry, { kind: "started" });
    } catch (error) {
      end(error);
    }
  }

  async #stop(id: InstanceId, entry: Entry): Promise<void> {
    entry.run++;
    try {
      await this.#options.runner.stop(id);
    } catch (error) {
      this.#options.log(id).warn("It did not stop cleanly.", {}, error);
    }
    this.#apply(id, entry, { kind: "stopped" });
  }

  #whenSettled(entry: Entry): Promise<void> {
    if (isSettled(entry.unit)) return Promise.resolve();
    return new Promise((resolve) => entry.settled.add(resolve));
  }
}

function isSettled({ run }: Unit): boolean {
  return run.phase === "idle" || run.phase === "running" || (run.phase === "stopping" && run.overdue);
}

/** Whether the next start follows trouble: what a person asks for ends both the fault and the tally of attempts. */
function isRetry({ attempts, fault }: Unit): boolean {
  return attempts > 0 || fault?.kind === "crash" || fault?.kind === "dependency";
}

function failureEvent(error: unknown): UnitEvent {
  const retryAfterMs = error instanceof RoostError ? error.retryAfterMs : undefined;
  return {
    kind: "failed",
    failure: failureClass(error),
    cause: sentenceOf(error).slice(0, 500),
    retryAfterMs,
  };
}
