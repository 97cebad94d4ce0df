import type { Config } from "../../core/config.ts";
import { sentenceOf } from "../../core/error.ts";
import type { HostLogger } from "../../core/log.ts";
import type { Backups } from "./backups.ts";
import { ageOf } from "./restore.ts";

const lookEveryMs = 60_000;
const retryMs = 3_600_000;
const dayMs = 24 * 3_600_000;

/** The last time at or before `nowMs` at which the clock on the wall showed `at`, such as "03:30". */
export function lastOccurrence(at: string, nowMs: number): number {
  const [hours = 0, minutes = 0] = at.split(":").map(Number);
  const today = new Date(nowMs).setHours(hours, minutes, 0, 0);
  return today <= nowMs ? today : new Date(today).setDate(new Date(today).getDate() - 1);
}

/** Makes the daily backup: at its time, or soon after a start when that time was missed. */
export class BackupSchedule {
  readonly #options: {
    readonly backups: Backups;
    readonly config: () => Config["backup"];
    readonly log: HostLogger;
  };
  #timer: Timer | undefined;
  #notBeforeMs = 0;

  constructor(options: {
    readonly backups: Backups;
    readonly config: () => Config["backup"];
    readonly log: HostLogger;
  }) {
    this.#options = options;
  }

  open(): void {
    this.#timer = setInterval(() => void this.#look(), lookEveryMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { backups, config, log } = this.#options;
    const { enabled, at } = config();
    const nowMs = Date.now();
    // One from a future that a wrong clock had must not be the last for ever.
    const newest = backups.list().find(({ madeAtMs }) => madeAtMs <= nowMs + dayMs);
    if (!enabled || nowMs < this.#notBeforeMs || (newest?.madeAtMs ?? 0) >= lastOccurrence(at, nowMs)) return;
    this.#notBeforeMs = nowMs + retryMs;
    try {
      const { name, folder, sizeBytes } = await backups.make();
      log.info("A backup was made and checked.", {
        backup: name,
        folder,
        megabytes: Math.ceil(sizeBytes / 1e6),
      });
      log.clear("backup", "Backups are made again.");
    } catch (error) {
      const last =
        newest === undefined ? "There is none yet." : `The newest is ${ageOf(nowMs - newest.madeAtMs)} old.`;
      log.raise(
        "WARN",
        { key: "backup", command: "roost backup", nextAttemptMs: this.#notBeforeMs },
        `The daily backup failed. ${sentenceOf(error)} ${last}`,
        {},
        error,
      );
    }
  }
}
