import type { AdminMessage } from "./admin-room-message.ts";

export interface PaceLimits {
  /** The most messages in any hour, and as many edits; CRITICAL ones are not counted. */
  readonly messagesPerHour: number;
  /** The least time from one message, or edit, to the next. */
  readonly messageIntervalMs: number;
  /** The least time from one edit of a message to the next; a message that is hours old waits longer. */
  readonly editIntervalMs: number;
}

const hourMs = 3_600_000;
/** A CRITICAL may not wait, but a torrent of different ones comes in bundles. */
const criticalIntervalMs = 5_000;

/** How soon the admin room may hear more. Known from what was posted, so that a restart begins no new hour. */
export class AdminRoomPace {
  readonly #limits: PaceLimits;
  readonly #editsMs: number[] = [];

  constructor(limits: PaceLimits) {
    this.#limits = limits;
  }

  criticalDueMs(messages: readonly AdminMessage[], nowMs: number): number {
    return latest(timesOf(messages.filter(isCritical), nowMs)) + criticalIntervalMs;
  }

  /** The first half of an hour's messages may come at once, the rest spread out, so that something is always left for later. */
  ordinaryDueMs(messages: readonly AdminMessage[], nowMs: number): number {
    const { messagesPerHour, messageIntervalMs } = this.#limits;
    const posted = timesOf(
      messages.filter((message) => !isCritical(message)),
      nowMs,
    );
    const atOnce = Math.floor(messagesPerHour / 2);
    const spreadMs = posted.length < atOnce ? 0 : hourMs / (messagesPerHour - atOnce);
    return Math.max(
      latest(posted) + Math.max(messageIntervalMs, spreadMs),
      latestEditMs(messages, nowMs) + messageIntervalMs,
      fullUntilMs(posted, messagesPerHour),
    );
  }

  editDueMs(message: AdminMessage, messages: readonly AdminMessage[], nowMs: number): number {
    const { messagesPerHour, messageIntervalMs, editIntervalMs } = this.#limits;
    const { sentMs = nowMs, toldMs = nowMs } = message;
    const ageMs = Math.min(toldMs, nowMs) - Math.min(sentMs, nowMs);
    const ownMs = Math.min(toldMs, nowMs) + Math.min(Math.max(editIntervalMs, ageMs / 4), hourMs);
    const edits = this.#editsMs.filter((atMs) => atMs <= nowMs && atMs > nowMs - hourMs);
    const otherMs =
      Math.max(latest(timesOf(messages, nowMs)), latestEditMs(messages, nowMs)) + messageIntervalMs;
    return Math.max(ownMs, otherMs, fullUntilMs(edits, messagesPerHour));
  }

  noteEdit(nowMs: number): void {
    this.#editsMs.push(nowMs);
    if (this.#editsMs.length > this.#limits.messagesPerHour) this.#editsMs.shift();
  }
}

export function isCritical({ reports }: AdminMessage): boolean {
  return reports.some(({ severity }) => severity === "CRITICAL");
}

/** When messages were posted within the last hour, oldest first. Times ahead of the clock are from before it was set back. */
function timesOf(messages: readonly AdminMessage[], nowMs: number): number[] {
  const times = messages.flatMap(({ sentMs }) => (sentMs === undefined ? [] : [sentMs]));
  return times.filter((atMs) => atMs <= nowMs && atMs > nowMs - hourMs).sort((a, b) => a - b);
}

function latestEditMs(messages: readonly AdminMessage[], nowMs: number): number {
  return latest(
    messages
      .flatMap(({ sentMs, toldMs }) => (toldMs === sentMs ? [] : (toldMs ?? [])))
      .filter((atMs) => atMs <= nowMs),
  );
}

function latest(times: readonly number[]): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...times);
}

function fullUntilMs(times: readonly number[], perHour: number): number {
  const first = times.at(-perHour);
  return first === undefined ? Number.NEGATIVE_INFINITY : first + hourMs;
}
