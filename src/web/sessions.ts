import { randomBytes } from "node:crypto";
import type { SessionStore, StoredSession } from "../core/management.ts";

export interface SessionsOptions {
  readonly store: SessionStore;
  /** Of the account as it is configured now; a session made under another is over. */
  readonly fingerprint: () => string;
  readonly now?: () => number;
}

export interface Session {
  /** Names it in the store and among open streams; says nothing about the token. */
  readonly id: string;
  readonly user: string;
  readonly kind: StoredSession["kind"];
}

const hourMs = 3_600_000;
/** A page that nobody uses is forgotten sooner than a script's token, which may run once a month. */
const lifetimesMs = {
  page: { idle: 12 * hourMs, absolute: 7 * 24 * hourMs },
  token: { idle: 30 * 24 * hourMs, absolute: 90 * 24 * hourMs },
} as const;
/** A session's last use is written down this often, not at every request. */
const touchEveryMs = 60_000;
const tokenBytes = 32;

/**
 * Who is logged in. Tokens are random (256 bits) and known to their bearers alone: the store has their hashes, so that a copy of
 * the database opens no door. Sessions outlive a restart of the host; they end by logout, idleness, age, or another password.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #now: () => number;
  readonly #ends = new Map<string, Set<() => void>>();

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Makes a session and answers its token, which cannot be had again. */
  begin(user: string, kind: StoredSession["kind"]): string {
    const { store, fingerprint } = this.#options;
    const nowMs = this.#now();
    store.deleteSessionsBefore({
      usedMs: nowMs - lifetimesMs.token.idle,
      madeMs: nowMs - lifetimesMs.token.absolute,
    });
    const token = randomBytes(tokenBytes).toString("base64url");
    store.saveSession(hashOf(token), {
      user,
      kind,
      madeAtMs: nowMs,
      usedAtMs: nowMs,
      passwordFingerprint: fingerprint(),
    });
    return token;
  }

  /** The session of a token, or undefined when it is unknown or over. */
  find(token: string): Session | undefined {
    const id = hashOf(token);
    const stored = this.#options.store.loadSession(id);
    if (stored === undefined) return undefined;
    const nowMs = this.#now();
    if (!this.#isAlive(stored, nowMs)) {
      this.#end(id);
      return undefined;
    }
    if (nowMs - stored.usedAtMs >= touchEveryMs) this.#touch(id, { ...stored, usedAtMs: nowMs });
    return { id, user: stored.user, kind: stored.kind };
  }

  /** Whether a stream opened under the session may go on. */
  isAlive(session: Session): boolean {
    const stored = this.#options.store.loadSession(session.id);
    return stored !== undefined && this.#isAlive(stored, this.#now());
  }

  /** Logout: the token is worth nothing from now on. */
  end(session: Session): void {
    this.#end(session.id);
  }

  /** Calls `close` when the session is ended; answers how to take that back. */
  onEnd(session: Session, close: () => void): () => void {
    const closers = this.#ends.get(session.id) ?? new Set();
    this.#ends.set(session.id, closers);
    closers.add(close);
    return () => {
      closers.delete(close);
      if (closers.size === 0) this.#ends.delete(session.id);
    };
  }

  #touch(id: string, session: StoredSession): void {
    try {
      this.#options.store.saveSession(id, session);
    } catch {
      // A full disk must not lock out the person who came to see to it.
    }
  }

  #isAlive(stored: StoredSession, nowMs: number): boolean {
    const { idle, absolute } = lifetimesMs[stored.kind];
    return (
      nowMs - stored.usedAtMs < idle &&
      nowMs - stored.madeAtMs < absolute &&
      stored.passwordFingerprint === this.#options.fingerprint()
    );
  }

  #end(id: string): void {
    try {
      this.#options.store.deleteSession(id);
    } finally {
      this.#close(id);
    }
  }

  #close(id: string): void {
    for (const close of this.#ends.get(id) ?? []) close();
    this.#ends.delete(id);
  }
}

function hashOf(token: string): string {
  return new Bun.CryptoHasher("sha256").update(token).digest("base64url");
}
