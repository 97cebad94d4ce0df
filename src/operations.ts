import type { Accounts } from "./accounts.ts";
import { diffConfigs } from "./config/diff.ts";
import { revealed } from "./config/secrets.ts";
import {
  type Config,
  formatProblem,
  type InstanceConfig,
  type LoadedConfig,
  type Problem,
} from "./core/config.ts";
import { RoostError } from "./core/error.ts";
import type { InstanceId, UserId } from "./core/id.ts";
import type { Logger } from "./core/log.ts";
import type { Desired, PendingConfig } from "./core/status.ts";
import type { Roster } from "./delivery/roster.ts";
import type { HostStore } from "./store/host-store.ts";
import type { Supervisor } from "./supervisor/supervisor.ts";

export interface OperationsOptions {
  readonly load: () => LoadedConfig;
  readonly accounts: Accounts;
  readonly roster: Roster;
  readonly store: HostStore;
  readonly supervisor: Supervisor;
  /** Tells the supervisor how an account stands: for an instance that joins one that is already connected. */
  readonly announceAccount: (userId: UserId) => void;
  /** Which of its records are kept and printed from now on. */
  readonly setLogLevel: (id: InstanceId, level: InstanceConfig["logLevel"]) => void;
  readonly log: Logger;
  /** The instance is gone, and its faults with it. */
  readonly forget: (id: InstanceId) => void;
}

/**
 * What people ask of the host: the config they wrote, and start, stop and restart. Keeps the config in force apart from the one
 * on disk; an edit comes into force for one instance when that instance is restarted, for all of it when the host is.
 */
export class Operations {
  readonly #options: OperationsOptions;
  #inForce: Config;
  #pending: PendingConfig = { changes: [], problems: [] };

  constructor(options: OperationsOptions, config: Config) {
    this.#options = options;
    this.#inForce = config;
  }

  config(): Config {
    return this.#inForce;
  }

  pending(): PendingConfig {
    return this.#pending;
  }

