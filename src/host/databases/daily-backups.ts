import type { BackupControl, BackupInfo, Restored, RestoreRequest } from "../../core/backup.ts";
import type { Config } from "../../core/config.ts";
import type { InstanceId } from "../../core/id.ts";
import type { HostLogger } from "../../core/log.ts";
import type { HostStore } from "../../store/host-store.ts";
import { BackupSchedule } from "./backup-schedule.ts";
import { Backups } from "./backups.ts";
import { describeRestored, restore } from "./restore.ts";

export interface HostBackupsOptions {
  readonly dataDir: string;
  readonly config: () => Config;
  readonly store: HostStore;
  readonly log: HostLogger;
  /** Ends the instance's run, lets `swap` change its database, and starts it again. */
  readonly changeInstance: (id: InstanceId, swap: () => void) => Promise<void>;
  /** The host's database is another one now. */
  readonly onHostChanged: () => void;
}

/** Backups of the running host: made daily and when asked, and put back without stopping what they don't concern. */
export class HostBackups implements BackupControl {
  readonly #options: HostBackupsOptions;
  readonly #backups: Backups;
  readonly #schedule: BackupSchedule;

  constructor(options: HostBackupsOptions) {
    this.#options = options;
    const { dataDir, config, store, log } = options;
    this.#backups = new Backups({
      dataDir,
      copyHost: (target) => store.copyTo(target),
      keep: () => config().backup.keep,
      instances: () => config().instances.keys(),
    });
    this.#schedule = new BackupSchedule({ backups: this.#backups, config: () => config().backup, log });
  }

  open(): void {
    this.#schedule.open();
  }

  close(): void {
    this.#schedule.close();
  }

  async backUp(): Promise<BackupInfo> {
    const made = await this.#backups.make();
    this.#options.log.clear("backup", "Backups are made again.");
    return made;
  }

  backups(): readonly BackupInfo[] {
    return this.#backups.list();
  }

  async restore(request: RestoreRequest): Promise<readonly Restored[]> {
    const { dataDir, changeInstance, log } = this.#options;
    const restored = await restore(request, {
      dataDir,
      changeInstance,
      changeHost: async (swap, madeAtMs) => this.#changeHost(swap, madeAtMs),
    });
    for (const each of restored)
      log.info(`An operator restored a database: ${describeRestored(each, Date.now())}`);
    return restored;
  }

  #changeHost(swap: () => void, madeAtMs: number | undefined): void {
    const { store, config, onHostChanged } = this.#options;
    const nowMs = Date.now();
    store.replace(swap);
    if (madeAtMs !== undefined && nowMs - madeAtMs > config().catchUpMs) store.forgetUnfinished(nowMs);
    onHostChanged();
  }
}
