import { AccountDefinitions } from "../../config/account-definitions.ts";
import { Definitions } from "../../config/definitions.ts";
import type { ConfigReader } from "../../config/reader.ts";
import type { BackupControl } from "../../core/backup.ts";
import type { InstanceId } from "../../core/id.ts";
import type { Management } from "../../core/management.ts";
import type { HostControl } from "../../core/status.ts";
import type { LogRouter } from "../../log/router.ts";
import type { HostStore } from "../../store/host-store.ts";
import { askDatabase } from "../../store/query-process.ts";
import { instanceDatabaseFile } from "../databases/instance-databases.ts";
import type { House } from "../house.ts";
import type { KnownPlugins } from "../known-plugins.ts";
import { auditTo } from "./audit.ts";
import { InstanceTrash } from "./instance-trash.ts";
import { ManagedAccounts } from "./managed-accounts.ts";
import { ManagedBackups } from "./managed-backups.ts";
import { ManagedInstances } from "./managed-instances.ts";
import { ManagedPlugins } from "./managed-plugins.ts";
import { readSavedSettings } from "./saved-settings.ts";
import { Turns } from "./turns.ts";

export interface ManagementOptions {
  readonly house: House;
  readonly store: HostStore;
  readonly router: LogRouter;
  readonly plugins: KnownPlugins;
  readonly backups: BackupControl;
  readonly reader: ConfigReader;
  /** Starts this program in the role that answers one question about a database. */
  readonly databaseCommand: readonly string[];
}

const queryLimitMs = 10_000;
const maxViewedRooms = 200;

/** Start, stop and restart for an operator, each of which leaves an audit record. */
export function controlHouse(house: House, router: LogRouter): HostControl {
  const audit = auditTo((id) => router.logger(id));
  return {
    snapshot: () => house.snapshot(),
    samples: (id) => house.samples(id),
    askPlugin: (id, asked) => house.askPlugin(id, asked),
    start: (id, actor) => {
      if (actor !== undefined) audit(actor, "Somebody asked for the instance's start.", id);
      return house.operations.start(id);
    },
    stop: (id, actor) => {
      if (actor !== undefined) audit(actor, "Somebody asked for the instance's stop.", id);
      return house.operations.stop(id);
    },
    restart: (id, actor) => {
      if (actor !== undefined) audit(actor, "Somebody asked for the instance's restart.", id);
      return house.operations.restart(id);
    },
  };
}

