import { diffConfigs, listDifferences } from "../config/diff.ts";
import {
  type Config,
  formatProblem,
  type InstanceConfig,
  type LoadedConfig,
  type Problem,
} from "../core/config.ts";
import type { InstanceId, UserId } from "../core/id.ts";
import type { PendingDifference } from "../core/management.ts";
import type { PendingConfig } from "../core/status.ts";

/** The config that the host runs on, piece by piece replaced by what is on disk, and how the two differ. */
export class ConfigInForce {
  readonly #load: () => LoadedConfig;
  #inForce: Config;
  #pending: PendingConfig = { changes: [], problems: [] };

  constructor(load: () => LoadedConfig, config: Config) {
    this.#load = load;
    this.#inForce = config;
  }

  now(): Config {
    return this.#inForce;
  }

  pending(): PendingConfig {
    return this.#pending;
  }

  /** The problems found when the config in force was read. */
  begin(problems: readonly Problem[]): void {
    this.#pending = { changes: [], problems };
  }

  /** The config as it is on disk now; undefined while it cannot be read. */
  read(): Config | undefined {
    const { config, problems } = this.#load();
    this.#pending = { changes: this.#pending.changes, problems };
    if (config !== undefined) this.compare(config);
    return config;
  }

  compare(disk: Config): void {
    this.#pending = { changes: diffConfigs(this.#inForce, disk), problems: this.#pending.problems };
  }

  differences(): readonly PendingDifference[] {
    const disk = this.read();
    return disk === undefined ? [] : listDifferences(this.#inForce, disk);
  }

  changedInstances(disk: Config): InstanceId[] {
    const running = this.#inForce.instances;
    const ids = new Set([...running.keys(), ...disk.instances.keys()]);
    // An include file that cannot be read takes its instances out of sight: that is no wish to stop them.
    const isWhole = !this.#pending.problems.some(({ severity, path }) => severity === "error" && path === "");
    return [...ids].filter(
      (id) =>
        running.get(id)?.digest !== disk.instances.get(id)?.digest &&
        !disk.quarantined.has(id) &&
        (isWhole || disk.instances.has(id)),
    );
  }

  /** Puts an instance into force as it is on disk, with its account. */
  take(next: InstanceConfig, disk: Config): void {
    const { quarantined, instances, accounts, definitions, ...host } = this.#inForce;
    const definition = disk.definitions.get(next.id);
    const account = disk.accounts.get(next.account);
    this.#inForce = {
      ...host,
      instances: new Map(instances).set(next.id, next),
      accounts: account === undefined ? accounts : new Map(accounts).set(next.account, account),
      quarantined: without(quarantined, next.id),
      definitions: definition === undefined ? definitions : new Map(definitions).set(next.id, definition),
    };
  }

  drop(id: InstanceId): void {
    const { instances, quarantined, definitions, ...rest } = this.#inForce;
    this.#inForce = {
      ...rest,
      instances: without(instances, id),
      quarantined: without(quarantined, id),
      definitions: without(definitions, id),
    };
  }

  /** Puts an account into force as it is on disk; one that is not there goes. */
  takeAccount(userId: UserId, disk: Config | undefined): void {
    const { accounts, ...host } = this.#inForce;
    const account = disk?.accounts.get(userId);
    const others = without(accounts, userId);
    this.#inForce = {
      ...host,
      accounts: account === undefined ? others : new Map(others).set(userId, account),
    };
  }

  firstProblem(): string {
    const first = this.#pending.problems[0];
    return first === undefined
      ? "the config cannot be read."
      : formatProblem({ ...first, excerpt: undefined });
  }
}

function without<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> {
  return new Map([...map].filter(([each]) => each !== key));
}
