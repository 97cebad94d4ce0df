import { isAtLeast, type LogSink } from "../core/log.ts";
import {
  type KeptRecord,
  type RecordFilter,
  type RecordKeeper,
  type RecordQuery,
  type RecordSource,
  searchTextOf,
} from "../core/record.ts";

/**
 * The newest records for `roost logs` and the page: numbers them, hands them to the keeper that outlives the process, and holds
 * `maxCount` of them in memory, to follow cheaply and to be read while the keeper cannot be.
 */
export class RecentRecords implements RecordSource {
  readonly #keeper: RecordKeeper;
  readonly #maxCount: number;
  readonly #ring: KeptRecord[] = [];
  readonly #listeners = new Set<() => void>();
  #lastId = 0;
  /** Everything newer than this is in the ring; undefined before the first record. */
  #ringAfterId: number | undefined;

  constructor(keeper: RecordKeeper, maxCount = 1000) {
    this.#keeper = keeper;
    this.#maxCount = maxCount;
  }

  /** The sink to add to the router. */
  readonly sink: LogSink = (record) => {
    this.#lastId = Math.max(this.lastId() + 1, record.timeMs * 1000);
    const kept = { ...record, id: this.#lastId };
    this.#ringAfterId ??= kept.id - 1;
    this.#ring.push(kept);
    if (this.#ring.length > this.#maxCount) this.#ringAfterId = this.#ring.shift()?.id;
    this.#keeper.put(kept);
    for (const listener of this.#listeners) listener();
  };

  lastId(): number {
    return Math.max(this.#lastId, this.#keeper.lastId());
  }

  query(query: RecordQuery): readonly KeptRecord[] {
    const { afterId = -1 } = query;
    if (this.#ringAfterId !== undefined && afterId >= this.#ringAfterId) return this.#inRing(query);
    return this.#keeper.query(query) ?? this.#inRing(query);
  }

  onRecord(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #inRing(query: RecordQuery): readonly KeptRecord[] {
    const { limit, afterId = 0, beforeId = Number.POSITIVE_INFINITY } = query;
    const after = this.#ring.findLastIndex(({ id }) => id <= afterId);
    const found = this.#ring.slice(after + 1).filter((each) => each.id < beforeId && matches(each, query));
    return query.afterId === undefined ? found.slice(-limit) : found.slice(0, limit);
  }
}

function matches(record: KeptRecord, filter: RecordFilter): boolean {
  const { instance, severity, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY, text } = filter;
  if (instance !== undefined && record.instance !== (instance ?? undefined)) return false;
  if (severity !== undefined && !isAtLeast(record.severity, severity)) return false;
  if (record.timeMs < sinceMs || record.timeMs > untilMs) return false;
  return text === undefined || searchTextOf(record).includes(text.toLowerCase());
}