/** All that people may do to the running host, put together from the parts that do it. */
export function manageHost(options: ManagementOptions): Management {
  const { house, store, router, plugins, backups, reader, databaseCommand } = options;
  const { dataDir } = house.config();
  const turns = new Turns();
  const audit = auditTo((id) => router.logger(id));
  const definitions = new Definitions(reader);
  const accountDefinitions = new AccountDefinitions(reader, (edit) => definitions.alone(edit));
  const instances = new ManagedInstances({
    ...{ house, store, definitions, turns, audit },
    accounts: accountDefinitions,
    trash: new InstanceTrash(dataDir),
  });
  const accounts = new ManagedAccounts({
    ...{ house, turns, audit },
    definitions: accountDefinitions,
    onSecret: (secret) => router.addSecrets([secret]),
  });
  const managedPlugins = new ManagedPlugins({
    ...{ plugins, turns, audit },
    log: router.logger(),
    users: () => usersOfPlugins(house, definitions),
    observed: (id) => (house.supervisor.has(id) ? house.supervisor.observed(id) : undefined),
    restart: (id) => house.operations.restart(id),
  });
  const managedBackups = new ManagedBackups({
    ...{ backups, audit },
    cutSecrets: (text) => router.cutSecrets(text),
  });
  const databaseOf = (id: InstanceId) => instanceDatabaseFile(dataDir, definitions.read(id).id);
  return {
    plugins: () => managedPlugins.list(),
    addPlugin: (file, how, actor) => managedPlugins.add(file, how, actor),
    removePlugin: (id, actor) => managedPlugins.remove(id, actor),
    agreeToPlugin: (id, actor) => managedPlugins.agree(id, actor),
    reloadPlugin: (id, actor) => managedPlugins.reload(id, actor),
    lookAtPluginFolder: () => managedPlugins.lookAtFolder(),
    lookForMissing: () => managedPlugins.lookForMissing(),

    definition: (id) => definitions.read(id),
    definitions: (ids) => definitions.readEach(ids),
    previewInstance: (id, change) => definitions.preview(id, change),
    saveInstance: (id, change, actor, onStep) => instances.save(id, change, actor, onStep),
    savedSettings: (id) => {
      const config = house.config().instances.get(id);
      const schema = config === undefined ? undefined : plugins.find(config.plugin)?.schema;
      return config === undefined ? [] : readSavedSettings(dataDir, config, schema);
    },
    discardSavedSettings: (id, actor) => instances.discardSaved(id, actor),
    renameInstance: (id, to, actor) => instances.rename(id, to, actor),
    deleteInstance: (id, actor) => instances.remove(id, actor),
    trashedInstances: () => instances.trashed(),
    recoverInstance: (folder, actor) => instances.recover(folder, actor),

    accounts: () => accounts.list(),
    addAccount: (userId, login, { displayname }, actor, onStep) =>
      accounts.add(userId, login, displayname, actor, onStep),
    editAccount: (userId, change, actor) => accounts.edit(userId, change, actor),
    removeAccount: (userId, actor) => accounts.remove(userId, actor),
    makeSession: (user, password, how, actor) => accounts.makeSession(user, password, how, actor),
    whoIs: (accessToken) => accounts.whoIs(accessToken),
    homeserver: () => accounts.homeserver(),
    viewRooms: (userId, references) => accounts.viewRooms(userId, references),
    viewRoomsOf: async (id) => {
      const { account, rooms } = definitions.read(id);
      const found = house.roster.standingsOf(id).map(({ reference }) => reference);
      return accounts.viewRooms(account, rooms === "any" ? found.slice(0, maxViewedRooms) : rooms);
    },

    databaseTables: async (id) =>
      askDatabase(databaseCommand, { ask: "tables", file: databaseOf(id) }, queryLimitMs),
    queryDatabase: async (id, sql, { mayWrite, limit }, actor) => {
      const file = databaseOf(id);
      if (mayWrite) audit(actor, "A statement that may write was run on the instance's database.", id);
      return askDatabase(databaseCommand, { ask: "query", file, sql, mayWrite, limit }, queryLimitMs);
    },

    pendingDifferences: () => house.operations.differences(),
    applyPending: async (actor) => {
      audit(actor, "What changed in the config is applied.");
      const failures = await house.operations.applyPending();
      return failures.length === 0 ? "What changed is in force." : failures.join(" ");
    },

    backups: () => managedBackups.list(),
    makeBackup: (actor) => managedBackups.make(actor),
    openBackup: (id) => managedBackups.open(id),
    restoreBackup: (id, what, actor) => managedBackups.restore(id, what, actor),
  };
}

/** By plugin: those in force, those that could not be read, and those that are only on disk yet. */
function usersOfPlugins(house: House, definitions: Definitions): ReadonlyMap<string, readonly InstanceId[]> {
  const { instances, quarantined } = house.config();
  const disk = house.operations.read();
  const ids = new Set([...instances.keys(), ...quarantined.keys(), ...(disk?.definitions.keys() ?? [])]);
  return Map.groupBy(ids, (id) => instances.get(id)?.plugin ?? pluginOf(id, definitions));
}

/** Empty for a definition that names none. */
function pluginOf(id: InstanceId, definitions: Definitions): string {
  try {
    return definitions.read(id).plugin;
  } catch {
    return "";
  }
}
