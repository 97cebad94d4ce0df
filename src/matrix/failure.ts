import { type ErrorCode, failureClass, RoostError, sentenceOf } from "../core/error.ts";
import { HomeserverError } from "./homeserver-error.ts";

/** What only a person can put right; after any other failure the connection waits and tries again, without end. */
const lasting: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "registration-token-wrong",
  "registration-closed",
  "user-id-taken",
  "login-refused",
  "token-revoked",
  "account-suspended",
  "homeserver-changed",
  "config-invalid",
  "secret-missing",
]);

/** What the homeserver's administrator may take back without anybody telling us. */
const liftable: ReadonlySet<string> = new Set(["M_USER_LOCKED", "M_USER_SUSPENDED"]);

/** Whether a failure stays until a person acts, so that nothing is tried again. */
export function isLasting(failure: RoostError): boolean {
  return lasting.has(failure.code) && !liftable.has(errcodeOf(failure));
}

export function errcodeOf(error: RoostError): string {
  return error instanceof HomeserverError ? error.errcode : "";
}
export function asRoostError(error: unknown): RoostError {
  return error instanceof RoostError
    ? error
    : new RoostError("internal", sentenceOf(error), { cause: error });
}
export function endedAgain(cause: RoostError): RoostError {
  return new RoostError(
    "token-revoked",
    "The account's session was ended again soon after a new login: see that no other program logs in as this account. Roost logs in again later, or at once when an instance of the account is restarted.",
    { cause },
  );
}
export function notAHomeserver(cause?: unknown): RoostError {
  return new RoostError(
    "not-a-homeserver",
    "What answers at homeserver.url is not a Matrix homeserver: write the address that the homeserver's clients use. Roost asks again.",
    { cause },
  );
}

/** For what one can do without: takes a failure that passes for no answer, and throws any other. */
export function unlessPassing(error: unknown): undefined {
  if (failureClass(error) === "dependency") return undefined;
  throw error;
}
