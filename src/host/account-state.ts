import type { AccountStatus } from "../core/matrix.ts";
import type { AccountState } from "../supervisor/unit.ts";

/** What an account's state means for the instances that speak as it. */
export function accountStateOf(status: AccountStatus): AccountState {
  switch (status.state) {
    case "connecting":
      return { state: "connecting" };
    case "syncing":
      return { state: "ready" };
    case "waiting":
      return { state: "waiting", cause: status.cause, nextAttemptMs: status.nextAttemptMs };
    case "failed":
      return { state: "failed", cause: status.cause };
    case "stopped":
      return { state: "connecting" };
  }
}
