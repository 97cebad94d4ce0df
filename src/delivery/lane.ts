import type { DeliveryStore, InboxRow } from "../core/delivery.ts";
import { failureClass, RoostError, sentenceOf } from "../core/error.ts";
import type { InstanceId } from "../core/id.ts";
import type { HostLogger } from "../core/log.ts";
import type { MatrixEvent } from "../core/matrix.ts";

/** Hands one message to the plugin. Resolves when its handlers have settled; rejects `plugin-crashed` if the runtime died. */
export type Runner = (row: InboxRow, event: MatrixEvent) => Promise<void>;

interface LaneOptions {
  readonly instance: InstanceId;
  readonly store: DeliveryStore;
  readonly fetchEvent: (row: InboxRow, signal: AbortSignal) => Promise<MatrixEvent | undefined>;
  readonly run: Runner;
  /** Nothing more is done for a message, or for what was put off: its handlers have settled, or it was given up. */
  readonly onSettled: (row: InboxRow, isHandled: boolean) => void;
  readonly log: HostLogger;
  readonly now: () => number;
}

const maxInHand = 100;
/** A runtime with so many in hand waits for none: it gets more as lists, since each hand-over wakes it. */
const busyInHand = 50;
const gatherMs = 2;
const pageRows = 200;
const maxQueued = 10_000;
const maxCrashes = 4;
const retryMs = 5_000;
/** Looked at again at least so often: a row is due by the system's clock, which may be set, or go on while the machine sleeps. */
const maxTimerMs = 30_000;
const fault = "inbox";

