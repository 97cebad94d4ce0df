import type { InstanceId } from "../core/id.ts";
import type { HostDatabase } from "./host-database.ts";

export interface Counts {
  /** Messages taken in and not yet settled. */
  readonly queued: ReadonlyMap<InstanceId, number>;
  /** What is written down to be posted and was not yet. */
  readonly unsent: ReadonlyMap<InstanceId, number>;
  /** What the bots counted over the last seven days, today included. */
  readonly week: ReadonlyMap<InstanceId, Readonly<Record<string, number>>>;
  /** The size of the database, without its log. */
  readonly databaseBytes: number;
}

const freshMs = 1_000;
const weekFreshMs = 10_000;
const dayMs = 24 * 3_600_000;

/**
 * What health, page and command line show of the tables, counted for all instances at once and at most once a second however
 * often it is asked. It lags a little behind what is being written, and stays as it was while the database cannot be read.
 */
export class HostCounts {
  readonly #db: HostDatabase;
  #counts: Counts = { queued: new Map(), unsent: new Map(), week: new Map(), databaseBytes: 0 };
  #countedMs = Number.NEGATIVE_INFINITY;
  #weekCountedMs = Number.NEGATIVE_INFINITY;

  constructor(db: HostDatabase) {
    this.#db = db;
  }

  read(nowMs: number): Counts {
    if (isFresh(this.#countedMs, nowMs, freshMs)) return this.#counts;
    this.#countedMs = nowMs;
    try {
      const isWeekFresh = isFresh(this.#weekCountedMs, nowMs, weekFreshMs);
      this.#counts = {
        queued: this.#countOpen("inbox", "done_at_ms"),
        unsent: this.#countOpen("outbox", "settled_at_ms"),
        week: isWeekFresh ? this.#counts.week : this.#countWeek(nowMs),
        databaseBytes: this.#measure(),
      };
      if (!isWeekFresh) this.#weekCountedMs = nowMs;
    } catch {
      // What is wrong with the database is told by whoever writes to it.
    }
    return this.#counts;
  }

  /** Messages that wait to be handled, without what their handlers put off; none while it cannot be told. */
  waitingMessages(): ReadonlyMap<InstanceId, number> {
    try {
      return this.#countOpen("inbox", "key = '' AND done_at_ms");
    } catch {
      return new Map();
    }
  }

  #countOpen(table: "inbox" | "outbox", settled: string): ReadonlyMap<InstanceId, number> {
    const rows = this.#db
      .query<{ instance: InstanceId; count: number }>(
        `SELECT instance, count(*) AS count FROM ${table} WHERE ${settled} IS NULL GROUP BY instance`,
      )
      .all();
    return new Map(rows.map(({ instance, count }) => [instance, count]));
  }

  #measure(): number {
    const sql = "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()";
    return this.#db.query<{ bytes: number }>(sql).get()?.bytes ?? 0;
  }

  #countWeek(nowMs: number): Counts["week"] {
    const rows = this.#db
      .query<{ instance: InstanceId; what: string; count: number }>(
        "SELECT instance, what, sum(count) AS count FROM tally WHERE day > ? GROUP BY instance, what ORDER BY what",
      )
      .all(Math.floor(nowMs / dayMs) - 7);
    const week = new Map<InstanceId, Record<string, number>>();
    for (const { instance, what, count } of rows) {
      const counts = week.get(instance) ?? {};
      counts[what] = count;
      week.set(instance, counts);
    }
    return week;
  }
}

/** A clock that was set back makes nothing stay fresh for hours. */
function isFresh(countedMs: number, nowMs: number, freshForMs: number): boolean {
  return Math.abs(nowMs - countedMs) < freshForMs;
}
