import type { Database } from "bun:sqlite";
import type { EventId } from "../../core/id.ts";
import type { Progress } from "./fetch.ts";
import type { NoFile, Picture } from "./picture.ts";
import type { Post, Profile, Refusal } from "./post.ts";
import type { Video } from "./video.ts";

/**
 * An answer as far as it is ready: what Instagram said, and of its files those that are on the homeserver. Lists have one entry
 * a medium or recent post; null is still to be fetched.
 */
export type Ready = ReadyPost | ReadyProfile;
export interface ReadyPost {
  readonly kind: "post";
  readonly post: Post;
  readonly pictures: (Picture | NoFile | null)[];
  readonly videos: (Video | NoFile | null)[];
}
export interface ReadyProfile {
  readonly kind: "profile";
  readonly profile: Profile;
  /** The profile's own picture, then those of the recent posts. */
  readonly pictures: (Picture | NoFile | null)[];
}

/** A link of one message on its way to its answer, from the first thing about it that a repeated run must not decide anew. */
export interface Job {
  readonly message: string;
  readonly target: string;
  /** When it is tried again; null once it is decided. */
  readonly dueAtMs: number | null;
  readonly attempts: number;
  /** What the room is told while it waits, null if nothing; and the message that says so, once it is there. */
  readonly notice: string | null;
  readonly noticeId: EventId | null;
  readonly progress: Progress | null;
  readonly refusal: Refusal | null;
}

interface JobRow {
  readonly message: string;
  readonly target: string;
  readonly due_at_ms: number | null;
  readonly value: string;
}

const dayMs = 24 * 60 * 60 * 1000;
const abandonedMs = 7 * dayMs;
const maxAnswers = 2_000;

/** What the bot remembers: answers for a day, so that a repeated link costs no request and no upload; and jobs until they are old. */
export class AnswerStore {
  readonly #db: Database;
  readonly #now: () => number;

  constructor(db: Database, now: () => number = Date.now) {
    this.#db = db;
    this.#now = now;
  }

  open(): void {
    this.#db.run(
      "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, stored_at_ms INTEGER NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    );
    this.#db.run("CREATE INDEX IF NOT EXISTS answers_by_age ON answers (stored_at_ms)");
    this.#db.run(
      "CREATE TABLE IF NOT EXISTS jobs (message TEXT NOT NULL, target TEXT NOT NULL, due_at_ms INTEGER, touched_at_ms INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (message, target)) STRICT",
    );
    this.#db.run("CREATE INDEX IF NOT EXISTS jobs_by_target ON jobs (target, due_at_ms)");
    this.#db.run("CREATE INDEX IF NOT EXISTS jobs_by_age ON jobs (touched_at_ms)");
    // Answers of the first release have another shape; they are a day's cache.
    this.#db.run("DELETE FROM answers WHERE key NOT LIKE 'shown %' AND key NOT LIKE 'means %'");
    this.prune();
  }

  ready(target: string): Ready | undefined {
    const row = this.#db
      .query<{ value: string }, [string, number]>(
        "SELECT value FROM answers WHERE key = ? AND stored_at_ms > ?",
      )
      .get(`shown ${target}`, this.#now() - dayMs);
    return row === null ? undefined : (JSON.parse(row.value) as Ready);
  }

  /** Keeps an answer for a day from the first time it is kept: files that come later do not prolong it. */
  keepReady(target: string, ready: Ready): void {
    this.#db
      .query(
        "INSERT INTO answers VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET value = ?3, stored_at_ms = iif(stored_at_ms <= ?4, ?2, stored_at_ms)",
      )
      .run(`shown ${target}`, this.#now(), JSON.stringify(ready), this.#now() - dayMs);
    this.prune();
  }

  /** Another name of a target: where a `/share/` link leads. Itself if it has none. */
  canonical(target: string): string {
    const row = this.#db
      .query<{ value: string }, [string, number]>(
        "SELECT value FROM answers WHERE key = ? AND stored_at_ms > ?",
      )
      .get(`means ${target}`, this.#now() - dayMs);
    return row?.value ?? target;
  }

  keepCanonical(target: string, canonical: string): void {
    this.#db
      .query("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)")
      .run(`means ${target}`, this.#now(), canonical);
  }

  job(message: string, target: string): Job | undefined {
    const row = this.#db
      .query<JobRow, [string, string]>("SELECT * FROM jobs WHERE message = ? AND target = ?")
      .get(message, target);
    return row === null ? undefined : fromRow(row);
  }

  keepJob(job: Job): void {
    const { message, target, dueAtMs, ...value } = job;
    this.#db
      .query(
        "INSERT INTO jobs VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET due_at_ms = ?3, touched_at_ms = ?4, value = ?5",
      )
      .run(message, target, dueAtMs, this.#now(), JSON.stringify(value));
    this.prune();
  }

  /** The message that asks Instagram for this target on behalf of all who wait for it: the first, unless it is overdue since before `sinceMs`. */
  leader(target: string, sinceMs: number): Job | undefined {
    const row = this.#db
      .query<JobRow, [string, number]>(
        "SELECT * FROM jobs WHERE target = ? AND due_at_ms > ? ORDER BY rowid LIMIT 1",
      )
      .get(target, sinceMs);
    return row === null ? undefined : fromRow(row);
  }

  /** Those who wait for the target as well are answered with the same refusal when their time comes. */
  refuseWaiting(target: string, refusal: Refusal): void {
    const waiting = this.#db
      .query<JobRow, [string]>("SELECT * FROM jobs WHERE target = ? AND due_at_ms IS NOT NULL")
      .all(target);
    for (const row of waiting) this.keepJob({ ...fromRow(row), refusal });
  }

  /** Drops answers older than a day or beyond 2,000, jobs decided a day ago, and jobs that nobody came back to for a week. */
  prune(): void {
    const nowMs = this.#now();
    this.#db
      .query(
        "DELETE FROM answers WHERE stored_at_ms <= max(?, coalesce((SELECT stored_at_ms FROM answers ORDER BY stored_at_ms DESC LIMIT 1 OFFSET ?), 0))",
      )
      .run(nowMs - dayMs, maxAnswers);
    this.#db
      .query("DELETE FROM jobs WHERE touched_at_ms <= ?1 AND (due_at_ms IS NULL OR due_at_ms <= ?2)")
      .run(nowMs - dayMs, nowMs - abandonedMs);
  }
}

function fromRow({ message, target, due_at_ms, value }: JobRow): Job {
  return {
    message,
    target,
    dueAtMs: due_at_ms,
    ...(JSON.parse(value) as Omit<Job, "message" | "target" | "dueAtMs">),
  };
}