/**
 * The rows of one instance on their way into its runtime: oldest first, at most 100 in hand. Rows that came just now carry their
 * event; the others (left over, deferred, or more than fit) are read back from the store and their events from the homeserver.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #abort = new AbortController();
  #queue: { readonly row: InboxRow; readonly event: MatrixEvent | undefined }[] = [];
  readonly #inHand = new Map<number, InboxRow>();
  /** Rows up to here are in the queue or were; the store may hold more above. */
  #loadedId = 0;
  #mayHaveMore = true;
  /** When the last one came, by a clock that may have been set back since: all that came is due. */
  #arrivedMs = 0;
  /** Why a message could not be handled yet; undefined once one could. */
  #trouble: string | undefined;
  /** Before the first message that could be, an earlier run's trouble may stand. */
  #hasRecovered = false;
  #timer: { readonly atMs: number; readonly handle: Timer } | undefined;
  #gathering: Timer | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  open(): void {
    this.#pump();
    this.#expectNext();
  }

  close(): void {
    this.#abort.abort();
    clearTimeout(this.#timer?.handle);
    clearTimeout(this.#gathering);
    this.#timer = undefined;
    this.#queue = [];
  }

  /** Why messages wait to be handled, as a sentence; undefined while they don't. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  push(row: InboxRow, event: MatrixEvent | undefined): void {
    this.#arrivedMs = row.runAtMs;
    if (this.#mayHaveMore || this.#queue.length >= maxQueued) {
      this.#mayHaveMore = true;
    } else {
      this.#queue.push({ row, event });
      this.#loadedId = row.id;
    }
    this.#pump();
  }

  /** A row becomes due at that time. */
  expect(atMs: number): void {
    if (this.#abort.signal.aborted || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return;
    clearTimeout(this.#timer?.handle);
    const delayMs = Math.min(Math.max(atMs - this.#options.now(), 0), maxTimerMs);
    this.#timer = { atMs, handle: setTimeout(() => this.#wake(), delayMs) };
  }

  #wake(): void {
    this.#timer = undefined;
    // Deferred rows may have any id: read all that is due again, leaving out what is in the queue or in hand.
    this.#loadedId = 0;
    this.#mayHaveMore = true;
    this.#pump();
    this.#expectNext();
  }

  #expectNext(): void {
    const { store, instance, now } = this.#options;
    try {
      const atMs = store.nextDueMs(instance, now());
      if (atMs !== undefined) this.expect(atMs);
    } catch {
      this.expect(now() + retryMs);
    }
  }

  #pump(): void {
    while (!this.#abort.signal.aborted && this.#inHand.size < maxInHand) {
      if (this.#queue.length === 0 && !this.#refill()) return;
      const next = this.#queue.shift();
      if (next !== undefined) void this.#handle(next.row, next.event);
    }
  }

  #refill(): boolean {
    if (!this.#mayHaveMore) return false;
    const { store, instance, now } = this.#options;
    try {
      const rows = store.dueRows(instance, Math.max(now(), this.#arrivedMs), this.#loadedId, pageRows);
      this.#mayHaveMore = rows.length === pageRows;
      this.#loadedId = rows.at(-1)?.id ?? this.#loadedId;
      this.#queue = rows.filter((row) => !this.#inHand.has(row.id)).map((row) => ({ row, event: undefined }));
      return this.#queue.length > 0 || this.#mayHaveMore;
    } catch (error) {
      this.#complain("ERROR", "The queue cannot be read; it is tried again every 5 s.", error);
      this.expect(now() + retryMs);
      return false;
    }
  }

  async #handle(row: InboxRow, known: MatrixEvent | undefined): Promise<void> {
    const { fetchEvent, run, onSettled, log } = this.#options;
    this.#inHand.set(row.id, row);
    try {
      const event = known ?? (await fetchEvent(row, this.#abort.signal));
      if (event !== undefined) await run(row, event);
      else log.info("A message was gone before it could be handled.", { event: row.eventId });
      this.#recover();
      this.#options.store.settle(row, this.#options.now());
      onSettled(row, true);
    } catch (error) {
      if (this.#leavesOpen(row, error)) return;
      log.error(describeFailure(error), { event: row.eventId }, error);
      this.#options.store.settle(row, this.#options.now());
      onSettled(row, false);
    } finally {
      this.#inHand.delete(row.id);
      if (this.#inHand.size < busyInHand) this.#pump();
      else this.#pumpSoon();
    }
  }

  #pumpSoon(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#pump();
    }, gatherMs);
  }

  /** Whether the row waits for another run: its runtime, the homeserver or the disk went away, or somebody stopped the instance. */
  #leavesOpen(row: InboxRow, error: unknown): boolean {
    if (isCrash(error)) return this.#countCrash(row) < maxCrashes;
    if (failureClass(error) !== "dependency" && !isDatabaseLost(error)) return false;
    if (!this.#abort.signal.aborted) this.#wait(error);
    return true;
  }

  #wait(error: unknown): void {
    const { now } = this.#options;
    this.#complain("WARN", `A message waits to be handled: ${sentenceOf(error)}`, error);
    const askedMs = error instanceof RoostError ? error.retryAfterMs : undefined;
    this.expect(now() + (askedMs ?? retryMs));
  }

  #complain(severity: "WARN" | "ERROR", trouble: string, error: unknown): void {
    if (this.#trouble !== trouble) this.#options.log.raise(severity, { key: fault }, trouble, {}, error);
    this.#trouble = trouble;
  }

  #recover(): void {
    if (this.#trouble === undefined && this.#hasRecovered) return;
    this.#trouble = undefined;
    this.#hasRecovered = true;
    this.#options.log.clear(fault, "Its messages are handled again.");
  }

  #countCrash(row: InboxRow): number {
    try {
      return this.#options.store.countCrash([row])[0]?.crashes ?? 0;
    } catch {
      return 0;
    }
  }
}

function isCrash(error: unknown): boolean {
  return error instanceof RoostError && error.code === "plugin-crashed";
}

/** Its instance is stopped until the database is restored; then the message is handled. */
function isDatabaseLost(error: unknown): boolean {
  return error instanceof RoostError && error.code === "database-lost";
}

function describeFailure(error: unknown): string {
  return isCrash(error)
    ? "A message broke the plugin four times and is given up."
    : `A message could not be handled: ${sentenceOf(error)}`;
}
