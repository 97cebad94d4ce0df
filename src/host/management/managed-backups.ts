import type { BackupInfo as Backup, BackupControl } from "../../core/backup.ts";
import { RoostError } from "../../core/error.ts";
import { asInstanceId, type InstanceId } from "../../core/id.ts";
import type { Actor, BackupInfo } from "../../core/management.ts";
import { tarOf } from "../databases/backup-archive.ts";
import { describeRestored } from "../databases/restore.ts";
import type { Audit } from "./audit.ts";

export interface ManagedBackupsOptions {
  readonly backups: BackupControl;
  readonly cutSecrets: (text: string) => string;
  readonly audit: Audit;
}

/** The host's backups as people see them from the page. */
export class ManagedBackups {
  readonly #options: ManagedBackupsOptions;

  constructor(options: ManagedBackupsOptions) {
    this.#options = options;
  }

  list(): BackupInfo[] {
    return this.#options.backups.backups().map(describe);
  }

  async make(actor: Actor): Promise<BackupInfo> {
    const made = await this.#options.backups.backUp();
    this.#options.audit(actor, `The backup ${made.name} was made.`);
    return describe(made);
  }

  open(id: string): ReadableStream<Uint8Array> {
    const { folder, name } = this.#find(id);
    const pieces = tarOf(folder, `roost-${name}`, this.#options.cutSecrets);
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => void (await pieces.return(undefined)),
    });
  }

  async restore(id: string, what: InstanceId | "host" | "all", actor: Actor): Promise<string> {
    const { name } = this.#find(id);
    const restored = await this.#options.backups.restore({ what, from: name });
    this.#options.audit(actor, `The backup ${name} was restored: ${what}.`);
    return restored.map((each) => describeRestored(each, Date.now())).join(" ");
  }

  #find(id: string): Backup {
    const found = this.#options.backups.backups().find(({ name }) => name === id);
    if (found === undefined) throw new RoostError("not-found", `There is no backup ${id}.`);
    return found;
  }
}

function describe({ name, madeAtMs, sizeBytes, databases }: Backup): BackupInfo {
  const names = databases.filter((database) => database !== "host");
  return { id: name, madeAtMs, sizeBytes, instances: names.flatMap((each) => asInstanceId(each) ?? []) };
}