  /** Puts every instance of the first config under supervision and connects their accounts, side by side. */
  async begin(problems: readonly Problem[]): Promise<void> {
    const config = this.#inForce;
    this.#pending = { changes: [], problems };
    for (const instance of config.instances.values()) this.#adopt(instance);
    for (const [id, found] of config.quarantined) this.#quarantine(id, found);
    const used = new Set([...config.instances.values()].map((instance) => instance.account));
    await Promise.all([...used].map((userId) => this.#ensureAccount(userId, config)));
  }

  /** The files changed: says what restarting would change, or does it where the config says `reload: automatic`. */
  async noticeEdit(): Promise<void> {
    const { log } = this.#options;
    const disk = this.#read();
    for (const problem of this.#pending.problems)
      log.warn(`Config problem: ${formatProblem({ ...problem, excerpt: undefined })}`);
    if (disk === undefined) {
      log.warn("The config on disk cannot be read; what runs goes on with the last good one. Mend the file.");
      return;
    }
    if (this.#pending.changes.length === 0) return;
    if (disk.reload === "automatic") {
      const ids = new Set([...this.#changedInstances(disk), ...this.#hopefulInstances(disk)]);
      // Side by side: one that takes its time, or is refused, delays none.
      await Promise.all(
        [...ids].map((id) => this.restart(id).catch((error) => log.warn(String(error.message)))),
      );
      return;
    }
    log.info("The config changed on disk; restart the instances named, or the unit, to apply it.", {
      changes: this.#pending.changes.join("; "),
    });
  }

  async start(id: InstanceId): Promise<string> {
    const { supervisor, roster } = this.#options;
    if (roster.config(id)?.enabled === false) {
      throw new RoostError(
        "usage",
        `${id} has enabled: false in its YAML. Set it to true, then run: roost restart ${id}`,
      );
    }
    const found = this.#inForce.quarantined.get(id);
    if (found !== undefined) {
      throw new RoostError(
        "config-invalid",
        `${id} cannot start, its config has a problem: ${sentenceOfFirst(found)} Mend it, then run: roost restart ${id}`,
      );
    }
    this.#listen(id, true);
    supervisor.setDesired(id, "running", "");
    await this.#arrive(id);
    return this.#describe(id);
  }

  async stop(id: InstanceId): Promise<string> {
    const { supervisor } = this.#options;
    supervisor.observed(id);
    this.#listen(id, false);
    supervisor.setDesired(id, "stopped", "It was stopped by an operator.");
    await supervisor.settled(id);
    return `${id} is stopped, and stays so across restarts, until: roost start ${id}`;
  }

  /** Applies the instance's YAML as it is on disk now and begins a fresh run; the other instances are not touched. */
  async restart(id: InstanceId): Promise<string> {
    const { supervisor } = this.#options;
    const disk = this.#read();
    if (disk === undefined)
      throw new RoostError("config-invalid", `${id} was not restarted: ${this.#firstProblem()}`);
    const found = disk.quarantined.get(id);
    if (found !== undefined) {
      throw new RoostError(
        "config-invalid",
        `${id} was not restarted, its config has a problem: ${sentenceOfFirst(found)}`,
      );
    }
    const next = disk.instances.get(id);
    if (next === undefined) return this.#dismiss(id);
    if (next.account === this.#inForce.admin.account) {
      throw new RoostError(
        "config-invalid",
        `${id} was not restarted: until the unit is restarted, its account is the one that writes to the admin room, and that one runs no bot.`,
      );
    }
    const isUnderWay = this.#isUnderWay(id);
    this.#apply(next, disk);
    await this.#ensureAccount(next.account, disk);
    this.#options.announceAccount(next.account);
    if (isUnderWay) supervisor.restart(id);
    await this.#arrive(id);
    this.#compare(disk);
    return this.#describe(id);
  }

  /** Waits until it is known what became of a start; for an account that connects anew, 10 s at most. */
  async #arrive(id: InstanceId): Promise<void> {
    const { supervisor } = this.#options;
    const endsAtMs = performance.now() + 10_000;
    for (;;) {
      const { state } = await supervisor.settled(id);
      if (state !== "starting" || performance.now() > endsAtMs) return;
      await Bun.sleep(20);
    }
  }

  #read(): Config | undefined {
    const loaded = this.#options.load();
    this.#pending = { changes: this.#pending.changes, problems: loaded.problems };
    if (loaded.config !== undefined) this.#compare(loaded.config);
    return loaded.config;
  }

  /** Whether there is a run to be replaced: an instance that is idle starts as soon as it is adopted. */
  #isUnderWay(id: InstanceId): boolean {
    if (!this.#inForce.instances.has(id)) return false;
    const { state } = this.#options.supervisor.observed(id);
    return state === "running" || state === "starting" || state === "waiting";
  }

  #compare(disk: Config): void {
    this.#pending = { changes: diffConfigs(this.#inForce, disk), problems: this.#pending.problems };
  }

  #changedInstances(disk: Config): InstanceId[] {
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

  /** Those that failed and whose account may be registered now, with another token. */
  #hopefulInstances(disk: Config): InstanceId[] {
    const token = (config: Config) => revealed(config.homeserver.registrationToken);
    if (token(disk) === token(this.#inForce)) return [];
    const { supervisor } = this.#options;
    return [...this.#inForce.instances.keys()].filter((id) => supervisor.observed(id).state === "failed");
  }

  #apply(next: InstanceConfig, disk: Config): void {
    const { quarantined, instances, accounts, definitions, ...host } = this.#inForce;
    const definition = disk.definitions.get(next.id);
    const account = disk.accounts.get(next.account);
    this.#inForce = {
      ...host,
      instances: new Map(instances).set(next.id, next),
      accounts: account === undefined ? accounts : new Map(accounts).set(next.account, account),
      quarantined: new Map([...quarantined].filter(([id]) => id !== next.id)),
      definitions: definition === undefined ? definitions : new Map(definitions).set(next.id, definition),
    };
    this.#adopt(next);
  }

  #adopt(config: InstanceConfig): void {
    const { roster, store, supervisor, setLogLevel } = this.#options;
    const stopped = store.notes.isStoppedByOperator(config.id);
    const desired: Desired = config.enabled && !stopped ? "running" : "stopped";
    setLogLevel(config.id, config.logLevel);
    roster.put(config);
    roster.setListening(config.id, desired === "running");
    supervisor.add(
      config.id,
      desired,
      stopped ? "It was stopped by an operator." : "It has enabled: false in its YAML.",
    );
  }

  #quarantine(id: InstanceId, problems: readonly Problem[]): void {
    const { supervisor } = this.#options;
    supervisor.add(id, "running");
    supervisor.failPermanently(id, `Its config has a problem: ${sentenceOfFirst(problems)}`);
  }

  async #dismiss(id: InstanceId): Promise<string> {
    const { supervisor, roster } = this.#options;
    supervisor.observed(id);
    await supervisor.remove(id);
    roster.remove(id);
    this.#options.forget(id);
    const { instances, quarantined, definitions, ...rest } = this.#inForce;
    this.#inForce = {
      ...rest,
      instances: new Map([...instances].filter(([each]) => each !== id)),
      quarantined: new Map([...quarantined].filter(([each]) => each !== id)),
      definitions: new Map([...definitions].filter(([each]) => each !== id)),
    };
    return `${id} is no longer in the config and was stopped. Its data is kept.`;
  }

  async #ensureAccount(userId: UserId, config: Config): Promise<void> {
    const account = config.accounts.get(userId);
    if (account !== undefined) await this.#options.accounts.ensure(account, config);
  }

  #listen(id: InstanceId, listening: boolean): void {
    const { roster, accounts } = this.#options;
    roster.setListening(id, listening);
    const userId = roster.config(id)?.account;
    if (userId !== undefined) void accounts.get(userId)?.showPresence();
  }

  /** Throws for one that has failed: then a start or restart was in vain. */
  #describe(id: InstanceId): string {
    const observed = this.#options.supervisor.observed(id);
    if (observed.state === "failed")
      throw new RoostError("plugin-refused", `${id} has failed: ${observed.cause}`);
    return "cause" in observed && observed.cause !== ""
      ? `${id} is ${observed.state}: ${observed.cause}`
      : `${id} is ${observed.state}.`;
  }

  #firstProblem(): string {
    const first = this.#pending.problems[0];
    return first === undefined
      ? "the config cannot be read."
      : formatProblem({ ...first, excerpt: undefined });
  }
}

function sentenceOfFirst(problems: readonly Problem[]): string {
  const first = problems.find((problem) => problem.severity === "error") ?? problems[0];
  return first === undefined ? "see roost check" : formatProblem({ ...first, excerpt: undefined });
}
