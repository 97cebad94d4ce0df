import type { InstanceId } from "../core/id.ts";
import { isAtLeast, type LogRecord, type LogSink, type Severity } from "../core/log.ts";

/** Which records: all of them when a field is left out. */
export interface RecordFilter {
  readonly instance?: InstanceId | undefined;
  /** This severity and worse. */
  readonly severity?: Severity | undefined;
}

/** The newest records, kept in memory for `roost logs` and the page; the oldest fall out once there are `maxCount`. */
export class RecentRecords {
  readonly #maxCount: number;
  readonly #records: LogRecord[] = [];
  readonly #followers = new Set<LogSink>();

  constructor(maxCount = 1000) {
    this.#maxCount = maxCount;
  }

  /** The sink to add to the router. */
  readonly sink: LogSink = (record) => {
    this.#records.push(record);
    if (this.#records.length > this.#maxCount) this.#records.shift();
    for (const follower of this.#followers) follower(record);
  };

  /** Oldest first. */
  query(filter: RecordFilter = {}): readonly LogRecord[] {
    return this.#records.filter((record) => matches(record, filter));
  }

  /** Hands every later matching record to `follower` until the returned function is called. */
  follow(filter: RecordFilter, follower: LogSink): () => void {
    const filtered: LogSink = (record) => {
      if (matches(record, filter)) follower(record);
    };
    this.#followers.add(filtered);
    return () => this.#followers.delete(filtered);
  }
}

function matches(record: LogRecord, filter: RecordFilter): boolean {
  if (filter.instance !== undefined && record.instance !== filter.instance) return false;
  return filter.severity === undefined || isAtLeast(record.severity, filter.severity);
}
