import { Database } from "bun:sqlite";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BackupInfo } from "../../core/backup.ts";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { asInstanceId, type InstanceId } from "../../core/id.ts";
import type { Logger } from "../../core/log.ts";
import { copyDatabase } from "../../store/copy.ts";
import type { HostStore } from "../../store/host-store.ts";
import { moveAside, swapDatabase } from "../../store/swap.ts";
import { databaseIn, hostDatabaseFile, listBackups } from "./backups.ts";
import { ageOf } from "./restore.ts";

export interface RecoveryOptions {
  readonly dataDir: string;
  readonly catchUpMs: number;
  readonly log: Logger;
}

/**
 * Opens the host's database. One that is damaged or gone is replaced at once, by the newest good backup or else by an empty one:
 * nobody may be there for months, every bot would be silent until then, and what is lost (messages in hand, the operator's
 * stops, the place in each account's sync) is less than that. Logins are files of their own, and the damaged file is kept.
 * Answers what was lost, as a sentence for everybody, or undefined when nothing was.
 * @throws RoostError `database-busy` or `database` for what is not mended by another file.
 */
export function openHostStore(store: HostStore, options: RecoveryOptions): string | undefined {
  const file = hostDatabaseFile(options.dataDir);
  const isGone = !existsSync(file) && wasInUse(options.dataDir);
  if (!isGone) {
    try {
      store.open();
      return undefined;
    } catch (error) {
      if (!(error instanceof RoostError) || error.code !== "database-lost") throw error;
    }
  }
  const nowMs = Date.now();
  const stops = isGone ? [] : readStops(file);
  const aside = moveAside(file, "corrupt", nowMs);
  const backup = putNewestBackup(options, file, nowMs);
  store.open();
  if (backup !== undefined && nowMs - backup.madeAtMs > options.catchUpMs) store.forgetUnfinished(nowMs);
  for (const id of stops ?? []) store.notes.saveOperatorStop(id, true, nowMs);
  const what = isGone ? `is gone: ${file} was not there` : "is damaged";
  const kept = aside === undefined ? "" : ` The damaged one is kept as ${aside}.`;
  const stopsLost =
    stops === undefined || isGone ? " Look whether an instance runs that you had stopped." : "";
  return backup === undefined
    ? `The host's database ${what}. There is no backup, so it begins anew: messages that were in hand or came while Roost was down stay unanswered.${stopsLost}${kept}`
    : `The host's database ${what}. It was restored from the backup ${backup.name}, made ${ageOf(nowMs - backup.madeAtMs)} ago: messages that were in hand are lost, and so is what Roost noted since then.${stopsLost}${kept}`;
}

/** A data folder with logins or backups had a database. */
function wasInUse(dataDir: string): boolean {
  const credentials = join(dataDir, "credentials");
  return (existsSync(credentials) && readdirSync(credentials).length > 0) || listBackups(dataDir).length > 0;
}

function putNewestBackup(
  { dataDir, log }: RecoveryOptions,
  file: string,
  nowMs: number,
): BackupInfo | undefined {
  const replacement = `${file}.restoring`;
  for (const backup of listBackups(dataDir)) {
    if (!backup.databases.includes("host")) continue;
    try {
      rmSync(replacement, { force: true });
      copyDatabase(databaseIn(backup.folder, "host"), replacement);
      swapDatabase(file, replacement, "corrupt", nowMs);
      return backup;
    } catch (error) {
      log.error(`The backup ${backup.name} cannot be used. ${sentenceOf(error)}`, {}, error);
    }
  }
  return undefined;
}

/** Whom people had stopped, as far as a damaged file still tells; undefined when it doesn't. */
function readStops(file: string): readonly InstanceId[] | undefined {
  try {
    const db = new Database(file, { readonly: true });
    try {
      const rows = db.query<{ instance: string }, []>("SELECT instance FROM operator_stop").all();
      return rows.flatMap(({ instance }) => asInstanceId(instance) ?? []);
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}
