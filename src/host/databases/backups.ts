import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { BackupInfo } from "../../core/backup.ts";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { flush } from "../../store/file.ts";
import { stampOf } from "../../store/swap.ts";
import { runDatabaseTask } from "./database-tasks.ts";
import { instanceDatabaseFile } from "./instance-databases.ts";

export interface BackupsOptions {
  readonly dataDir: string;
  /** Copies the host's database, which nobody else can open while the host runs. */
  readonly copyHost: (target: string) => Promise<void>;
  /** How many are kept. */
  readonly keep: () => number;
  /** Instances whose last copy is never deleted. */
  readonly instances: () => Iterable<string>;
  readonly now?: () => number;
}

const spareBytes = 50_000_000;
const partial = ".partial";

export function hostDatabaseFile(dataDir: string): string {
  return join(dataDir, "host", "roost.db");
}

/** The backups in the data folder: each a folder of checked copies, whole or not there at all. */
export class Backups {
  readonly #options: BackupsOptions;
  #making: Promise<BackupInfo> | undefined;

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  list(): BackupInfo[] {
    return listBackups(this.#options.dataDir);
  }

  /**
   * Makes one of every database, the credentials and instances.d, and then deletes what is too old. Rejects RoostError when
   * something could not be copied; what could be is kept all the same. Two calls at a time make one backup.
   */
  make(): Promise<BackupInfo> {
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #make(): Promise<BackupInfo> {
    const { dataDir, now = Date.now } = this.#options;
    const root = join(dataDir, "backups");
    const folder = join(root, partial);
    const failures: unknown[] = [];
    try {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#requireRoom();
      await this.#copyDatabases(folder, failures);
      if (readdirSync(folder).length === 0) throw failures[0];
      this.#copyFiles(folder);
      const name = freeName(root, stampOf(now()));
      renameSync(folder, join(root, name));
      flush(root);
      this.#prune();
      const made = this.list().find((backup) => backup.name === name);
      if (failures.length === 0 && made !== undefined) return made;
    } catch (error) {
      failures.push(error);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const causes = [...new Set(failures.map(sentenceOf))].join(" ");
    throw new RoostError("database", `The backup is not whole: ${causes}`, { cause: failures[0] });
  }

  async #copyDatabases(folder: string, failures: unknown[]): Promise<void> {
    const { dataDir, copyHost } = this.#options;
    const attempt = (work: Promise<void>) => work.catch((error: unknown) => void failures.push(error));
    const copyHostDatabase = async () => {
      const raw = join(folder, "roost.db.raw");
      try {
        await copyHost(raw);
        await runDatabaseTask({ file: raw, target: join(folder, "roost.db") });
      } finally {
        for (const companion of ["", "-wal", "-shm"]) rmSync(raw + companion, { force: true });
      }
    };
    await attempt(copyHostDatabase());
    for (const name of namesIn(join(dataDir, "instances"))) {
      const file = instanceDatabaseFile(dataDir, name);
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) continue;
      const target = join(folder, "instances", name, "data.db");
      const copy = async () => {
        mkdirSync(join(folder, "instances", name), { recursive: true, mode: 0o700 });
        await runDatabaseTask({ file, target });
      };
      await attempt(copy());
    }
  }

  #copyFiles(folder: string): void {
    for (const name of ["credentials", "instances.d"]) {
      const source = join(this.#options.dataDir, name);
      if (!existsSync(source)) continue;
      cpSync(source, join(folder, name), { recursive: true });
      for (const file of namesIn(join(folder, name))) {
        chmodSync(join(folder, name, file), 0o600);
        flush(join(folder, name, file));
      }
    }
  }

  /** A backup that takes the last of the disk would do the harm it is made against. */
  #requireRoom(): void {
    const { dataDir } = this.#options;
    const { bavail, bsize } = statfsSync(dataDir);
    const files = [
      hostDatabaseFile(dataDir),
      ...namesIn(join(dataDir, "instances")).map((name) => instanceDatabaseFile(dataDir, name)),
    ];
    const neededBytes =
      2 * files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
    if (bavail * bsize >= neededBytes + Math.min(spareBytes, neededBytes)) return;
    throw new RoostError(
      "database",
      `There is no room for it: ${Math.round((bavail * bsize) / 1e6)} MB are free beside ${dataDir}. Free some disk space.`,
    );
  }

  /** Deletes all but the newest ones; of those, each that holds the only good copy of a database stays. */
  #prune(): void {
    const backups = this.list();
    const wanted = new Set(["host", ...this.#options.instances()]);
    for (const [index, { folder, databases }] of backups.entries()) {
      const isOnly = databases.some((database) => wanted.delete(database));
      if (index >= this.#options.keep() && !isOnly) rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** The backups of a data folder, newest first; other files in their folder are left alone. */
export function listBackups(dataDir: string): BackupInfo[] {
  const root = join(dataDir, "backups");
  return namesIn(root)
    .flatMap((name): BackupInfo[] => {
      const made = whenMade(name);
      if (made === undefined) return [];
      const folder = join(root, name);
      const instances = namesIn(join(folder, "instances")).filter((each) =>
        existsSync(join(folder, "instances", each, "data.db")),
      );
      const databases = [...(existsSync(join(folder, "roost.db")) ? ["host"] : []), ...instances];
      const files = databases.map((database) => databaseIn(folder, database));
      return [
        {
          name,
          folder,
          madeAtMs: made.timeMs,
          sizeBytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
          databases,
        },
      ];
    })
    .sort((one, other) => other.madeAtMs - one.madeAtMs || turnOf(other.name) - turnOf(one.name));
}

/** Where a backup's folder holds the database of `host` or of an instance. */
export function databaseIn(folder: string, database: string): string {
  return database === "host" ? join(folder, "roost.db") : join(folder, "instances", database, "data.db");
}

/** A name tells the second, and which of that second's backups it is. */
function whenMade(name: string): { readonly timeMs: number; readonly turn: number } | undefined {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z(?:-(\d+))?$/.exec(name);
  const timeMs = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}:${match[3]}:${match[4]}Z`);
  return Number.isNaN(timeMs) ? undefined : { timeMs, turn: Number(match?.[5] ?? 1) };
}

function turnOf(name: string): number {
  return whenMade(name)?.turn ?? 0;
}

/** Behind all of the same second: a name freed by `prune` would make the newest backup look like the oldest. */
function freeName(root: string, stamp: string): string {
  const turns = namesIn(root)
    .filter((name) => name.startsWith(stamp))
    .map(turnOf);
  return turns.length === 0 ? stamp : `${stamp}-${Math.max(...turns) + 1}`;
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
