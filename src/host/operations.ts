import { revealed } from "../config/secrets.ts";
import {
  type Config,
  formatProblem,
  type InstanceConfig,
  type LoadedConfig,
  type Problem,
} from "../core/config.ts";
import { RoostError, sentenceOf } from "../core/error.ts";
import type { InstanceId, UserId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Logger } from "../core/log.ts";
import type { PendingDifference } from "../core/management.ts";
import type { Desired, PendingConfig } from "../core/status.ts";
import type { Roster } from "../delivery/roster.ts";
import type { HostStore } from "../store/host-store.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Accounts } from "./accounts.ts";
import { ConfigInForce } from "./config-in-force.ts";

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
  /** Hands changed settings to a plugin that takes them while it runs; undefined for one that has to be restarted. */
  readonly settingsTaker: (id: InstanceId) => ((settings: JsonObject) => void) | undefined;
  /** The instance is gone, and its faults with it. */
  readonly forget: (id: InstanceId) => void;
}

/**
 * What people ask of the host: the config they wrote, and start, stop and restart. Keeps the config in force apart from the one
 * on disk; an edit comes into force for one instance when that instance is restarted, for all of it when the host is.
 */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #config: ConfigInForce;

  constructor(options: OperationsOptions, config: Config) {
    this.#options = options;
    this.#config = new ConfigInForce(options.load, config);
  }

  config(): Config {
    return this.#config.now();
  }

  pending(): PendingConfig {
    return this.#config.pending();
  }

  /** The config as it is on disk now; undefined while it cannot be read. */
  read(): Config | undefined {
    return this.#config.read();
  }

  differences(): readonly PendingDifference[] {
    return this.#config.differences();
  }

  /** Puts every instance of the first config under supervision and connects their accounts, side by side. */
  async begin(problems: readonly Problem[]): Promise<void> {
    const config = this.#config.now();
    this.#config.begin(problems);
    for (const instance of config.instances.values()) this.#adopt(instance);
    for (const [id, found] of config.quarantined) this.#quarantine(id, found);
    const used = new Set([...config.instances.values()].map((instance) => instance.account));
    await Promise.all([...used].map((userId) => this.#ensureAccount(userId, config)));
  }

  /** The files changed: says what restarting would change, or does it where the config says `reload: automatic`. */
  async noticeEdit(): Promise<void> {
    const { log } = this.#options;
    const disk = this.#config.read();
    for (const problem of this.#config.pending().problems)
      log.warn(`Config problem: ${formatProblem({ ...problem, excerpt: undefined })}`);
    if (disk === undefined) {
      log.warn("The config on disk cannot be read; what runs goes on with the last good one. Mend the file.");
      return;
    }
    if (this.#config.pending().changes.length === 0) return;
    if (disk.reload === "automatic") {
      for (const sentence of await this.#restartChanged(disk)) log.warn(sentence);
      return;
    }
    log.info("The config changed on disk; restart the instances named, or the unit, to apply it.", {
      changes: this.#config.pending().changes.join("; "),
    });
  }

  /** Restarts every instance that differs from its YAML; answers why for those that could not be, or are left alone. */
  async applyPending(): Promise<readonly string[]> {
    const disk = this.#config.read();
    if (disk === undefined)
      throw new RoostError("config-invalid", `Nothing was restarted: ${this.#config.firstProblem()}`);
    const left = [...disk.quarantined].map(
      ([id, found]) => `${id} is left as it is, its config has a problem: ${sentenceOfFirst(found)}`,
    );
    return [...left, ...(await this.#restartChanged(disk))];
  }

  /** Side by side: one that takes its time, or is refused, delays none. */
  async #restartChanged(disk: Config): Promise<string[]> {
    const sentences: string[] = [];
    const ids = new Set([...this.#config.changedInstances(disk), ...this.#hopefulInstances(disk)]);
    await Promise.all(
      [...ids].map((id) => this.applyChange(id).catch((error: unknown) => sentences.push(sentenceOf(error)))),
    );
    return sentences;
  }

  /** Takes an account as it is on disk into force and connects it, though no instance may use it yet; or lets it go. */
  async applyAccount(userId: UserId): Promise<void> {
    const disk = this.#config.read();
    this.#config.takeAccount(userId, disk);
    if (disk?.accounts.has(userId) === true) await this.#ensureAccount(userId, disk);
    else await this.#options.accounts.dismiss(userId);
  }

  async start(id: InstanceId): Promise<string> {
    const { supervisor, roster } = this.#options;
    if (roster.config(id)?.enabled === false) {
      throw new RoostError(
        "usage",
        `${id} has enabled: false in its YAML. Set it to true, then run: roost restart ${id}`,
      );
    }
    const found = this.#config.now().quarantined.get(id);
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
    return `${id} is stopped until somebody starts it, also when Roost restarts.`;
  }

  /** As `restart`, but a plugin that takes changed settings while it runs goes on, if nothing else has changed. */
  async applyChange(id: InstanceId): Promise<string> {
    const disk = this.#config.read();
    const [before, next] = [this.#config.now().instances.get(id), disk?.instances.get(id)];
    const take = this.#options.settingsTaker(id);
    if (disk === undefined || next === undefined || take === undefined || !differInSettings(before, next))
      return this.restart(id);
    this.#config.take(next, disk);
    this.#options.roster.put(next, { keepsWishes: true });
    take(next.config);
    this.#config.compare(disk);
    return this.#describe(id);
  }

  /** Applies the instance's YAML as it is on disk now and begins a fresh run; the other instances are not touched. */
  async restart(id: InstanceId): Promise<string> {
    const { supervisor } = this.#options;
    const disk = this.#config.read();
    if (disk === undefined)
      throw new RoostError("config-invalid", `${id} was not restarted: ${this.#config.firstProblem()}`);
    const found = disk.quarantined.get(id);
    if (found !== undefined) {
      throw new RoostError(
        "config-invalid",
        `${id} was not restarted, its config has a problem: ${sentenceOfFirst(found)}`,
      );
    }
    const next = disk.instances.get(id);
    if (next === undefined) {
      await this.dismiss(id);
      return `${id} is no longer in the config and was stopped. Its data is kept.`;
    }
    if (next.account === this.#config.now().admin.account) {
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
    this.#config.compare(disk);
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

  /** Whether there is a run to be replaced: an instance that is idle starts as soon as it is adopted. */
  #isUnderWay(id: InstanceId): boolean {
    if (!this.#config.now().instances.has(id)) return false;
    const { state } = this.#options.supervisor.observed(id);
    return state === "running" || state === "starting" || state === "waiting";
  }

  /** Those that failed and whose account may be registered now, with another token. */
  #hopefulInstances(disk: Config): InstanceId[] {
    const token = (config: Config) => revealed(config.homeserver.registrationToken);
    if (token(disk) === token(this.#config.now())) return [];
    const { supervisor } = this.#options;
    return [...this.#config.now().instances.keys()].filter(
      (id) => supervisor.observed(id).state === "failed",
    );
  }

  #apply(next: InstanceConfig, disk: Config): void {
    this.#config.take(next, disk);
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

  /** Stops an instance and lets it go, whatever its YAML says; `restart` takes it up again. Throws RoostError `not-found`. */
  async dismiss(id: InstanceId): Promise<void> {
    const { supervisor, roster } = this.#options;
    supervisor.observed(id);
    await supervisor.remove(id);
    roster.remove(id);
    this.#options.forget(id);
    this.#config.drop(id);
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
}

/** Whether the plugin's own settings are all that differs. */
function differInSettings(before: InstanceConfig | undefined, next: InstanceConfig): boolean {
  const others = ({ config: _, digest: __, ...rest }: InstanceConfig) => rest;
  return before !== undefined && Bun.deepEquals(others(before), others(next));
}

function sentenceOfFirst(problems: readonly Problem[]): string {
  const first = problems.find((problem) => problem.severity === "error") ?? problems[0];
  return first === undefined ? "see roost check" : formatProblem({ ...first, excerpt: undefined });
}
