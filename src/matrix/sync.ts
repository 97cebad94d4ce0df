import { uptime } from "node:os";
import { RoostError, sentenceOf } from "../core/error.ts";
import type { EventId, RoomId, UserId } from "../core/id.ts";
import { stringAt } from "../core/json.ts";
import type { Logger } from "../core/log.ts";
import type { Invitation, MatrixEvent, SyncBatch, SyncState } from "../core/matrix.ts";
import { sleep } from "./abort.ts";
import type { Client } from "./client.ts";
import type { Decryptor } from "./decryptor.ts";
import { narrowSync, type RoomTimeline, type SyncAnswer } from "./event.ts";
import { fillGap } from "./gap.ts";
import { HomeserverError } from "./homeserver-error.ts";
import type { Http } from "./http.ts";
import { type Continuity, inTurns, mergeUnique, pickLast, pickNew, startsAnew } from "./timeline.ts";
import type { Timing } from "./timing.ts";

export interface SyncOptions {
  readonly http: Http;
  readonly client: Client;
  readonly self: UserId;
  readonly deviceId: string;
  /** Where the last sync ended; undefined (or that of another device) for the first sync ever. */
  readonly state: SyncState | undefined;
  readonly decryptor: Decryptor;
  /** Commits the batch; throwing means that it is not acknowledged and will be asked for again. */
  readonly onBatch: (batch: SyncBatch) => void;
  /** Before the batch of the same answer, which is not acknowledged either if this throws. */
  readonly onInvited: (invitation: Invitation) => void;
  /** After the commit. */
  readonly onAnswer: (answer: SyncAnswer) => void;
  /** Whether following the rooms shows the account as online. */
  readonly isOnline: () => boolean;
  readonly log: Logger;
  readonly timing: Timing;
}

/**
 * Follows what happens in the account's rooms. A position is acknowledged only after its events are stored, gaps that the
 * homeserver leaves are filled, and what was posted before the account joined, or before it ever synced, is passed over.
 */
export class Sync {
  readonly #options: SyncOptions;
  #since: string | undefined;
  #syncedAtMs: number | undefined;
  /** The same by the machine's uptime, which no clock step moves and which counts while it is suspended; once this run has synced. */
  #syncedAtUptime: number | undefined;
  readonly #positions: Map<RoomId, EventId | undefined>;

  constructor(options: SyncOptions) {
    this.#options = options;
    const state = options.state?.deviceId === options.deviceId ? options.state : undefined;
    this.#since = state?.nextBatch;
    this.#syncedAtMs = state?.syncedAtMs;
    this.#positions = new Map(state?.positions);
  }

  get deviceId(): string {
    return this.#options.deviceId;
  }

  /** Syncs until something fails or a signal aborts, and throws the RoostError. The first answer comes at once. */
  async run(signals: readonly AbortSignal[]): Promise<never> {
    const { timing } = this.#options;
    let timeoutMs = 0;
    for (;;) {
      const askedAtMs = performance.now();
      const since = this.#since;
      const isQuiet = await this.#turn(timeoutMs, signals);
      // A homeserver that does not wait although asked to would have us ask as fast as we can.
      const isHasty = timeoutMs > 0 && isQuiet && since === this.#since;
      if (isHasty && performance.now() - askedAtMs < Math.min(1_000, timing.pollMs / 2)) {
        await sleep(timing.backoffMs, signals);
      }
      timeoutMs = timing.pollMs;
    }
  }

