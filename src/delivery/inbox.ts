import type { DeliveryStore, InboxRow } from "../core/delivery.ts";
import { RoostError } from "../core/error.ts";
import { asEventId, type EventId, type InstanceId, type RoomId, type UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import type { HostLogger } from "../core/log.ts";
import type { MatrixEvent, SyncBatch } from "../core/matrix.ts";
import { includesRoom } from "../core/room-rule.ts";
import { admit, type Listener } from "./gate.ts";
import { Lane, type Runner } from "./lane.ts";

export interface InboxOptions {
  readonly store: DeliveryStore;
  readonly catchUpMs: number;
  /** Users whose messages never cause anything: the accounts of this host. */
  readonly own: () => ReadonlySet<UserId>;
  readonly listeners: () => readonly Listener[];
  /** Gets a message again from the homeserver; undefined when it is gone (redacted, forgotten). */
  readonly fetchEvent: (row: InboxRow, signal: AbortSignal) => Promise<MatrixEvent | undefined>;
  /** A message that the instance may have answered was redacted. */
  readonly onWithdrawn: (what: {
    instance: InstanceId;
    account: UserId;
    roomId: RoomId;
    trigger: EventId;
  }) => void;
  /** A message was taken in for the instance. */
  readonly onReceived?: (instance: InstanceId) => void;
  /** It was handled, or given up. What its handlers put off is no message more. */
  readonly onSettled?: (instance: InstanceId, isHandled: boolean) => void;
  readonly log: (instance?: InstanceId) => HostLogger;
  readonly now?: () => number;
}

/** Each is a durable row; an instance may have so many that wait for their time. */
const maxDeferred = 10_000;

/**
 * Takes what a sync brought, stores what is to be handled together with the sync token, and hands it to the plugins' runtimes.
 * A row is settled when its handler is: until then every start runs it again.
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #lanes = new Map<InstanceId, Lane>();
  readonly #now: () => number;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Commits a batch. Throws RoostError `database` when it could not be stored: then nothing of it counts as received. */
  accept(batch: SyncBatch): void {
    const { store, listeners, own } = this.#options;
    const here = listeners().filter((listener) => listener.account === batch.account);
    const users = own();
    const events = new Map<EventId, MatrixEvent>();
    const rows = this.#recent(batch).flatMap((event) => {
      const admitted = admit(event, here, users);
      if (admitted.length > 0) events.set(event.eventId, event);
      return admitted;
    });
    for (const event of batch.events) {
      if (event.type === "m.room.redaction") this.#withdraw(event, here);
    }
    for (const row of store.commitBatch(batch, rows, this.#now())) {
      this.#options.onReceived?.(row.instance);
      this.#lanes.get(row.instance)?.push(row, events.get(row.eventId));
    }
  }

  /** Starts handing rows to an instance's runtime, those left over from earlier first. */
  attach(instance: InstanceId, run: Runner): void {
    this.detach(instance);
    const { store, fetchEvent, log } = this.#options;
    const onSettled = (row: InboxRow, isHandled: boolean) => {
      if (row.key === "" || !isHandled) this.#options.onSettled?.(instance, isHandled);
    };
    const lane = new Lane({
      ...{ instance, store, fetchEvent, run, onSettled },
      log: log(instance),
      now: this.#now,
    });
    this.#lanes.set(instance, lane);
    lane.open();
  }

  /** Stops handing out rows; those in hand stay unsettled unless their handlers still finish. */
  detach(instance: InstanceId): void {
    this.#lanes.get(instance)?.close();
    this.#lanes.delete(instance);
  }

  /** Why an instance's messages wait to be handled, as a sentence; undefined while they don't. */
  troubleOf(instance: InstanceId): string | undefined {
    return this.#lanes.get(instance)?.trouble;
  }

  /**
   * Makes (or moves) a deferred row and sees to it that it runs in time. Throws RoostError `bad-request` when too many of the
   * instance's are waiting.
   */
  defer(row: InboxRow, key: string, runAtMs: number): void {
    if (!this.#options.store.defer(row, key, runAtMs, maxDeferred))
      throw new RoostError("bad-request", `A bot may put off ${maxDeferred} messages at once.`);
    this.#lanes.get(row.instance)?.expect(runAtMs);
  }

  /** A redacted message is not to be answered, and what already answered it goes too, for bots that want it so. */
  #withdraw(event: MatrixEvent, listeners: readonly Listener[]): void {
    const target = asEventId(stringAt(event.content, "redacts") ?? "");
    if (target === undefined) return;
    for (const { instance, account, rooms, redactsReplies } of listeners) {
      if (redactsReplies && includesRoom(rooms, event.roomId)) {
        this.#options.onWithdrawn({ instance, account, roomId: event.roomId, trigger: target });
      }
    }
  }

  /** What is young enough to be answered: everything, unless the account was away for longer than the catch-up time. */
  #recent(batch: SyncBatch): readonly MatrixEvent[] {
    const { catchUpMs, log } = this.#options;
    if (batch.gapMs === undefined || batch.gapMs <= catchUpMs) return batch.events;
    const oldest = this.#now() - catchUpMs;
    const recent = batch.events.filter((event) => event.originServerTs >= oldest);
    const tooOld = batch.events.length - recent.length;
    if (tooOld > 0) {
      log().warn(
        "Messages that arrived while Roost was away are too old to answer; raise catch_up to answer older ones.",
        {
          count: tooOld,
          catchUpMinutes: Math.round(catchUpMs / 60_000),
        },
      );
    }
    return recent;
  }
}
