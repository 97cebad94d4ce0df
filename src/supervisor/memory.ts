import type { InstanceId } from "../core/id.ts";
import type { HostLogger } from "../core/log.ts";

export interface MemoryWatchOptions {
  /** What the whole process uses, and what it may use: its unit's limit, or Roost's own promise where there is none. */
  readonly read: () => { readonly usedBytes: number; readonly limitBytes: number };
  /** The heap of each instance that runs and has told it, with the size that its config allows. */
  readonly heaps: () => ReadonlyMap<
    InstanceId,
    { readonly heapBytes: number; readonly allowedBytes: number }
  >;
  /** Ends the instance's run, for a new one to begin. */
  readonly endRun: (id: InstanceId, cause: string) => void;
  readonly log: (instance?: InstanceId) => HostLogger;
  /** Unix time in milliseconds that never jumps. */
  readonly now: () => number;
}

const everyMs = 5_000;
const warnShare = 0.8;
const actShare = 0.9;
/** Below this it is over: not at the first byte less, or it would come and go. */
const calmShare = 0.75;
/** Smaller growth is no leak, and ending it would free nothing worth having. */
const leastGrowthBytes = 16 * 1024 * 1024;
const pauseMs = 5 * 60_000;
const fault = "memory";

/**
 * Watches that the process stays within its memory. A worker's heap has no limit that Bun would enforce, so growth is told, and
 * before the host itself is in danger the run that has grown most is ended: one in five minutes at most, and none that did not grow.
 */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  /** The smallest heap seen of each instance. */
  readonly #baselines = new Map<InstanceId, number>();
  readonly #overgrown = new Set<InstanceId>();
  #level: "calm" | "WARN" | "ERROR" = "calm";
  #endedAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
  }

  open(): void {
    this.#timer = setInterval(() => this.check(), everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  check(): void {
    const heaps = this.#options.heaps();
    for (const id of this.#baselines.keys()) if (!heaps.has(id)) this.#baselines.delete(id);
    for (const [id, { heapBytes, allowedBytes }] of heaps) {
      this.#baselines.set(id, Math.min(this.#baselines.get(id) ?? heapBytes, heapBytes));
      this.#compare(id, heapBytes, allowedBytes);
    }
    const { usedBytes, limitBytes } = this.#options.read();
    const share = usedBytes / limitBytes;
    const used = `${Math.round(share * 100)} % of ${megabytes(limitBytes)}`;
    if (share < calmShare) this.#calm();
    else if (share >= actShare) this.#act(used);
    else if (share >= warnShare) this.#raise("WARN", `The host uses ${used} of memory.`);
  }

  /** Tells of an instance that has outgrown what its config allows. */
  #compare(id: InstanceId, heapBytes: number, allowedBytes: number): void {
    const { log } = this.#options;
    if (heapBytes > allowedBytes && !this.#overgrown.has(id)) {
      this.#overgrown.add(id);
      const sentence = `Its memory has grown to ${megabytes(heapBytes)}, more than its memory_mb allows (${megabytes(allowedBytes)}).`;
      log(id).raise("WARN", { key: fault, command: `roost restart ${id}` }, sentence);
    } else if (heapBytes < allowedBytes * actShare && this.#overgrown.delete(id)) {
      log(id).clear(fault, `Its memory is down to ${megabytes(heapBytes)}.`);
    }
  }

  #act(used: string): void {
    const { heaps, endRun, now } = this.#options;
    if (now() - this.#endedAtMs < pauseMs) return;
    const growth = [...heaps()].map(([id, { heapBytes }]) => ({
      id,
      bytes: heapBytes - (this.#baselines.get(id) ?? heapBytes),
    }));
    const likeliest = growth.sort((a, b) => b.bytes - a.bytes)[0];
    if (likeliest === undefined || likeliest.bytes < leastGrowthBytes) {
      this.#raise("ERROR", `The host uses ${used} of memory, and no bot has grown: restart the unit soon.`);
      return;
    }
    this.#endedAtMs = now();
    this.#raise("WARN", `The host uses ${used} of memory; the bot that has grown most is restarted.`);
    const grown = megabytes(likeliest.bytes);
    endRun(
      likeliest.id,
      `It was ended because the host uses ${used} of memory and it has grown most, by ${grown}.`,
    );
  }

  #raise(severity: "WARN" | "ERROR", sentence: string): void {
    if (this.#level === severity) return;
    this.#level = severity;
    this.#options.log().raise(severity, { key: fault, command: "roost status" }, sentence);
  }

  #calm(): void {
    if (this.#level === "calm") return;
    this.#level = "calm";
    this.#options.log().clear(fault, "The host's memory is in order again.");
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / (1024 * 1024))} MB`;
}
