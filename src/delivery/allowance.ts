import type { EventId, InstanceId, UserId } from "../core/id.ts";

/** Something that waits for its turn. */
export interface Waiter {
  /** The instance, message and ticket that ask. */
  readonly name: string;
  readonly instance: InstanceId;
  readonly eventId: EventId;
  readonly sender: UserId;
  /** Counts those who asked: the lower came first. */
  readonly order: number;
  /** Its sender's how-manieth it is: the next sender's first comes before this one's second. */
  readonly place: number;
  /** When it was told to ask again. */
  readonly dueMs: number;
}

/** All that is known of one allowance: a value, replaced at every step, and stored as it is. */
export interface Allowance {
  /** When the allowance would be whole again, were nothing more taken (the generic cell rate algorithm's arrival time). */
  readonly wholeAtMs: number;
  readonly heldUntilMs: number;
  /** The place that was served last. */
  readonly served: number;
  readonly waiters: readonly Waiter[];
  /** Those served last: one that needs another use comes back to where it was, not behind everybody. */
  readonly recent: readonly Waiter[];
}

export interface Rate {
  readonly burst: number;
  readonly everyMs: number;
}

export type Decision =
  | { readonly granted: true; readonly allowance: Allowance }
  | {
      readonly granted: false;
      readonly allowance: Allowance;
      readonly waitMs: number;
      readonly ahead: number;
    };

export const freshAllowance: Allowance = { wholeAtMs: 0, heldUntilMs: 0, served: 0, waiters: [], recent: [] };

/** One that did not ask for so long after its time is taken for absent: its instance may be stopped, and nobody waits for it. */
const absentMs = 60_000;
const forgottenMs = 24 * 3_600_000;
const minWaitMs = 1_000;
const maxRecent = 100;

/**
 * Decides whether the asker gets its use now: when one is free beyond those for whoever is before it. Otherwise it keeps its place
 * in the line, in which senders take turns, and is told when to ask again. Pure.
 */
export function takeTurn(
  allowance: Allowance,
  rate: Rate,
  asker: Pick<Waiter, "name" | "instance" | "eventId" | "sender">,
  nowMs: number,
): Decision {
  const known = [...allowance.waiters, ...allowance.recent].find((waiter) => waiter.name === asker.name);
  const others = allowance.waiters.filter(
    (waiter) => waiter.name !== asker.name && waiter.dueMs + forgottenMs > nowMs,
  );
  const self = known ?? {
    ...asker,
    order: nextOrder([...others, ...allowance.recent]),
    place: placeFor(asker.sender, allowance, others),
    dueMs: nowMs,
  };
  const ahead = others.filter(
    (waiter) => waiter.dueMs + absentMs > nowMs && comesBefore(waiter, self),
  ).length;
  const atMs = freeAtMs(allowance, rate, ahead, nowMs);
  if (atMs <= nowMs) {
    const wholeAtMs = Math.max(allowance.wholeAtMs, nowMs) + rate.everyMs;
    const served = others.length === 0 ? 0 : Math.max(allowance.served, self.place);
    const recent = [self, ...allowance.recent.filter((each) => each.name !== self.name)].slice(0, maxRecent);
    return { granted: true, allowance: { ...allowance, wholeAtMs, served, waiters: others, recent } };
  }
  const waitMs = Math.max(atMs - nowMs, minWaitMs);
  const waiters = [...others, { ...self, dueMs: nowMs + waitMs }];
  return { granted: false, allowance: { ...allowance, waiters }, waitMs, ahead };
}

/** The same allowance without those that wait for this message. */
export function withoutMessage(allowance: Allowance, instance: InstanceId, eventId: EventId): Allowance {
  const waiters = allowance.waiters.filter((each) => each.instance !== instance || each.eventId !== eventId);
  return waiters.length === allowance.waiters.length ? allowance : { ...allowance, waiters };
}

/** When the use after `ahead` others is free. */
function freeAtMs(
  { wholeAtMs, heldUntilMs }: Allowance,
  { burst, everyMs }: Rate,
  ahead: number,
  nowMs: number,
): number {
  const nextMs = Math.max(wholeAtMs, nowMs) - (burst - 1) * everyMs;
  const startMs = Math.max(nextMs, heldUntilMs, nowMs);
  // Of a burst that is still there, the next uses are free at once.
  const atOnce = heldUntilMs > nowMs ? 0 : Math.max(0, Math.floor((nowMs - nextMs) / everyMs));
  return startMs + Math.max(0, ahead - atOnce) * everyMs;
}

function placeFor(sender: UserId, { served }: Allowance, waiters: readonly Waiter[]): number {
  const own = waiters.filter((waiter) => waiter.sender === sender).map((waiter) => waiter.place + 1);
  return Math.max(served, ...own);
}

function nextOrder(waiters: readonly Waiter[]): number {
  return waiters.reduce((highest, waiter) => Math.max(highest, waiter.order), 0) + 1;
}

function comesBefore(one: Waiter, other: Waiter): boolean {
  return one.place === other.place ? one.order < other.order : one.place < other.place;
}
