import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BackupInfo, Restored, RestoreRequest } from "../../core/backup.ts";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { asInstanceId, type InstanceId } from "../../core/id.ts";
import { closeDatabase, openDatabase } from "../../store/database.ts";
import { hostMigrations } from "../../store/migrations.ts";
import { swapDatabase } from "../../store/swap.ts";
import { databaseIn, hostDatabaseFile, listBackups } from "./backups.ts";
import { runDatabaseTask } from "./database-tasks.ts";
import { instanceDatabaseFile } from "./instance-databases.ts";

/** How a database is changed for another one: with its user stopped, and started again after it. */
export interface RestoreSite {
  readonly dataDir: string;
  changeInstance(id: InstanceId, swap: () => void): Promise<void>;
  /** `madeAtMs` is undefined for an empty one. */
  changeHost(swap: () => void, madeAtMs: number | undefined): Promise<void>;
}

interface Staged {
  readonly database: string;
  readonly file: string;
  readonly replacement: string;
  readonly backup: BackupInfo | undefined;
}

/**
 * Puts backups (or empty databases) in the place of databases. All that is needed is copied beside them and checked before
 * anything is touched; what was there before is kept. Throws RoostError when nothing was changed, or says how far it came.
 */
export async function restore(request: RestoreRequest, site: RestoreSite): Promise<Restored[]> {
  const staged: Staged[] = [];
  try {
    for (const database of databasesOf(request, site.dataDir))
      staged.push(await stage(database, request, site));
    const restored: Restored[] = [];
    for (const each of staged) restored.push(await put(each, site));
    return restored;
  } finally {
    for (const { replacement } of staged) rmSync(replacement, { force: true });
  }
}

function databasesOf({ what, from, empty }: RestoreRequest, dataDir: string): readonly string[] {
  if (empty && (what === "all" || from !== undefined))
    throw new RoostError(
      "usage",
      "--empty goes with one name and without --from: roost restore NAME --empty",
    );
  const backups = listBackups(dataDir);
  if (from !== undefined && !backups.some(({ name }) => name === from)) {
    throw new RoostError(
      "not-found",
      `There is no backup ${from}. See which there are with: roost backup list`,
    );
  }
  if (what === "all") {
    const databases = (from === undefined ? backups : backups.filter(({ name }) => name === from)).flatMap(
      (each) => each.databases,
    );
    if (databases.length === 0)
      throw new RoostError("not-found", "There is no backup yet. Make one with: roost backup");
    return [...new Set(databases)];
  }
  if (what === "host" || asInstanceId(what) !== undefined) return [what];
  throw new RoostError("usage", `${JSON.stringify(what)} is neither host nor all nor an instance's name.`);
}

async function stage(
  database: string,
  { from, empty }: RestoreRequest,
  { dataDir }: RestoreSite,
): Promise<Staged> {
  const file = database === "host" ? hostDatabaseFile(dataDir) : instanceDatabaseFile(dataDir, database);
  const replacement = `${file}.restoring`;
  if (empty && database !== "host" && !existsSync(dirname(file)))
    throw new RoostError("not-found", `There is no data of an instance ${database}.`);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  rmSync(replacement, { force: true });
  if (empty) {
    closeDatabase(openDatabase(replacement, database === "host" ? hostMigrations : []));
    return { database, file, replacement, backup: undefined };
  }
  const holding = listBackups(dataDir).filter(
    (backup) => backup.databases.includes(database) && (from === undefined || backup.name === from),
  );
  const refusals: string[] = [];
  for (const backup of holding) {
    try {
      await runDatabaseTask({ file: databaseIn(backup.folder, database), target: replacement });
      return { database, file, replacement, backup };
    } catch (error) {
      refusals.push(sentenceOf(error));
    }
  }
  const where = from === undefined ? "No backup" : `The backup ${from} does not`;
  const sentence =
    refusals.length > 0
      ? `Nothing was changed: ${refusals.join(" ")}`
      : `Nothing was changed: ${from === undefined ? `${where} holds` : `${where} hold`} a database of ${database}. To begin with an empty one: roost restore ${database} --empty`;
  throw new RoostError(refusals.length > 0 ? "database-lost" : "not-found", sentence);
}

async function put({ database, file, replacement, backup }: Staged, site: RestoreSite): Promise<Restored> {
  let aside: string | undefined;
  const swap = () => {
    aside = swapDatabase(file, replacement, "replaced", Date.now());
  };
  const id = database === "host" ? undefined : asInstanceId(database);
  if (id !== undefined) {
    await site.changeInstance(id, swap);
  } else {
    await site.changeHost(swap, backup?.madeAtMs);
    if (backup !== undefined) putBackMissing(backup, site.dataDir);
  }
  return { database, from: backup?.name, madeAtMs: backup?.madeAtMs, aside };
}

/** Logins and definitions that are there are newer than the backup's. */
function putBackMissing(backup: BackupInfo, dataDir: string): void {
  for (const folder of ["credentials", "instances.d"]) {
    const source = join(backup.folder, folder);
    if (!existsSync(source)) continue;
    mkdirSync(join(dataDir, folder), { recursive: true, mode: 0o700 });
    for (const name of readdirSync(source)) {
      const target = join(dataDir, folder, name);
      if (!existsSync(target)) cpSync(join(source, name), target, { recursive: true });
    }
  }
}

/** What was done and what is lost, one sentence a database. */
export function describeRestored({ database, from, madeAtMs, aside }: Restored, nowMs: number): string {
  const kept = aside === undefined ? "" : ` The one before is kept as ${aside}.`;
  if (from === undefined || madeAtMs === undefined)
    return `${database} begins with an empty database: what it knew is lost.${kept}`;
  const lost =
    database === "host"
      ? "what Roost noted since then, messages in hand among it,"
      : "what the bot noted since then";
  return `${database} was restored from the backup ${from}, made ${ageOf(nowMs - madeAtMs)} ago: ${lost} is lost.${kept}`;
}

export function ageOf(durationMs: number): string {
  const minutes = Math.max(0, Math.round(durationMs / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
