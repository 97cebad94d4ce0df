import { randomUUID } from "node:crypto";
import { asEventId, asRoomId, asTxnId, type EventId, type RoomId, type TxnId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import { isAtLeast, type LogRecord } from "../core/log.ts";
import { type AdminMessage, type AdminReport, fingerprintOf, reportOf } from "./admin-room-message.ts";
import { AdminMessages } from "./admin-room-messages.ts";
import { AdminRoomPace, isCritical, type PaceLimits } from "./admin-room-pace.ts";
import { contentOf } from "./admin-room-text.ts";

/** One request to carry out; repeated with the same transaction id until it is known what became of it. */
export interface AdminRequest {
  readonly messageId: number;
  readonly txnId: TxnId;
  readonly roomId: RoomId;
  readonly content: JsonObject;
}

const hourMs = 3_600_000;
const maxQueued = 500;
const maxKept = 500;
const listed = 10;
/** A fault of an earlier run that was not seen for so long after the start is taken to be over. */
const forgottenMs = 15 * 60_000;

/**
 * What the admin room is told and when, as a pure function of records, time and answers: the same thing once with a counter that is
 * edited in, its end as a reply, bursts as one message, never more than the pace allows, and nothing left out that is not counted.
 */
export class AdminRoomQueue {
  readonly #pace: AdminRoomPace;
  readonly #newKey: () => string;
  /** Written down by whoever holds the queue. */
  readonly messages = new AdminMessages();
  #openedMs = Number.POSITIVE_INFINITY;

  constructor(limits: PaceLimits, newKey: () => string = randomUUID) {
    this.#pace = new AdminRoomPace(limits);
    this.#newKey = newKey;
  }

  /** Takes up what an earlier run wrote down. */
  restore(states: readonly string[], nowMs: number): void {
    this.#openedMs = nowMs;
    this.messages.restore(states);
  }

  /** Messages that are not known to have arrived in the room. */
  get queued(): number {
    const begun = this.messages.all().filter(({ pending, eventId }) => pending && eventId === undefined);
    return this.messages.waiting().length + begun.length;
  }

  /** Takes note of a record. Answers whether there is something new to post; otherwise at most a counter has changed. */
  note(record: LogRecord): boolean {
    if (record.fault?.state === "cleared") return this.#recover(record);
    if (!isAtLeast(record.severity, "ERROR")) return false;
    const news = reportOf(record);
    const known = this.messages.find(news.fingerprint, record);
    const isWorse = known !== undefined && !isAtLeast(known.report.severity, news.severity);
    if (known === undefined || (isWorse && known.message.sentMs !== undefined)) {
      this.messages.shut(news.fingerprint);
      return this.#add(news);
    }
    const { timeMs, seen, told, severity } = known.report;
    const merged = { ...news, severity: isWorse ? news.severity : severity, timeMs, seen: seen + 1, told };
    this.messages.replace(known.message, known.report, merged);
    return isWorse;
  }

  /** The next request that may go to the room now; it counts as begun. */
  begin(nowMs: number, roomId: RoomId): AdminRequest | undefined {
    this.#endForgotten(nowMs);
    this.#forget(nowMs);
    const begun = this.#pending(roomId);
    if (begun !== undefined) return begun;
    const messages = this.messages.all();
    const waiting = this.messages.waiting();
    const critical = waiting.filter(isCritical);
    if (critical.length > 0 && this.#pace.criticalDueMs(messages, nowMs) <= nowMs)
      return this.#post(critical, nowMs, roomId);
    const ordinary = waiting.filter((message) => !isCritical(message));
    if (ordinary.length > 0 && this.#pace.ordinaryDueMs(messages, nowMs) <= nowMs)
      return this.#post(ordinary, nowMs, roomId);
    const stale = this.#stale(roomId).find((each) => this.#pace.editDueMs(each, messages, nowMs) <= nowMs);
    return stale === undefined ? undefined : this.#edit(stale, nowMs, roomId);
  }

  /** When `begin` has something to do, if nothing new happens; undefined when it has nothing. */
  dueMs(nowMs: number, roomId: RoomId): number | undefined {
    const messages = this.messages.all();
    if (messages.some(({ pending }) => pending !== undefined)) return nowMs;
    const times = this.messages
      .waiting()
      .map((message) =>
        isCritical(message)
          ? this.#pace.criticalDueMs(messages, nowMs)
          : this.#pace.ordinaryDueMs(messages, nowMs),
      );
    times.push(...this.#stale(roomId).map((message) => this.#pace.editDueMs(message, messages, nowMs)));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The homeserver has the request's event, or, without an event id, refused it for good. */
  settle({ messageId }: AdminRequest, eventId: EventId | undefined): void {
    const message = this.messages.get(messageId);
    if (message?.pending === undefined) return;
    const { roomId } = message.pending;
    this.messages.put({ ...message, pending: undefined, roomId, eventId: message.eventId ?? eventId });
  }

  #recover(record: LogRecord): boolean {
    const fingerprint = fingerprintOf(record);
    const known = this.messages.find(fingerprint, record);
    if (known === undefined) return false;
    return this.#end(known.message, known.report, record.timeMs, record.message);
  }

  /** What the room has not heard of yet is told together with its end; for what it has, the end is a message of its own. */
  #end(message: AdminMessage, report: AdminReport, endedMs: number, sentence: string): boolean {
    if (message.sentMs === undefined) {
      this.messages.replace(message, report, { ...report, endedMs });
      return false;
    }
    this.messages.replace(message, report, { ...report, isOpen: false });
    const { instance, seen, lastMs } = report;
    const recovery = { fingerprint: "", isFault: false, isOpen: false, severity: "INFO", instance } as const;
    return this.#add({ ...recovery, sentence, timeMs: endedMs, seen, lastMs, told: seen }, message.id);
  }

  #add(report: AdminReport, replyTo?: number): boolean {
    this.messages.put({
      id: this.messages.nextId(),
      key: this.#newKey(),
      reports: [report],
      more: 0,
      replyTo,
    });
    const waiting = this.messages.waiting();
    if (waiting.length > maxQueued) this.#fold(waiting);
    return true;
  }

  /** The oldest that may be left out becomes a number in the one after it. */
  #fold(waiting: readonly AdminMessage[]): void {
    const oldest = waiting.find((message) => !isCritical(message)) ?? waiting[0];
    const heir = waiting.find((message) => message !== oldest);
    if (oldest === undefined || heir === undefined) return;
    this.messages.remove(oldest);
    this.messages.put({ ...heir, more: heir.more + countOf(oldest) });
  }

  /** Hands over all that waits as one message: the newest in their order, the older ones as a number. */
  #post(waiting: readonly AdminMessage[], nowMs: number, roomId: RoomId): AdminRequest | undefined {
    const [first] = waiting;
    if (first === undefined) return undefined;
    for (const message of waiting) this.messages.remove(message);
    const reports = waiting.flatMap((message) => message.reports);
    const shown = reports.slice(-listed);
    const all = waiting.reduce((sum, message) => sum + countOf(message), 0);
    const message = {
      ...first,
      reports: shown.map((report) => ({
        ...report,
        told: report.seen,
        isOpen: report.isOpen && report.endedMs === undefined,
      })),
      more: all - shown.reduce((sum, report) => sum + sightings(report), 0),
      sentMs: nowMs,
      toldMs: nowMs,
    };
    const answered = waiting.length === 1 ? this.messages.get(first.replyTo ?? 0) : undefined;
    const repliedTo = answered?.roomId === roomId ? answered.eventId : undefined;
    return this.#hand(message, roomId, `roost-admin-${first.key}`, contentOf(message, { repliedTo }));
  }

  #edit(message: AdminMessage, nowMs: number, roomId: RoomId): AdminRequest {
    this.#pace.noteEdit(nowMs);
    const reports = message.reports.map((report) => ({ ...report, told: report.seen }));
    const told = { ...message, reports, toldMs: nowMs };
    const count = reports.reduce((sum, { seen }) => sum + seen, 0);
    const content = contentOf(told, { edited: message.eventId });
    return this.#hand(told, roomId, `roost-admin-${message.key}-${count}`, content);
  }

  #hand(message: AdminMessage, roomId: RoomId, txnId: string, content: JsonObject): AdminRequest {
    this.messages.put({ ...message, pending: { txnId, roomId, content } });
    return { messageId: message.id, txnId: asTxnId(txnId), roomId, content };
  }

  /** What an earlier run, or an attempt that failed, has begun. In another room than it was begun for it begins anew. */
  #pending(roomId: RoomId): AdminRequest | undefined {
    for (const message of this.messages.all()) {
      const { pending, id: messageId } = message;
      if (pending === undefined) continue;
      if (asRoomId(pending.roomId) === roomId)
        return { messageId, txnId: asTxnId(pending.txnId), roomId, content: pending.content };
      const isPosted = message.eventId !== undefined;
      const key = this.#newKey();
      this.messages.put({
        ...message,
        pending: undefined,
        ...(isPosted ? {} : { key, sentMs: undefined, toldMs: undefined }),
      });
    }
    return undefined;
  }

  /** Posted messages whose counters are behind. */
  #stale(roomId: RoomId): AdminMessage[] {
    return this.messages
      .all()
      .filter(
        (message) =>
          message.pending === undefined &&
          message.roomId === roomId &&
          asEventId(message.eventId ?? "") !== undefined &&
          message.reports.some(({ seen, told }) => seen > told),
      );
  }

  #endForgotten(nowMs: number): void {
    if (nowMs < this.#openedMs + forgottenMs) return;
    const since = new Date(this.#openedMs).toISOString();
    for (const message of this.messages.all()) {
      for (const report of message.reports) {
        if (report.isFault && report.isOpen && report.lastMs < this.#openedMs)
          this.#end(
            message,
            report,
            nowMs,
            `It has not been seen again since Roost was started at ${since}.`,
          );
      }
    }
    this.#openedMs = Number.POSITIVE_INFINITY;
  }

  /** What was posted is kept for its counter and its end, and to know the pace. */
  #forget(nowMs: number): void {
    const posted = this.messages
      .all()
      .filter(({ sentMs, pending }) => sentMs !== undefined && pending === undefined);
    const isDone = ({ toldMs = 0, reports }: AdminMessage) =>
      Math.abs(nowMs - toldMs) > hourMs &&
      reports.every(({ isFault, isOpen, seen, told }) => seen === told && !(isFault && isOpen));
    const surplus = posted.slice(0, Math.max(0, posted.length - maxKept));
    for (const message of posted)
      if (isDone(message) || surplus.includes(message)) this.messages.remove(message);
  }
}

/** How many records a message stands for. */
function countOf({ reports, more }: AdminMessage): number {
  return more + reports.reduce((sum, report) => sum + sightings(report), 0);
}

/** A recovery repeats how often its fault was seen, but is itself one record. */
function sightings({ severity, seen }: AdminReport): number {
  return severity === "INFO" ? 1 : seen;
}
