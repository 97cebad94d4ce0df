import { join } from "node:path";
import { RoostError } from "../core/error.ts";
import { type HostLogger, isAtLeast } from "../core/log.ts";
import type { KeptRecord, RecordKeeper, RecordQuery } from "../core/record.ts";
import { databaseError, isDamage } from "./database.ts";
import { putAside, type RecordBounds, RecordDatabase } from "./record-database.ts";

export interface RecordStoreOptions {
  readonly folder: string;
  readonly log: HostLogger;
  readonly bounds?: RecordBounds;
  readonly retryMs?: number;
}

const dayMs = 24 * 3_600_000;
const defaultBounds: RecordBounds = { maxCount: 5000, maxAgeMs: 14 * dayMs, maxBytes: 24 * 1024 * 1024 };
const writeEveryMs = 250;
const pruneEveryCount = 500;
const pruneEveryMs = 3_600_000;
/** Records that wait to be written: while they cannot be, the oldest are dropped. */
const waitingMaxCount = 1000;
const faultKey = "log-store";

/**
 * Keeps recent records across restarts in `log.db`, a file of its own so that they never get in delivery's way. They are written
 * together four times a second, and at once for ERROR and worse. While they cannot be written a WARN stands, nobody waits, and
 * they are tried again; a damaged file is put aside and begun anew.
 */
export class RecordStore implements RecordKeeper {
  readonly #options: RecordStoreOptions;
  readonly #file: string;
  #db: RecordDatabase | undefined;
  #isOpen = false;
  /** The last write failed: nothing is written before the next try is due. */
  #isFailing = false;
  #isRaised = false;
  #waiting: KeptRecord[] = [];
  #lastId = 0;
  #sincePruneCount = 0;
  #writeTimer: Timer | undefined;
  #pruneTimer: Timer | undefined;

  constructor(options: RecordStoreOptions) {
    this.#options = options;
    this.#file = join(options.folder, "log.db");
  }

  open(): void {
    this.#isOpen = true;
    this.#prune();
    this.#pruneTimer = setInterval(() => this.#prune(), pruneEveryMs);
  }

  close(): void {
    this.#flush();
    this.#isOpen = false;
    clearTimeout(this.#writeTimer);
    clearInterval(this.#pruneTimer);
    this.#disconnect();
  }

  lastId(): number {
    return this.#lastId;
  }

  put(record: KeptRecord): void {
    if (!this.#isOpen) return;
    this.#lastId = Math.max(this.#lastId, record.id);
    this.#waiting.push(record);
    const isUrgent = isAtLeast(record.severity, "ERROR") || this.#waiting.length >= waitingMaxCount;
    if (isUrgent && !this.#isFailing) this.#flush();
    if (this.#waiting.length > waitingMaxCount) this.#waiting.shift();
    if (this.#waiting.length > 0) this.#flushIn(this.#isFailing ? this.#retryMs : writeEveryMs);
  }

  query(query: RecordQuery): readonly KeptRecord[] | undefined {
    if (!this.#isFailing) this.#flush();
    if (this.#isFailing || !this.#isOpen) return undefined;
    try {
      return this.#connect().query(query);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  get #bounds(): RecordBounds {
    return this.#options.bounds ?? defaultBounds;
  }

  get #retryMs(): number {
    return this.#options.retryMs ?? 10_000;
  }

  #flushIn(delayMs: number): void {
    this.#writeTimer ??= setTimeout(() => this.#flush(), delayMs);
  }

  #flush(): void {
    clearTimeout(this.#writeTimer);
    this.#writeTimer = undefined;
    if (!this.#isOpen || (this.#waiting.length === 0 && !this.#isFailing)) return;
    try {
      this.#connect().insert(this.#waiting);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#sincePruneCount += this.#waiting.length;
    this.#waiting = [];
    if (this.#isFailing) {
      this.#isFailing = false;
      this.#isRaised = false;
      this.#options.log.clear(faultKey, "Log records are kept on disk again.");
    }
    if (this.#isPruneDue()) this.#prune();
  }

  #isPruneDue(): boolean {
    return this.#sincePruneCount >= pruneEveryCount || (this.#db?.usedBytes() ?? 0) > this.#bounds.maxBytes;
  }

  #prune(): void {
    this.#sincePruneCount = 0;
    try {
      this.#connect().prune(this.#bounds, Date.now());
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#disconnect();
    const wasFailing = this.#isFailing;
    this.#isFailing = true;
    if (isDamage(error) && this.#putAside(error)) {
      this.#flushIn(wasFailing ? this.#retryMs : writeEveryMs);
      return;
    }
    this.#flushIn(this.#retryMs);
    if (this.#isRaised) return;
    this.#isRaised = true;
    const refusal =
      error instanceof RoostError
        ? error
        : databaseError(`Log records cannot be written to ${this.#file}`, error);
    this.#options.log.raise(
      "WARN",
      { key: faultKey, tried: `Roost tries again every ${this.#retryMs / 1000} s.` },
      `${refusal.message} Until then the newest log records are in memory only, and gone after a restart.`,
      {},
      refusal.cause,
    );
  }

  /** Answers whether a new file can be made in its place. */
  #putAside(error: unknown): boolean {
    try {
      const aside = putAside(this.#file, Date.now());
      this.#options.log.warn(
        `The kept log records were damaged and are begun anew. The damaged file is now ${aside}; remove it when nobody needs it.`,
        {},
        error,
      );
      return true;
    } catch {
      return false;
    }
  }

  #connect(): RecordDatabase {
    if (this.#db === undefined) {
      this.#db = RecordDatabase.open(this.#file);
      this.#lastId = Math.max(this.#lastId, this.#db.lastId());
    }
    return this.#db;
  }

  #disconnect(): void {
    try {
      this.#db?.close();
    } catch {
      // It is given up either way.
    }
    this.#db = undefined;
  }
}
