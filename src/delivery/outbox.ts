import type { DeliveryStore, OutboxEntry, OutboxResult } from "../core/delivery.ts";
import { failureClass, RoostError, sentenceOf } from "../core/error.ts";
import { asEventId, asTxnId, type EventId, type InstanceId, type TxnId, type UserId } from "../core/id.ts";
import type { HostLogger } from "../core/log.ts";
import type { Account } from "../core/matrix.ts";
import { Pace } from "./pace.ts";

export interface OutboxOptions {
  readonly store: DeliveryStore;
  readonly account: (userId: UserId) => Account | undefined;
  readonly log: (instance?: InstanceId) => HostLogger;
  /** How many messages an instance may answer within a minute; what answers one message counts as one. */
  readonly sendsPerMinute: (instance: InstanceId) => number;
  /** The homeserver has taken something that the instance posted. */
  readonly onSent?: (instance: InstanceId) => void;
  readonly now?: () => number;
  /** First wait after a failed attempt; doubles up to 30 s. */
  readonly backoffMs?: number;
}

/** What caused it and the plugin's name for it, the key, together make it happen once. */
export interface SendRequest extends Omit<OutboxEntry, "txnId"> {
  readonly key: string;
}

/** The transaction id of a send: the same for every run of the same handler with the same message. */
export function txnIdOf({
  instance,
  trigger,
  key,
}: Pick<SendRequest, "instance" | "trigger" | "key">): TxnId {
  const hash = Bun.SHA256.hash(JSON.stringify([instance, trigger, key]), "base64url");
  return asTxnId(`roost-${hash.slice(0, 32)}`);
}

interface Waiter {
  resolve(eventId: EventId): void;
  reject(error: RoostError): void;
}

const heldFault = "outbox";
const maxBackoffMs = 30_000;
const maxWithdrawn = 10_000;
const redaction = "m.room.redaction";
const withdrawn = { state: "failed", code: "not-found", cause: "The message was redacted." } as const;

