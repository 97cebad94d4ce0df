import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigReader } from "../../src/config/reader.ts";
import {
  asInstanceId,
  asRoomAlias,
  asRoomId,
  asUserId,
  type InstanceId,
  type RoomAlias,
  type RoomId,
  type UserId,
} from "../../src/core/id.ts";
import type { Actor, Management } from "../../src/core/management.ts";
import type { HostControl } from "../../src/core/status.ts";
import { hostDatabaseFile } from "../../src/host/databases/backups.ts";
import { HostBackups } from "../../src/host/databases/daily-backups.ts";
import { House } from "../../src/host/house.ts";
import { KnownPlugins } from "../../src/host/known-plugins.ts";
import { controlHouse, manageHost } from "../../src/host/management/management.ts";
import { Runtimes } from "../../src/host/runtimes.ts";
import { LogRouter } from "../../src/log/router.ts";
import { hasLoggedIn } from "../../src/matrix/credentials.ts";
import { roles } from "../../src/roles.ts";
import { HostStore } from "../../src/store/host-store.ts";
import { temporaryFolder } from "./folder.ts";

const mainFile = join(import.meta.dir, "../../src/main.ts");
export const admin: Actor = { name: "admin", via: "page" };

export interface ManagedHost {
  readonly management: Management;
  readonly control: HostControl;
  readonly house: House;
  readonly dataDir: string;
  /** What was logged, one line a record. */
  readonly logged: readonly string[];
  /** A temporary folder, with its config and data. */
  readonly folder: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A host without a process of its own, page and lock: what is behind the management port is all real. */
export async function openManagedHost(
  homeserverUrl: string,
  more = "",
  registrationToken = "letmein",
): Promise<ManagedHost> {
  const folder = temporaryFolder();
  const configFile = join(folder.path, "config.yaml");
  const dataDir = join(folder.path, "data");
  const head = `homeserver: { url: "${homeserverUrl}", registration_token: "${registrationToken}" }\ndata_dir: ${dataDir}\n`;
  writeFileSync(configFile, head + more, { mode: 0o600 });
  for (const name of ["host", "instances.d"]) mkdirSync(join(dataDir, name), { recursive: true });
  const router = new LogRouter();
  const logged: string[] = [];
  router.addSink(
    ({ severity, instance, message, context }) =>
      void logged.push(`${severity} ${instance ?? ""} ${message} ${JSON.stringify(context)}`),
    "INFO",
  );
  const log = router.logger();
  const plugins = new KnownPlugins({ configFile, env: process.env, version: "1.2.3", log });
  await plugins.open();
  const reader = new ConfigReader(configFile, { env: {}, plugins, hasLoggedIn });
  const load = () => {
    const { loaded } = reader.read();
    router.addSecrets(loaded.secrets);
    return loaded;
  };
  const { config, problems } = load();
  if (config === undefined) throw new Error(`The config is wrong: ${JSON.stringify(problems)}`);
  const store = new HostStore(hostDatabaseFile(dataDir));
  store.open();
  const house = new House({
    config,
    load,
    store,
    router,
    version: "1.2.3",
    phase: () => "running",
    disk: () => undefined,
    adminRoom: () => undefined,
    onReply: () => {},
    runtimes: new Runtimes({
      dataDir,
      plugins,
      self: [process.execPath, mainFile],
      webappUrl: (id) => `http://localhost/_matrix/maubot/plugin/${id}/`,
      homeserverUrl: config.homeserver.url,
      log,
    }),
  });
  await house.open(problems);
  const backups = new HostBackups({
    dataDir,
    config: () => house.config(),
    store,
    log,
    changeInstance: (id, swap) => house.changeDatabase(id, swap),
    onHostChanged: () => house.beginAgain(),
  });
  const databaseCommand = [process.execPath, mainFile, roles.database];
  const management = manageHost({
    house,
    store,
    router,
    plugins,
    backups,
    reader,
    databaseCommand,
  });
  return {
    management,
    control: controlHouse(house, router),
    house,
    dataDir,
    logged,
    folder: folder.path,
    [Symbol.asyncDispose]: async () => {
      await house.close();
      store.close();
      folder[Symbol.dispose]();
    },
  };
}

export function instanceId(name: string): InstanceId {
  return required(asInstanceId(name), name);
}

export function userId(name: string): UserId {
  return required(asUserId(name), name);
}

export function roomId(name: string): RoomId {
  return required(asRoomId(name), name);
}

export function roomAlias(name: string): RoomAlias {
  return required(asRoomAlias(name), name);
}

function required<Value>(value: Value | undefined, text: string): Value {
  if (value === undefined) throw new Error(`${text} is not an id.`);
  return value;
}
