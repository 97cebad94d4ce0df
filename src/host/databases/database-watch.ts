import type { HostLogger } from "../../core/log.ts";
import type { HostStore } from "../../store/host-store.ts";

const lookEveryMs = 1_000;

/** Looks after the host's own database while it runs: reports what is wrong with it, and when that is over. */
export class HostDatabaseWatch {
  readonly #store: HostStore;
  readonly #log: HostLogger;
  /** Another file was found in its place and is in use now. */
  readonly #onReplaced: () => void;
  #timer: Timer | undefined;
  #cause: string | undefined;

  constructor(store: HostStore, log: HostLogger, onReplaced: () => void) {
    this.#store = store;
    this.#log = log;
    this.#onReplaced = onReplaced;
  }

  open(): void {
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const wasReplaced = this.#store.look() === "replaced";
    const cause = this.#store.lastError();
    if (cause === undefined) {
      this.#log.clear("host-database", "The host's database is in order again; what waited goes on.");
    } else if (cause !== this.#cause) {
      const isLost = this.#store.isLost();
      this.#log.raise(
        isLost ? "CRITICAL" : "ERROR",
        { key: "host-database", command: isLost ? "roost restore host" : "roost status" },
        cause,
      );
    }
    this.#cause = cause;
    if (!wasReplaced) return;
    this.#log.warn("Another file was put in the place of the host's database; it is in use now.");
    this.#onReplaced();
  }
}