/**
 * Sends each thing once: it is written down, content included, before the request goes out, retried with the same transaction id
 * until the homeserver has it or refuses it for good, and a key that is already there is not sent again.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #now: () => number;
  readonly #abort = new AbortController();
  readonly #waiters = new Map<TxnId, Waiter[]>();
  /** Instances and messages; those of this run suffice, since settled rows do not run again. */
  readonly #withdrawn = new Set<string>();
  /** Entries not yet written, then one queue for each room of each account, which keeps the room's order. */
  #staged: OutboxEntry[] = [];
  readonly #rooms = new Map<string, OutboxEntry[]>();
  readonly #wakers = new Set<() => void>();
  /** Entries that the homeserver did not take although their account is connected, and why. */
  readonly #held = new Map<OutboxEntry, string>();

  readonly #pace: Pace;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#pace = new Pace({
      perMinute: options.sendsPerMinute,
      release: (entry) => this.#enqueue(entry),
      log: options.log,
    });
    this.#now = options.now ?? Date.now;
  }

  /**
   * Resolves with the event's id once the homeserver has it, however long that takes. Rejects with the homeserver's refusal
   * (`room-forbidden`, `too-large`, ...), `database` when it could not be written down, or `cancelled` when the host stops.
   */
  send(request: SendRequest): Promise<EventId> {
    const { instance, account, roomId, type, content, trigger } = request;
    const entry: OutboxEntry = { txnId: txnIdOf(request), instance, account, roomId, type, content, trigger };
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(entry.txnId);
      if (waiters !== undefined) {
        waiters.push({ resolve, reject });
        return;
      }
      this.#waiters.set(entry.txnId, [{ resolve, reject }]);
      this.#staged.push(entry);
      if (this.#staged.length === 1) queueMicrotask(() => this.#write());
    });
  }

  /** Takes up what an earlier run of the host wrote down and did not get to send. */
  resume(account: UserId): void {
    for (const entry of this.#options.store.pendingOutbox(account)) {
      if (this.#waiters.has(entry.txnId)) continue;
      this.#waiters.set(entry.txnId, []);
      this.#pace.add(entry);
    }
  }

  /** The message was redacted: what is still to be sent in answer to it is not, and what was sent is redacted. */
  withdraw(what: Omit<SendRequest, "type" | "content" | "key">, sent: readonly EventId[]): void {
    // An old one matters no more: what was to be sent for it is sent or given up.
    const [oldest] = this.#withdrawn;
    if (oldest !== undefined && this.#withdrawn.size >= maxWithdrawn) this.#withdrawn.delete(oldest);
    this.#withdrawn.add(`${what.instance} ${what.trigger}`);
    for (const eventId of sent) {
      this.send({ ...what, type: redaction, content: { redacts: eventId }, key: `redact ${eventId}` }).catch(
        () => {},
      );
    }
  }

  /** Why an instance's messages wait to be posted, as a sentence; undefined while they don't. */
  troubleOf(instance: InstanceId): string | undefined {
    return this.#heldBack(instance) ?? this.#pace.troubleOf(instance);
  }

  #heldBack(instance: InstanceId): string | undefined {
    for (const [entry, trouble] of this.#held) if (entry.instance === instance) return trouble;
    return undefined;
  }

  /** The homeserver is back: what waits is tried at once. */
  wake(): void {
    for (const wakeUp of this.#wakers) wakeUp();
  }

  close(): void {
    this.#abort.abort();
    this.#pace.close();
    this.wake();
    const stopped = new RoostError(
      "cancelled",
      "The host is stopping; what was to be sent is sent at the next start.",
    );
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(stopped);
    this.#waiters.clear();
  }

  #write(): void {
    const entries = this.#staged;
    this.#staged = [];
    try {
      const states = this.#options.store.putOutbox(entries);
      for (const [index, entry] of entries.entries()) {
        const known = states[index];
        if (known === undefined || known.state === "pending") this.#pace.add(entry);
        else this.#tell(entry.txnId, known);
      }
    } catch (error) {
      const refusal =
        error instanceof RoostError ? error : new RoostError("database", sentenceOf(error), { cause: error });
      for (const { txnId } of entries) {
        for (const waiter of this.#waiters.get(txnId) ?? []) waiter.reject(refusal);
        this.#waiters.delete(txnId);
      }
    }
  }

  #enqueue(entry: OutboxEntry): void {
    const room = `${entry.account} ${entry.roomId}`;
    const queue = this.#rooms.get(room);
    if (queue !== undefined) {
      queue.push(entry);
      return;
    }
    const started = [entry];
    this.#rooms.set(room, started);
    void this.#drain(room, started);
  }

  async #drain(room: string, queue: OutboxEntry[]): Promise<void> {
    for (let next = queue[0]; next !== undefined && !this.#abort.signal.aborted; next = queue[0]) {
      const outcome = await this.#deliver(next);
      this.#letGo(next);
      queue.shift();
      if (outcome === undefined) return;
      this.#options.store.settleOutbox({ txnId: next.txnId, outcome }, this.#now());
      if (outcome.state === "sent" && next.type !== redaction) this.#options.onSent?.(next.instance);
      this.#tell(next.txnId, outcome);
    }
    this.#rooms.delete(room);
  }

  /** Tries until the homeserver has it or refuses it; undefined when the host stops first. */
  async #deliver(entry: OutboxEntry): Promise<OutboxResult["outcome"] | undefined> {
    const { account, log } = this.#options;
    let delayMs = this.#options.backoffMs ?? 1_000;
    for (let attempt = 1; !this.#abort.signal.aborted; attempt++) {
      try {
        const sender = account(entry.account);
        if (sender === undefined)
          throw new RoostError("homeserver-unreachable", "The account is not connected.");
        if (this.#withdrawn.has(`${entry.instance} ${entry.trigger}`) && entry.type !== redaction)
          return withdrawn;
        return { state: "sent", eventId: await this.#put(sender, entry) };
      } catch (error) {
        if (!isWorthRetrying(error)) {
          const code = error instanceof RoostError ? error.code : "internal";
          log(entry.instance).warn(`A message could not be posted: ${sentenceOf(error)}`, { code }, error);
          return { state: "failed", code, cause: sentenceOf(error) };
        }
        if (attempt > 1) this.#hold(entry, error);
        const askedMs = error instanceof RoostError ? error.retryAfterMs : undefined;
        await this.#sleep(askedMs ?? delayMs * (0.8 + 0.4 * Math.random()));
        delayMs = Math.min(delayMs * 2, maxBackoffMs);
      }
    }
    return undefined;
  }

  /** Says why it waits, once; an account that is not connected says so itself. */
  #hold(entry: OutboxEntry, error: unknown): void {
    const { account, log } = this.#options;
    if (account(entry.account)?.status().state !== "syncing") return;
    const trouble = `A message waits to be posted: ${sentenceOf(error)}`;
    if (this.#heldBack(entry.instance) !== trouble) {
      const tried = "It is sent again and again, with the same transaction id.";
      log(entry.instance).raise("WARN", { key: heldFault, tried }, trouble, {}, error);
    }
    this.#held.set(entry, trouble);
  }

  #letGo(entry: OutboxEntry): void {
    if (!this.#held.delete(entry) || this.#heldBack(entry.instance) !== undefined) return;
    this.#options.log(entry.instance).clear(heldFault, "The homeserver takes its messages again.");
  }

  #put(sender: Account, { roomId, type, txnId, content }: OutboxEntry): Promise<EventId> {
    const target = type === redaction ? asEventId(String(content.redacts)) : undefined;
    if (target === undefined) return sender.send(roomId, type, txnId, content, this.#abort.signal);
    return sender.redact(roomId, target, txnId, undefined, this.#abort.signal);
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wakeUp = () => {
        clearTimeout(timer);
        this.#wakers.delete(wakeUp);
        resolve();
      };
      const timer = setTimeout(wakeUp, delayMs);
      this.#wakers.add(wakeUp);
    });
  }

  #tell(txnId: TxnId, outcome: OutboxResult["outcome"]): void {
    const waiters = this.#waiters.get(txnId) ?? [];
    this.#waiters.delete(txnId);
    for (const waiter of waiters) {
      if (outcome.state === "sent") waiter.resolve(outcome.eventId);
      else waiter.reject(new RoostError(outcome.code, outcome.cause));
    }
  }
}

/** The homeserver being away is waited out; so is what somebody may still mend about the account. */
function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof RoostError)) return false;
  const isAccounts = error.code === "token-revoked" || error.code === "account-suspended";
  return isAccounts || failureClass(error) === "dependency";
}
