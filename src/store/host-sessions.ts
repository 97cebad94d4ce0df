import type { SessionStore, StoredSession } from "../core/management.ts";
import type { HostDatabase } from "./host-database.ts";

/** The page's and the scripts' sessions, in the host's database. */
export class HostSessions implements SessionStore {
  readonly #db: HostDatabase;

  constructor(db: HostDatabase) {
    this.#db = db;
  }

  loadSession(tokenHash: string): StoredSession | undefined {
    const row = this.#db
      .query<StoredSession>(
        `SELECT user, kind, made_at_ms AS madeAtMs, used_at_ms AS usedAtMs, password_fingerprint AS passwordFingerprint
         FROM session WHERE token_hash = ?`,
      )
      .get(tokenHash);
    return row ?? undefined;
  }

  saveSession(tokenHash: string, session: StoredSession): void {
    this.#db.write(() =>
      this.#db
        .query(
          `INSERT OR REPLACE INTO session (token_hash, user, kind, made_at_ms, used_at_ms, password_fingerprint)
           VALUES (?, ?, ?, ?, ?, ?)`,
        )
        .run(
          tokenHash,
          session.user,
          session.kind,
          session.madeAtMs,
          session.usedAtMs,
          session.passwordFingerprint,
        ),
    );
  }

  deleteSession(tokenHash: string): void {
    this.#db.write(() => this.#db.query("DELETE FROM session WHERE token_hash = ?").run(tokenHash));
  }

  deleteSessionsBefore({ usedMs, madeMs }: { readonly usedMs: number; readonly madeMs: number }): void {
    this.#db.write(() =>
      this.#db.query("DELETE FROM session WHERE used_at_ms < ? OR made_at_ms < ?").run(usedMs, madeMs),
    );
  }
}
