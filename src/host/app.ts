import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigReader } from "../config/reader.ts";
import { watchConfig } from "../config/watch.ts";
import { type Config, formatProblem, type LoadedConfig } from "../core/config.ts";
import { sentenceOf } from "../core/error.ts";
import type { HostSnapshot } from "../core/status.ts";
import { webRoot } from "../core/web-request.ts";
import { RecentRecords } from "../log/recent.ts";
import type { LogRouter } from "../log/router.ts";
import { hasLoggedIn } from "../matrix/credentials.ts";
import { roles } from "../roles.ts";
import { HostStore } from "../store/host-store.ts";
import { FolderLock } from "../store/lock.ts";
import { RecordStore } from "../store/record-store.ts";
import { Standstill } from "../vitals/standstill.ts";
import { ControlServer } from "../web/control.ts";
import { Login } from "../web/login.ts";
import { Metrics } from "../web/metrics.ts";
import { WebServer } from "../web/server.ts";
import { Sessions } from "../web/sessions.ts";
import { adminRoomOf } from "./admin-room.ts";
import { hostDatabaseFile } from "./databases/backups.ts";
import { HostBackups } from "./databases/daily-backups.ts";
import { openHostStore } from "./databases/database-recovery.ts";
import { HostDatabaseWatch } from "./databases/database-watch.ts";
import { DiskWatch } from "./databases/disk-watch.ts";
import { House } from "./house.ts";
import { KnownPlugins } from "./known-plugins.ts";
import { controlHouse, manageHost } from "./management/management.ts";
import { PluginWatch } from "./plugin-watch.ts";
import { Runtimes } from "./runtimes.ts";
import { ServiceManager } from "./service-manager.ts";

export interface AppOptions {
  readonly configFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly router: LogRouter;
  /** The command that starts this program once more. */
  readonly self: readonly [string, ...string[]];
}

/** The main file cannot be understood at all, so there is nothing to run. */
export class UnreadableConfig extends Error {
  readonly loaded: LoadedConfig;

  constructor(loaded: LoadedConfig) {
    super("The config cannot be read.");
    this.loaded = loaded;
  }
}

const pruneEveryMs = 3_600_000;

/** The host process from the lock on its data folder to its page: opens everything in order and closes it in reverse. */
export class App {
  readonly #options: AppOptions;
  readonly #closers: (() => unknown)[] = [];
  #phase: HostSnapshot["phase"] = "starting";
  /** Watches what the config as last read consists of. */
  #follow: (files: readonly string[]) => void = () => {};

