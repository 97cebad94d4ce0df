import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../config/load.ts";
import type { BackupInfo, Restored, RestoreRequest } from "../core/backup.ts";
import type { Config } from "../core/config.ts";
import { RoostError } from "../core/error.ts";
import { Backups, hostDatabaseFile, listBackups } from "../host/databases/backups.ts";
import { runDatabaseTask } from "../host/databases/database-tasks.ts";
import { ageOf, describeRestored, restore } from "../host/databases/restore.ts";
import { pluginSettings } from "../host/plugin-settings.ts";
import { HostStore } from "../store/host-store.ts";
import { FolderLock } from "../store/lock.ts";
import { askHost, isHostThere } from "../web/control-client.ts";
import { dataDirOf } from "./data-dir.ts";
import type { RemoteOptions } from "./remote.ts";
import { configFileOf, exitCode, type Terminal } from "./terminal.ts";

/** `roost backup`: makes one now, through the running host or without it. */
export async function backUp(options: RemoteOptions, terminal: Terminal): Promise<number> {
  const dataDir = dataDirOf(options, terminal);
  const made = (await isHostThere(dataDir))
    ? ((await (await askHost(dataDir, "POST", "/backups")).json()) as BackupInfo)
    : await underLock(configOf(options, terminal), (config) => backupsWithoutHost(config).make());
  terminal.out(
    options.json
      ? JSON.stringify(made)
      : `A backup was made and checked: ${made.folder} (${made.databases.join(", ")}; ${sizeOf(made.sizeBytes)})`,
  );
  return exitCode.fine;
}

/** `roost backup list`. */
export function listAll(options: RemoteOptions, terminal: Terminal): number {
  const backups = listBackups(dataDirOf(options, terminal));
  if (options.json) {
    terminal.out(JSON.stringify(backups));
    return exitCode.fine;
  }
  if (backups.length === 0) terminal.out("There is no backup yet. Make one with: roost backup");
  for (const { name, madeAtMs, sizeBytes, databases } of backups)
    terminal.out(
      `${name}  ${ageOf(Date.now() - madeAtMs)} old, ${sizeOf(sizeBytes)}: ${databases.join(", ")}`,
    );
  return exitCode.fine;
}

/** `roost restore NAME|host|all`. */
export async function restoreOne(
  what: string,
  options: RemoteOptions & { readonly from?: string | undefined; readonly empty?: boolean | undefined },
  terminal: Terminal,
): Promise<number> {
  const dataDir = dataDirOf(options, terminal);
  const request: RestoreRequest = { what, from: options.from, empty: options.empty };
  const restored = (await isHostThere(dataDir))
    ? await askToRestore(dataDir, request)
    : await underLock(configOf(options, terminal), (config) => restoreWithoutHost(config, request));
  if (options.json) terminal.out(JSON.stringify(restored));
  else for (const each of restored) terminal.out(describeRestored(each, Date.now()));
  return exitCode.fine;
}

async function askToRestore(dataDir: string, { what, from, empty }: RestoreRequest): Promise<Restored[]> {
  const query = new URLSearchParams({
    what,
    ...(from === undefined ? {} : { from }),
    ...(empty ? { empty: "1" } : {}),
  });
  return (await (await askHost(dataDir, "POST", `/restore?${query}`)).json()) as Restored[];
}

function backupsWithoutHost({ dataDir, backup, instances }: Config): Backups {
  return new Backups({
    dataDir,
    keep: () => backup.keep,
    instances: () => instances.keys(),
    copyHost: (target) => runDatabaseTask({ file: hostDatabaseFile(dataDir), target }),
  });
}

function restoreWithoutHost({ dataDir, catchUpMs }: Config, request: RestoreRequest): Promise<Restored[]> {
  return restore(request, {
    dataDir,
    changeInstance: async (_, swap) => swap(),
    changeHost: async (swap, madeAtMs) => {
      swap();
      if (madeAtMs === undefined || Date.now() - madeAtMs <= catchUpMs) return;
      const store = new HostStore(hostDatabaseFile(dataDir));
      store.open();
      store.forgetUnfinished(Date.now());
      store.close();
    },
  });
}

/** No host may start meanwhile. */
async function underLock<Result>(config: Config, work: (config: Config) => Promise<Result>): Promise<Result> {
  const { dataDir } = config;
  if (!existsSync(dataDir)) throw new RoostError("not-found", `There is no data folder ${dataDir}.`);
  const lock = new FolderLock(join(dataDir, "host"));
  lock.open();
  try {
    return await work(config);
  } finally {
    lock.close();
  }
}

function configOf(options: RemoteOptions, terminal: Terminal): Config {
  const file = configFileOf(options.config, terminal);
  const { config } = loadConfig(file, { env: terminal.env, plugins: pluginSettings });
  if (config !== undefined) return config;
  throw new RoostError(
    "config-invalid",
    `No host is running, and ${file} cannot be read. See what is wrong with: roost check --config ${file}`,
  );
}

function sizeOf(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.ceil(bytes / 1_000_000)} MB`;
}
