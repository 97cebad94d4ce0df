import type { Database } from "bun:sqlite";
import type { NoPicture, Picture } from "./picture.ts";
import type { Post, Profile, Refusal } from "./post.ts";

/** An answer that is ready to be sent: fetched, its pictures on the homeserver. */
export type Ready =
  | { readonly kind: "post"; readonly post: Post; readonly pictures: readonly (Picture | NoPicture)[] }
  | { readonly kind: "profile"; readonly profile: Profile; readonly picture?: Picture | NoPicture };

/** What a message's link was answered with: something to show, or why not. */
export type Answer = Ready | Refusal;

/** A link that waits for Instagram's patience. */
export interface Wait {
  readonly attempts: number;
  readonly dueAtMs: number;
}

const keptMs = 24 * 60 * 60 * 1000;

/**
 * What the bot remembers for a day: answers by what they show, so that a repeated link costs no request and no upload; and by
 * message and link, what else it was answered with or how long it waits, so that a repeated run goes the first one's way.
 */
export class AnswerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  open(): void {
    this.#db.run(
      "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, stored_at_ms INTEGER NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    );
    this.#db.run("CREATE INDEX IF NOT EXISTS answers_by_age ON answers (stored_at_ms)");
  }

  ready(target: string): Ready | undefined {
    return this.#read(`ready ${target}`) as Ready | undefined;
  }
  keepReady(target: string, ready: Ready): void {
    this.#write(`ready ${target}`, ready);
  }

  decision(message: string, target: string): Answer | undefined {
    return this.#read(`decision ${message} ${target}`) as Answer | undefined;
  }
  keepDecision(message: string, target: string, answer: Answer): void {
    this.#write(`decision ${message} ${target}`, answer);
  }

  wait(message: string, target: string): Wait | undefined {
    return this.#read(`wait ${message} ${target}`) as Wait | undefined;
  }
  keepWait(message: string, target: string, wait: Wait): void {
    this.#write(`wait ${message} ${target}`, wait);
  }

  #read(key: string): unknown {
    const row = this.#db
      .query<{ value: string }, [string, number]>(
        "SELECT value FROM answers WHERE key = ? AND stored_at_ms > ?",
      )
      .get(key, Date.now() - keptMs);
    return row === null ? undefined : JSON.parse(row.value);
  }

  #write(key: string, value: object): void {
    const nowMs = Date.now();
    this.#db.query("DELETE FROM answers WHERE stored_at_ms <= ?").run(nowMs - keptMs);
    this.#db.query("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)").run(key, nowMs, JSON.stringify(value));
  }
}