  constructor(options: AppOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the config is in force; instances and accounts go on starting by themselves.
   * @throws UnreadableConfig, or RoostError `data-dir-in-use` or `database` (data folder not writable).
   */
  async open(): Promise<void> {
    const { router, version, configFile, self } = this.#options;
    const log = router.logger();
    const plugins = new KnownPlugins({ ...this.#options, log, keepsCopies: true });
    await plugins.open();
    const reader = new ConfigReader(configFile, { env: this.#options.env, plugins, hasLoggedIn });
    const load = () => this.#take(reader.read().loaded);
    const loaded = load();
    const { config, problems } = loaded;
    if (config === undefined) throw new UnreadableConfig(loaded);
    // In a folder of its own: the config's watcher would hear of every write to files beside instances.d.
    const hostFolder = join(config.dataDir, "host");
    await this.#opened(new FolderLock(hostFolder));
    const records = await this.#openRecords(hostFolder);
    const metrics = new Metrics();
    router.addSink(metrics.sink, "INFO");
    for (const problem of problems)
      log.warn(`Config problem: ${formatProblem({ ...problem, excerpt: undefined })}`);
    const store = new HostStore(hostDatabaseFile(config.dataDir));
    this.#closers.push(() => store.close());
    const loss = openHostStore(store, { dataDir: config.dataDir, catchUpMs: config.catchUpMs, log });
    const disk = await this.#opened(new DiskWatch(config.dataDir, log));
    await this.#opened(new Standstill(log));
    mkdirSync(join(config.dataDir, "instances.d"), { recursive: true, mode: 0o700 });
    const adminRoom = adminRoomOf(config, { store, log, onSecret: (secret) => router.addSecrets([secret]) });
    if (adminRoom !== undefined) {
      router.addSink(adminRoom.sink, "INFO");
      await this.#opened(adminRoom);
    }
    if (loss !== undefined) log.critical(loss);
    const runtimes = new Runtimes({
      dataDir: config.dataDir,
      plugins,
      self,
      webappUrl: (id) =>
        `${config.server.publicUrl ?? `http://${config.server.host}:${config.server.port}`}${webRoot}/${encodeURIComponent(id)}/`,
      homeserverUrl: config.homeserver.url,
      log,
    });
    this.#closers.push(() => runtimes.close());
    const house = new House({
      config,
      load,
      store,
      router,
      version,
      phase: () => this.#phase,
      disk: () => disk.space(),
      adminRoom: () => adminRoom?.status(),
      runtimes,
      onReply: (id, latencyMs) => metrics.observeReply(id, latencyMs),
    });
    this.#closers.push(() => house.close());
    const backups = await this.#opened(
      new HostBackups({
        dataDir: config.dataDir,
        config: () => house.config(),
        store,
        log,
        changeInstance: (id, swap) => house.changeDatabase(id, swap),
        onHostChanged: () => house.beginAgain(),
      }),
    );
    await this.#opened(new HostDatabaseWatch(store, log, () => house.beginAgain()));
    await house.open(problems);
    const control = controlHouse(house, router);
    const login = new Login({ account: () => pageAccountOf(house.config()) });
    const management = manageHost({
      ...{ house, store, router, plugins, backups, reader },
      databaseCommand: [...self, roles.database],
    });
    const web = await this.#opened(
      new WebServer({
        ...config.server,
        version,
        control,
        management,
        records,
        login,
        sessions: new Sessions({ store: store.sessions, fingerprint: () => login.fingerprint() }),
        metrics,
        log,
        cutSecrets: (text) => router.cutSecrets(text),
      }),
    );
    await this.#opened(new PluginWatch(() => management.lookAtPluginFolder()));
    await this.#openControl(
      new ControlServer({ dataDir: config.dataDir, control, backups, plugins: management, records, log }),
    );

    const watcher = watchConfig(loaded.watched, () => void house.operations.noticeEdit());
    this.#follow = (files) => watcher.follow(files);
    const pruner = setInterval(() => this.#prune(store), pruneEveryMs);
    this.#closers.push(
      () => watcher.close(),
      () => clearInterval(pruner),
    );
    this.#phase = "running";
    await this.#opened(new ServiceManager({ env: this.#options.env, snapshot: control.snapshot, log }));
    log.info(`Roost ${version} is up.`, {
      instances: config.instances.size,
      page: web.port === undefined ? undefined : `http://${config.server.host}:${web.port}/`,
    });
  }

  /** Finishes what is in hand, within 5 s, and closes everything in reverse. Works after a half-done `open` too. */
  async close(): Promise<void> {
    if (this.#phase === "running") this.#options.router.logger().info("Roost is stopping.");
    this.#phase = "stopping";
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        this.#options.router.logger().error("Something did not close cleanly.", {}, error);
      }
    }
  }

  async #opened<Part extends { open(): unknown; close(): unknown }>(part: Part): Promise<Part> {
    this.#closers.push(() => part.close());
    await part.open();
    return part;
  }

  async #openRecords(folder: string): Promise<RecentRecords> {
    const { router } = this.#options;
    const store = new RecordStore({ folder, log: router.logger() });
    const records = new RecentRecords(store);
    // Before it is opened, so that what it says of itself is kept too.
    router.addSink(records.sink, "INFO");
    await this.#opened(store);
    return records;
  }

  /** Without it the bots run all the same: only the command line cannot reach them. */
  async #openControl(control: ControlServer): Promise<void> {
    try {
      await this.#opened(control);
    } catch (error) {
      this.#options.router.logger().warn(sentenceOf(error), {}, error);
    }
  }

  #take(loaded: LoadedConfig): LoadedConfig {
    this.#options.router.addSecrets(loaded.secrets);
    this.#follow(loaded.watched);
    return loaded;
  }

  #prune(store: HostStore): void {
    try {
      store.prune(Date.now());
    } catch (error) {
      this.#options.router
        .logger()
        .warn("Old rows could not be cleared away; it is tried again in an hour.", {}, error);
    }
  }
}

/** Who may log in to the page: nobody unless the config says both name and password hash, and both could be read. */
function pageAccountOf({ admin: { username, passwordHash } }: Config) {
  return username !== undefined &&
    "secret" in username &&
    passwordHash !== undefined &&
    "secret" in passwordHash
    ? { username: username.secret, passwordHash: passwordHash.secret }
    : undefined;
}