  /** One request and its commit; answers whether it brought nothing. */
  async #turn(timeoutMs: number, signals: readonly AbortSignal[]): Promise<boolean> {
    const { self, decryptor, onAnswer, log, deviceId } = this.#options;
    const { raw, continuity: asked } = await this.#ask(timeoutMs, signals);
    const answer = narrowSync(raw, self);
    const isAnew = asked === "next" && startsAnew(answer, this.#positions);
    const continuity = isAnew ? "resumed" : asked;
    if (continuity === "resumed") {
      log.warn(
        "The homeserver lost the place up to which this account had synced; going on after the last known messages.",
        {
          account: self,
        },
      );
    }
    const news: (readonly MatrixEvent[])[] = [];
    const positions = new Map<RoomId, EventId | undefined>();
    for (const room of answer.joined) {
      const found = pickNew(room, this.#positions, continuity);
      const filled = found.gap === undefined ? found.events : await this.#fill(room, found, continuity);
      if (filled.length > 0) news.push(unique(filled));
      const isFirstSeen = continuity !== "next" && !this.#positions.has(room.roomId);
      if (room.position !== undefined || isFirstSeen) positions.set(room.roomId, room.position);
    }
    if (continuity === "next") {
      for (const room of answer.left) {
        const last = pickLast(room, this.#positions);
        if (last.length > 0) news.push(last);
      }
    }
    if (answer.malformed > 0) {
      log.debug("Left out malformed events of a sync.", { account: self, count: answer.malformed });
    }
    const nowMs = Date.now();
    const gapMs = this.#gapMs(nowMs);
    const { nextBatch } = answer;
    const events = decryptor.decrypt(inTurns(news));
    this.#commit({ account: self, deviceId, nextBatch, events, positions, gapMs }, answer.invited);
    this.#since = nextBatch;
    this.#syncedAtMs = nowMs;
    this.#syncedAtUptime = uptime();
    for (const [roomId, eventId] of positions) this.#positions.set(roomId, eventId);
    for (const { roomId } of answer.left) this.#positions.delete(roomId);
    // On two cores the next request would compete with the answers to these.
    if (events.length > 0) await Bun.sleep(leadMs);
    onAnswer(answer);
    return events.length === 0;
  }

  #gapMs(nowMs: number): number | undefined {
    if (this.#syncedAtUptime !== undefined) return (uptime() - this.#syncedAtUptime) * 1000;
    return this.#syncedAtMs === undefined ? undefined : Math.max(0, nowMs - this.#syncedAtMs);
  }

  async #ask(
    timeoutMs: number,
    signals: readonly AbortSignal[],
  ): Promise<{ raw: unknown; continuity: Continuity }> {
    const since = this.#since;
    const request = (query: string, limitMs: number) =>
      this.#options.http.request({
        method: "GET",
        path: `/_matrix/client/v3/sync?${query}${this.#options.isOnline() ? "" : "&set_presence=offline"}`,
        timeoutMs: limitMs,
        signals,
      });
    const { pollLimitMs } = this.#options.timing;
    // A first sync has the homeserver put everything together, which may take it long.
    const anewLimitMs = 4 * pollLimitMs;
    if (since === undefined) return { raw: await request(firstQuery, anewLimitMs), continuity: "first" };
    try {
      const query = `timeout=${timeoutMs}&since=${encodeURIComponent(since)}${nextQuery}`;
      const raw = await request(query, pollLimitMs);
      if (!goesBack(since, stringAt(raw, "next_batch"))) return { raw, continuity: "next" };
    } catch (error) {
      if (!(error instanceof HomeserverError) || error.code !== "bad-request") throw error;
    }
    return { raw: await request(`timeout=0${nextQuery}`, anewLimitMs), continuity: "resumed" };
  }

  async #fill(
    room: RoomTimeline,
    { events, gap }: ReturnType<typeof pickNew>,
    continuity: Continuity,
  ): Promise<readonly MatrixEvent[]> {
    if (gap === undefined) return events;
    const { client, self, log } = this.#options;
    const since = continuity === "next" ? this.#since : undefined;
    const context = { account: self, room: room.roomId };
    try {
      const filling = await fillGap(client, self, room.roomId, gap, since);
      if (gap.strict && !filling.foundUntil) return [];
      if (filling.leftOut > 0) {
        const sentence =
          "More was posted while this account was away than it reads again; the oldest was left out.";
        log.warn(sentence, { ...context, count: filling.leftOut, andMore: !filling.counted });
      }
      return [...filling.events, ...events];
    } catch (error) {
      // Refused for good: what was posted meanwhile stays unread, but the room goes on.
      if (!(error instanceof HomeserverError) || !lasting.has(error.code)) throw error;
      log.warn("What was posted while this account was away could not be read again.", context, error);
      return gap.strict ? [] : events;
    }
  }

  #commit(batch: SyncBatch, invited: readonly Invitation[]): void {
    try {
      for (const invitation of invited) this.#options.onInvited(invitation);
      this.#options.onBatch(batch);
    } catch (error) {
      if (error instanceof RoostError) throw error;
      throw new RoostError("internal", `What was received could not be taken in: ${sentenceOf(error)}`, {
        cause: error,
      });
    }
  }
}

/** How long what an answer set going has the machine to itself before the homeserver is asked for more. */
const leadMs = 2;
const lasting: ReadonlySet<string> = new Set(["room-forbidden", "not-found", "bad-request"]);

/**
 * Positions are nobody's to read, but all homeservers there are count upwards in them: one that is lower than the last means that
 * the homeserver counts anew, as after a backup was restored, and leaves out what was posted since.
 */
function goesBack(since: string, nextBatch: string | undefined): boolean {
  const [before, after] = [since, nextBatch].map((token) => /^s?(\d{1,15})(?:_|$)/.exec(token ?? "")?.[1]);
  return before !== undefined && after !== undefined && Number(after) < Number(before);
}

function unique(events: readonly MatrixEvent[]): readonly MatrixEvent[] {
  return events.length < 2 ? events : mergeUnique(events);
}

function filterQuery(timelineLimit: number): string {
  const none = { types: [] };
  const filter = {
    presence: none,
    account_data: none,
    room: {
      ephemeral: none,
      account_data: none,
      timeline: { limit: timelineLimit },
      state: { types: ["m.room.create", "m.room.encryption", "m.room.tombstone"] },
    },
  };
  return `&filter=${encodeURIComponent(JSON.stringify(filter))}`;
}
const firstQuery = `timeout=0${filterQuery(1)}`;
const nextQuery = filterQuery(50);
