import type { RoostError } from "../core/error.ts";
import type { UserId } from "../core/id.ts";
import type { Fault, HostLogger, LogContext } from "../core/log.ts";

export interface AccountFaultOptions {
  readonly userId: UserId;
  readonly log: HostLogger;
  /** What makes Roost try again at once, such as `roost restart weather`. */
  readonly retryCommand: () => string | undefined;
}

/** The one fault an account has while it does not follow its rooms: told by the account, for all of its instances. */
export class AccountFault {
  readonly #options: AccountFaultOptions;

  constructor(options: AccountFaultOptions) {
    this.#options = options;
  }

  raise(
    severity: "WARN" | "ERROR" | "CRITICAL",
    failure: RoostError,
    what: Pick<Fault, "tried" | "nextAttemptMs">,
  ): void {
    const { userId, log, retryCommand } = this.#options;
    const fault = { key: this.#key, command: retryCommand(), ...what };
    log.raise(severity, fault, failure.message, { account: userId, code: failure.code }, failure.cause);
  }

  /** Answers whether there was one. */
  clear(context: LogContext): boolean {
    return this.#options.log.clear(this.#key, "The account follows its rooms again.", context);
  }

  get #key(): string {
    return `account ${this.#options.userId}`;
  }
}
