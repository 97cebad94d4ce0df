import type { OutboxEntry } from "../core/delivery.ts";
import type { EventId, InstanceId } from "../core/id.ts";
import type { HostLogger } from "../core/log.ts";

export interface PaceOptions {
  /** How many answers an instance may begin to post within a minute. */
  readonly perMinute: (instance: InstanceId) => number;
  /** The entry's time has come. */
  readonly release: (entry: OutboxEntry) => void;
  readonly log: (instance: InstanceId) => HostLogger;
  /** A clock that never jumps, in milliseconds. */
  readonly now?: () => number;
  readonly minuteMs?: number;
}

/** What answers one message belongs together and counts as one, up to a carousel of the largest size with all around it. */
const groupSize = 25;
const fault = "sends-per-minute";

interface Group {
  readonly trigger: EventId;
  readonly startedAtMs: number;
  count: number;
}

interface Line {
  /** Those of the last minute, oldest first, and the newest of each message: a busy bot has thousands. */
  readonly groups: Set<Group>;
  readonly newest: Map<EventId, Group>;
  readonly waiting: OutboxEntry[];
  timer: Timer | undefined;
}

/**
 * Keeps a bot that has run wild from flooding its rooms: what is beyond its rate waits its turn, in order, and is never dropped.
 * Each instance has a line of its own. What waits is in the outbox's table already, so that a restart loses nothing of it.
 */
export class Pace {
  readonly #options: PaceOptions;
  readonly #lines = new Map<InstanceId, Line>();
  readonly #now: () => number;
  readonly #minuteMs: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#minuteMs = options.minuteMs ?? 60_000;
  }

  add(entry: OutboxEntry): void {
    const line = this.#lineOf(entry.instance);
    line.waiting.push(entry);
    if (line.timer === undefined) this.#advance(entry.instance, line);
  }

  /** Why an instance's messages wait, as a sentence; undefined while they don't. */
  troubleOf(instance: InstanceId): string | undefined {
    const line = this.#lines.get(instance);
    if (line?.timer === undefined) return undefined;
    return `It posts more than ${this.#options.perMinute(instance)} messages a minute (sends_per_minute): the rest waits its turn.`;
  }

  close(): void {
    for (const { timer } of this.#lines.values()) clearTimeout(timer);
    this.#lines.clear();
  }

  #advance(instance: InstanceId, line: Line): void {
    const wasHeld = line.timer !== undefined;
    line.timer = undefined;
    for (let next = line.waiting[0]; next !== undefined; next = line.waiting[0]) {
      const waitMs = this.#take(line, next.trigger, this.#options.perMinute(instance));
      if (waitMs > 0) {
        line.timer = setTimeout(() => this.#advance(instance, line), waitMs);
        if (!wasHeld) this.#report(instance, line);
        return;
      }
      line.waiting.shift();
      this.#options.release(next);
    }
    if (wasHeld) this.#options.log(instance).clear(fault, "Nothing waits for sends_per_minute any more.");
  }

  /** How long the next of that answer has to wait; 0 counts it. */
  #take(line: Line, trigger: EventId, perMinute: number): number {
    const nowMs = this.#now();
    for (const old of line.groups) {
      if (old.startedAtMs + this.#minuteMs > nowMs) break;
      line.groups.delete(old);
      if (line.newest.get(old.trigger) === old) line.newest.delete(old.trigger);
    }
    const known = line.newest.get(trigger);
    if (known !== undefined && known.count < groupSize) {
      known.count++;
      return 0;
    }
    const [oldest] = line.groups;
    if (oldest !== undefined && line.groups.size >= perMinute)
      return Math.max(1, oldest.startedAtMs + this.#minuteMs - nowMs);
    const group = { trigger, startedAtMs: nowMs, count: 1 };
    line.groups.add(group);
    line.newest.set(trigger, group);
    return 0;
  }

  #report(instance: InstanceId, { waiting }: Line): void {
    const command = `roost logs ${instance}`;
    const sentence =
      this.troubleOf(instance) ?? "It posts more than it may in a minute: the rest waits its turn.";
    this.#options
      .log(instance)
      .raise("WARN", { key: fault, tried: "Nothing is dropped.", command }, sentence, {
        waiting: waiting.length,
      });
  }

  #lineOf(instance: InstanceId): Line {
    const known = this.#lines.get(instance);
    if (known !== undefined) return known;
    const line: Line = { groups: new Set(), newest: new Map(), waiting: [], timer: undefined };
    this.#lines.set(instance, line);
    return line;
  }
}
