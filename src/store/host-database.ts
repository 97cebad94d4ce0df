import type { Database, Statement } from "bun:sqlite";
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { databaseTrouble } from "../core/database-trouble.ts";
import { RoostError, sentenceOf } from "../core/error.ts";
import { checkpointPages, closeDatabase, databaseError, openDatabase } from "./database.ts";
import { copyOpenFile } from "./file.ts";
import { hostMigrations } from "./migrations.ts";
import { OpenFile } from "./open-file.ts";

type Parameter = string | number | null;

/** A prepared statement. Its methods throw RoostError `database`. */
export interface Query<Row> {
  get(...parameters: Parameter[]): Row | null;
  all(...parameters: Parameter[]): Row[];
  run(...parameters: Parameter[]): { readonly changes: number; readonly lastInsertRowid: number | bigint };
}

const writeBehindMs = 50;
const retryMs = 1_000;
const restoreAdvice = "Put it back, or run: roost restore host";

/**
 * The host's own database, `roost.db`: held by this process alone, one transaction at a time. While its file is damaged, gone or
 * read-only nothing is written; `look`, called every second, notices both that and when it is over.
 */
export class HostDatabase {
  readonly #file: string;
  /** Between `open` and `close`, also while no file can be opened. */
  #isInUse = false;
  #db: Database | undefined;
  /** For copying it and looking at it. */
  #open: OpenFile | undefined;
  #identity = "";
  /** Prepared once, and bare: what bun:sqlite wraps around a transaction costs as much as a small one. */
  #transaction: Record<"begin" | "commit" | "rollback", Statement> | undefined;
  /** Why nothing is written until another file is in its place, and until this file is as it should be. */
  #damage: string | undefined;
  #displacement: string | undefined;
  #lastError: string | undefined;
  /** Writes that may be lost: they join the next transaction, or one of their own soon after. */
  #behind: (() => void)[] = [];
  #behindTimer: Timer | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  get file(): string {
    return this.#file;
  }

  /** @throws RoostError as `openDatabase` does. */
  open(): void {
    const db = openDatabase(this.#file, hostMigrations, { exclusive: true });
    this.#isInUse = true;
    this.#db = db;
    this.#open = new OpenFile(this.#file);
    this.#identity = identityOf(this.#file) ?? "";
    this.#transaction = {
      begin: db.query("BEGIN IMMEDIATE"),
      commit: db.query("COMMIT"),
      rollback: db.query("ROLLBACK"),
    };
    this.#damage = undefined;
    this.#displacement = undefined;
    this.#lastError = undefined;
  }

  close(): void {
    this.catchUp();
    clearTimeout(this.#behindTimer);
    this.#behindTimer = undefined;
    this.#isInUse = false;
    this.#release();
  }

  /** Why it is not read or written, or why the last write failed; undefined when all is well. */
  lastError(): string | undefined {
    return this.#damage ?? this.#displacement ?? this.#lastError;
  }

  /** Whether what is wrong needs a person: another file has to be put in its place. */
  isLost(): boolean {
    return this.#damage !== undefined || this.#displacement?.endsWith(restoreAdvice) === true;
  }

  query<Row>(sql: string): Query<Row> {
    const db = this.#db;
    if (db === undefined || this.#damage !== undefined) throw this.#unusable();
    const statement = db.query<Row, Parameter[]>(sql);
    const noting = <Result>(work: () => Result): Result => {
      try {
        return work();
      } catch (error) {
        throw this.#refusal("refused a read", error);
      }
    };
    return {
      get: (...parameters) => noting(() => statement.get(...parameters)),
      all: (...parameters) => noting(() => statement.all(...parameters)),
      run: (...parameters) => noting(() => statement.run(...parameters)),
    };
  }

  /** One transaction, with what is behind. Throws RoostError `database`, and `cancelled` once it is closed. */
  write<Result>(work: () => Result): Result {
    const result = this.writeAlone(() => {
      for (const settlement of this.#behind) settlement();
      return work();
    });
    this.#behind = [];
    return result;
  }

  /** One transaction that leaves behind what is: for what a message waits for. Throws as `write` does. */
  writeAlone<Result>(work: () => Result): Result {
    const transaction = this.#transaction;
    if (transaction === undefined) throw this.#unusable();
    this.#requireInPlace();
    try {
      transaction.begin.run();
      const result = work();
      transaction.commit.run();
      this.#lastError = undefined;
      return result;
    } catch (error) {
      if (this.#db?.inTransaction === true) transaction.rollback.run();
      throw this.#refusal("refused a write", error);
    }
  }

  /** For what a crash may take: it is done once more at the next start, and changes nothing then. */
  writeBehind(settlement: () => void): void {
    this.#behind.push(settlement);
    this.#behindTimer ??= setTimeout(() => this.catchUp(), writeBehindMs);
  }

  /** Whether there is something that was to be written soon and is not yet. */
  get isBehind(): boolean {
    return this.#behind.length > 0;
  }

  /** Writes what is behind; called before whatever has to see it. */
  catchUp(): void {
    clearTimeout(this.#behindTimer);
    this.#behindTimer = undefined;
    if (this.#behind.length === 0 || this.#transaction === undefined) return;
    try {
      this.write(() => {});
    } catch {
      // `lastError` tells health; the settlements stay and are tried again.
      this.#behindTimer = setTimeout(() => this.catchUp(), retryMs);
    }
  }

  /** Finds out what has become of the file: what is mended is used again, and a file put in its place is opened ("replaced"). */
  look(): "unchanged" | "replaced" {
    if (!this.#isInUse) return "unchanged";
    const identity = identityOf(this.#file);
    if (identity !== undefined && identity !== this.#identity) return this.#reopen(identity);
    if (this.#db !== undefined) this.#displacement = this.#displacementOf(identity);
    if (identity !== undefined && this.#open?.beginsWell() === false)
      this.#damage ??= `The host's database ${this.#file} is damaged: something else wrote over it. ${restoreAdvice}`;
    if (this.lastError() === this.#lastError && this.#lastError !== undefined) this.#prove();
    return "unchanged";
  }

  /** Lets `swap` put another file in its place while it is closed, and opens what is there then. */
  replace(swap: () => void): void {
    this.#behind = [];
    this.#release();
    try {
      swap();
    } finally {
      this.#reopen(identityOf(this.#file) ?? "");
    }
    if (this.#damage !== undefined) throw this.#unusable();
  }

  /** Copies the file as it is now, without holding anybody up. The copy is not yet checked. */
  async copyTo(target: string): Promise<void> {
    const db = this.#db;
    const fd = this.#open?.fd;
    if (db === undefined || fd === undefined) throw this.#unusable();
    this.catchUp();
    this.#requireInPlace();
    try {
      db.run("PRAGMA wal_checkpoint(TRUNCATE)");
      // Until it is copied, what is written stays in the log and the file is still.
      db.run("PRAGMA wal_autocheckpoint = 0");
      await copyOpenFile(fd, target);
    } catch (error) {
      throw this.#refusal("could not be copied", error);
    } finally {
      if (this.#db === db) db.run(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    }
  }

  /** A write that changes nothing. */
  #prove(): void {
    try {
      const version = hostMigrations.length;
      this.write(() => this.query(`PRAGMA user_version = ${version}`).run());
    } catch {
      // Still not.
    }
  }

  #reopen(identity: string): "unchanged" | "replaced" {
    this.#release();
    try {
      this.open();
      return "replaced";
    } catch (error) {
      // It is tried again when yet another file is there.
      this.#identity = identity;
      this.#damage = `${sentenceOf(error)} ${restoreAdvice}`;
      return "unchanged";
    }
  }

  #release(): void {
    if (this.#db !== undefined) closeDatabase(this.#db);
    this.#open?.close();
    this.#db = undefined;
    this.#open = undefined;
    this.#transaction = undefined;
  }

  #requireInPlace(): void {
    const identity = identityOf(this.#file);
    if (identity !== this.#identity) this.#displacement = this.#displacementOf(identity);
    if (this.#damage !== undefined || this.#displacement !== undefined) throw this.#unusable();
  }

  #unusable(): RoostError {
    const cause = this.#damage ?? this.#displacement;
    if (this.#isInUse && cause !== undefined)
      return new RoostError("database", cause, { retryAfterMs: retryMs });
    return new RoostError("cancelled", "The host is stopping: its database is closed.");
  }

  #displacementOf(identity: string | undefined): string | undefined {
    if (identity === undefined)
      return `The host's database ${this.#file} is gone: nothing is taken in until it is there. ${restoreAdvice}`;
    if (identity !== this.#identity)
      return `The host's database ${this.#file} was replaced; it is opened anew.`;
    try {
      for (const path of [this.#file, dirname(this.#file)]) accessSync(path, constants.W_OK);
      return undefined;
    } catch (error) {
      return `The host's database ${this.#file} cannot be written: ${sentenceOf(error)}. Make it writable; Roost goes on by itself.`;
    }
  }

  #refusal(what: string, error: unknown): RoostError {
    if (error instanceof RoostError && error.code === "database") return error;
    const refusal = databaseError(`The database ${this.#file} ${what}`, error);
    if (databaseTrouble(error)?.kind === "lost") this.#damage = `${refusal.message} Run: roost restore host`;
    else this.#lastError = `${refusal.message} Roost tries again by itself.`;
    return new RoostError("database", this.lastError() ?? refusal.message, {
      cause: error,
      retryAfterMs: retryMs,
    });
  }
}

/** Two files under one name, one after the other, differ in it. */
function identityOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
