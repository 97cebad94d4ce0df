import { timingSafeEqual } from "node:crypto";
import { RoostError } from "../core/error.ts";
import type { Secret } from "../core/secret.ts";

export interface LoginOptions {
  /** The one shared account; undefined while the config names none: then nobody can log in. */
  readonly account: () => { readonly username: Secret; readonly passwordHash: Secret } | undefined;
  readonly now?: () => number;
  /** How long the first wrong answer is held back; doubles with each up to `longestDelayMs`. */
  readonly firstDelayMs?: number;
}

const longestDelayMs = 5_000;
const forgottenAfterMs = 10 * 60_000;
/** About a second's worth of verifications: whoever comes later is asked to come again. */
const longestQueue = 40;
const longestPasswordBytes = 1024;

/**
 * Checks user names and passwords so that guessing is slow and the right password never is. One verification runs at a time (each
 * takes 19 MB and about 20 ms), and a wrong answer is held back the longer the more there were; a right one is told at once, so
 * that nobody is locked out by somebody else's guesses.
 */
export class Login {
  readonly #options: LoginOptions;
  readonly #now: () => number;
  #failures = 0;
  #lastFailureMs = 0;
  #waiting = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: LoginOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Whether there is an account to log in with at all. */
  get isPossible(): boolean {
    return this.#options.account() !== undefined;
  }

  /** Changes when user name or password do: sessions made under others are over. */
  fingerprint(): string {
    const account = this.#options.account();
    if (account === undefined) return "";
    return sha256(`${account.username.reveal()}\n${account.passwordHash.reveal()}`).toString("base64url");
  }

  /** Resolves to the user's name. Throws RoostError `unauthorized`, `rate-limited` or `not-found` (no account is configured). */
  async verify(username: string, password: string): Promise<string> {
    const account = this.#options.account();
    if (account === undefined) {
      throw new RoostError(
        "not-found",
        "Nobody can log in yet: set admin.username and admin.password_hash (made by roost hash-password) in the config, then restart Roost.",
      );
    }
    if (this.#waiting >= longestQueue) {
      throw new RoostError("rate-limited", "Too many people log in at once. Try again in a second.", {
        retryAfterMs: 1_000,
      });
    }
    const isRight = await this.#inTurn(async () => {
      // The password is verified for a wrong name too: the time taken must not tell which of the two was wrong.
      const matches = await matchesHash(password, account.passwordHash);
      return equal(username, account.username.reveal()) && matches;
    });
    if (isRight) {
      this.#failures = 0;
      return username;
    }
    await this.#holdBack();
    throw new RoostError("unauthorized", "User name or password are wrong.");
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#waiting++;
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    try {
      return await result;
    } finally {
      this.#waiting--;
    }
  }

  #holdBack(): Promise<void> {
    const nowMs = this.#now();
    if (nowMs - this.#lastFailureMs > forgottenAfterMs) this.#failures = 0;
    this.#lastFailureMs = nowMs;
    const delayMs = Math.min((this.#options.firstDelayMs ?? 250) * 2 ** this.#failures, longestDelayMs);
    this.#failures = Math.min(this.#failures + 1, 20);
    return Bun.sleep(delayMs);
  }
}

async function matchesHash(password: string, hash: Secret): Promise<boolean> {
  if (Buffer.byteLength(password) > longestPasswordBytes) return false;
  try {
    return await Bun.password.verify(password, hash.reveal());
  } catch {
    return false;
  }
}

function equal(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

function sha256(text: string): Buffer {
  return Buffer.from(new Bun.CryptoHasher("sha256").update(text).digest());
}
