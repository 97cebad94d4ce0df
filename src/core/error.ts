import type { Problem } from "./config.ts";

/**
 * Every failure a user can cause or meet has a code for machines, a sentence for people (the message: what happened and what
 * to do next, safe to print anywhere) and a cause for the log.
 */
export type ErrorCode =
  // permanent: nothing is retried until the config, the plugin or the credentials change
  | "config-invalid"
  | "secret-missing"
  | "plugin-missing"
  | "plugin-config"
  | "plugin-refused"
  | "migration-failed"
  | "registration-token-wrong"
  | "registration-closed"
  | "user-id-taken"
  | "login-refused"
  | "unauthorized"
  | "token-revoked"
  | "account-suspended"
  | "not-a-homeserver"
  | "homeserver-changed"
  | "room-forbidden"
  | "too-large"
  | "bad-request"
  | "not-found"
  | "conflict"
  // a database is damaged or gone: another file has to take its place
  | "database-lost"
  // dependency: another machine is away; wait for it, never count it
  | "homeserver-unreachable"
  | "homeserver-busy"
  | "network"
  // the host's own database, or a disk, refuses for now; an instance's database does
  | "database"
  | "database-busy"
  // crash: our own or the plugin's code broke
  | "handler-timeout"
  | "plugin-crashed"
  | "internal"
  // neither: somebody asked us to stop
  | "cancelled"
  | "data-dir-in-use"
  | "usage"
  // a caller of the API came too often
  | "rate-limited";

export type FailureClass = "permanent" | "dependency" | "crash";

export class RoostError extends Error {
  readonly code: ErrorCode;
  /** How long the other side asked us to wait (Retry-After, retry_after_ms). */
  readonly retryAfterMs: number | undefined;
  /** What is wrong in a text that somebody wrote, each with its line. */
  readonly problems: readonly Problem[];
  /** With `conflict`: what somebody else changed meanwhile, as a unified diff without secrets. */
  readonly difference: string | undefined;

  constructor(
    code: ErrorCode,
    sentence: string,
    details: {
      cause?: unknown;
      retryAfterMs?: number | undefined;
      problems?: readonly Problem[];
      difference?: string;
    } = {},
  ) {
    super(sentence, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "RoostError";
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.problems = details.problems ?? [];
    this.difference = details.difference;
  }
}

/** Which of the three ways of failing this is: it decides whether and when the supervisor tries again. */
export function failureClass(error: unknown): FailureClass {
  if (!(error instanceof RoostError)) return "crash";
  switch (error.code) {
    case "homeserver-unreachable":
    case "homeserver-busy":
    case "network":
    case "database":
    case "database-busy":
    case "cancelled":
    case "rate-limited":
      return "dependency";
    case "handler-timeout":
    case "plugin-crashed":
    case "internal":
      return "crash";
    case "config-invalid":
    case "secret-missing":
    case "plugin-missing":
    case "plugin-config":
    case "plugin-refused":
    case "migration-failed":
    case "registration-token-wrong":
    case "registration-closed":
    case "user-id-taken":
    case "login-refused":
    case "unauthorized":
    case "token-revoked":
    case "account-suspended":
    case "not-a-homeserver":
    case "homeserver-changed":
    case "room-forbidden":
    case "too-large":
    case "bad-request":
    case "not-found":
    case "conflict":
    case "database-lost":
    case "data-dir-in-use":
    case "usage":
      return "permanent";
  }
}

/** The sentence to show a person: a RoostError's own, and for anything else its message without the stack. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The messages of an error and its causes, outermost first, for a log record's context. */
export function causeChain(error: unknown): string[] {
  const chain: string[] = [];
  for (let next = error; next !== undefined && next !== null && chain.length < 8; ) {
    chain.push(next instanceof Error ? `${next.name}: ${next.message}` : String(next));
    next = next instanceof Error ? next.cause : undefined;
  }
  return chain;
}
