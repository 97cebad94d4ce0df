import type { Database, Statement } from "bun:sqlite";
import { RoostError } from "../core/error.ts";
import { closeDatabase, databaseError, openDatabase } from "./database.ts";
import { hostMigrations } from "./migrations.ts";

type Parameter = string | number | null;

const writeBehindMs = 50;
const retryMs = 1_000;

/** The host's own database, `roost.db`: held by this process alone, one transaction at a time. */
export class HostDatabase {
  readonly #file: string;
  #db: Database | undefined;
  /** Made once: building a transaction costs more than a small one takes. */
  #transact: ((work: () => void) => void) | undefined;
  #lastError: string | undefined;
  /** Writes that may be lost: they join the next transaction, or one of their own soon after. */
  #behind: (() => void)[] = [];
  #behindTimer: Timer | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  open(): void {
    this.#db = openDatabase(this.#file, hostMigrations, { exclusive: true });
    this.#transact = this.#db.transaction((work: () => void) => work()).immediate;
  }

  close(): void {
    this.catchUp();
    clearTimeout(this.#behindTimer);
    if (this.#db !== undefined) closeDatabase(this.#db);
    this.#db = undefined;
    this.#transact = undefined;
  }

  /** Why the last write failed, or undefined when it went through. */
  lastError(): string | undefined {
    return this.#lastError;
  }

  query<Row>(sql: string): Statement<Row, Parameter[]> {
    if (this.#db === undefined) throw closed();
    return this.#db.query<Row, Parameter[]>(sql);
  }

  /** One transaction. Throws RoostError `database`, and `cancelled` once it is closed. */
  write<Result>(work: () => Result): Result {
    const transact = this.#transact;
    if (transact === undefined) throw closed();
    const done: { result?: Result } = {};
    try {
      transact(() => {
        for (const settlement of this.#behind) settlement();
        done.result = work();
      });
      this.#behind = [];
      this.#lastError = undefined;
      return done.result as Result;
    } catch (error) {
      const refusal = databaseError(`The database ${this.#file} refused a write`, error);
      this.#lastError = `${refusal.message} Roost tries again by itself.`;
      throw new RoostError("database", this.#lastError, { cause: error });
    }
  }

  /** For what a crash may take: it is done once more at the next start, and changes nothing then. */
  writeBehind(settlement: () => void): void {
    this.#behind.push(settlement);
    this.#behindTimer ??= setTimeout(() => this.catchUp(), writeBehindMs);
  }

  /** Writes what is behind; called before whatever has to see it. */
  catchUp(): void {
    this.#behindTimer = undefined;
    if (this.#behind.length === 0 || this.#transact === undefined) return;
    try {
      this.write(() => {});
    } catch {
      // `lastError` tells health; the settlements stay and are tried again.
      this.#behindTimer = setTimeout(() => this.catchUp(), retryMs);
    }
  }
}

function closed(): RoostError {
  return new RoostError("cancelled", "The host is stopping: its database is closed.");
}
