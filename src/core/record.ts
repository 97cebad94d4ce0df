import type { InstanceId } from "./id.ts";
import type { LogRecord, Severity } from "./log.ts";

/**
 * A log record with the number it can be linked to by. Numbers grow from record to record, across restarts too; each is at least
 * the record's time in microseconds, so that none is given twice even when the kept records are lost.
 */
export interface KeptRecord extends LogRecord {
  readonly id: number;
}

/** Which records: all of them when a field is left out. */
export interface RecordFilter {
  /** `null` for the host's own. */
  readonly instance?: InstanceId | null | undefined;
  /** This severity and worse. */
  readonly severity?: Severity | undefined;
  /** Not before and not after these times. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Stands in message, context (as `key=value`) or causes, in upper or lower case. */
  readonly text?: string | undefined;
}

export interface RecordQuery extends RecordFilter {
  /** The newest so many; the oldest so many where `afterId` is given. */
  readonly limit: number;
  /** Only older ones than this: the way to the page before. */
  readonly beforeId?: number | undefined;
  /** Only newer ones than this: the way on. */
  readonly afterId?: number | undefined;
}

/** Where the log's records can be read. */
export interface RecordSource {
  /** Oldest first. Never throws. */
  query(query: RecordQuery): readonly KeptRecord[];
  /** The number of the newest record. */
  lastId(): number;
  /** Calls `listener` after every new record until the returned function is called. */
  onRecord(listener: () => void): () => void;
}

/** Where records outlive the process. Neither call throws or waits. */
export interface RecordKeeper {
  put(record: KeptRecord): void;
  /** Oldest first; undefined while what was put cannot be read back. */
  query(query: RecordQuery): readonly KeptRecord[] | undefined;
  /** The greatest number kept; 0 when there is none. */
  lastId(): number;
}

/** What `RecordFilter.text` is looked for in, in lower case. */
export function searchTextOf({ message, context, causes }: LogRecord): string {
  const pairs = Object.entries(context).map(([key, value]) => `${key}=${value}`);
  return [message, ...pairs, ...causes].join(" ").toLowerCase();
}
