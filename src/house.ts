import { Accounts } from "./accounts.ts";
import type { Config, LoadedConfig, Problem } from "./core/config.ts";
import type { InstanceId, UserId } from "./core/id.ts";
import type { AccountStatus } from "./core/matrix.ts";
import type { HostControl, HostSnapshot } from "./core/status.ts";
import { Allowances } from "./delivery/allowances.ts";
import { Inbox } from "./delivery/inbox.ts";
import { Outbox } from "./delivery/outbox.ts";
import { Roster } from "./delivery/roster.ts";
import { readHostResources } from "./host-resources.ts";
import { Instances } from "./instances.ts";
import type { LogRouter } from "./log/router.ts";
import { Operations } from "./operations.ts";
import { snapshotAccounts, snapshotInstance } from "./snapshot.ts";
import type { HostStore } from "./store/host-store.ts";
import { monotonicClock } from "./supervisor/clock.ts";
import { Supervisor } from "./supervisor/supervisor.ts";
import type { AccountState } from "./supervisor/unit.ts";

export interface HouseOptions {
  readonly config: Config;
  readonly load: () => LoadedConfig;
  readonly store: HostStore;
  readonly router: LogRouter;
  readonly version: string;
  readonly phase: () => HostSnapshot["phase"];
}

/** The working rooms and how they are introduced to each other: accounts, delivery, runtimes, supervisor. */
export class House implements HostControl {
  readonly #options: HouseOptions;
  readonly #startedAtMs = Date.now();
  readonly #roster = new Roster();
  readonly #accounts: Accounts;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #allowances: Allowances;
  readonly #instances: Instances;
  readonly #supervisor: Supervisor;
  readonly #operations: Operations;

  constructor(options: HouseOptions) {
    this.#options = options;
    const { config, load, store, router } = options;
    const log = (id?: InstanceId) => router.logger(id);
    const roster = this.#roster;
    const account = (userId: UserId) => this.#accounts.get(userId);
    this.#accounts = new Accounts({
      log: log(),
      loadSyncState: (userId) => store.loadSyncState(userId),
      onBatch: (batch) => this.#inbox.accept(batch),
      listedRooms: (userId) => roster.listedRooms(userId),
      onRooms: (userId, standings) => roster.setStandings(userId, standings),
      onStatus: (userId, status) => this.#follow(userId, status),
      onSecret: (secret) => router.addSecrets([secret]),
      instancesOf: (userId) => roster.instancesOf(userId),
    });
    this.#outbox = new Outbox({
      store,
      account,
      log,
      sendsPerMinute: (id) => roster.config(id)?.sendsPerMinute ?? Number.POSITIVE_INFINITY,
    });
    this.#inbox = new Inbox({
      store,
      catchUpMs: config.catchUpMs,
      own: () => this.#ownUsers(),
      listeners: () => roster.listeners(),
      fetchEvent: async (row, signal) => account(row.account)?.fetchEvent(row.roomId, row.eventId, signal),
      onWithdrawn: (what) => {
        this.#allowances.withdraw(what.instance, what.trigger);
        this.#outbox.withdraw(what, store.withdraw(what.instance, what.trigger, Date.now()));
      },
      log,
    });
    this.#allowances = new Allowances(store.notes);
    this.#instances = new Instances({
      allowances: this.#allowances,
      notes: store.notes,
      dataDir: config.dataDir,
      roster,
      inbox: this.#inbox,
      outbox: this.#outbox,
      account,
      log,
    });
    this.#supervisor = new Supervisor({
      runner: this.#instances,
      clock: monotonicClock(),
      random: Math.random,
      log,
      onChange: () => {},
      saveDesired: (id, desired) => store.notes.saveOperatorStop(id, desired === "stopped", Date.now()),
    });
    const supervisor = this.#supervisor;
    const accounts = this.#accounts;
    const announceAccount = (userId: UserId) => {
      const status = accounts.get(userId)?.status();
      if (status !== undefined) this.#follow(userId, status);
    };
    this.#operations = new Operations(
      {
        load,
        accounts,
        roster,
        store,
        supervisor,
        announceAccount,
        log: log(),
        forget: (id) => router.forget(id),
      },
      config,
    );
  }

  /** Starts everything side by side. What an earlier run wrote down and did not send comes first. */
  async open(problems: readonly Problem[]): Promise<void> {
    for (const userId of this.#options.config.accounts.keys()) this.#outbox.resume(userId);
    await this.#operations.begin(problems);
  }

  /** Lets what is in hand finish, then closes in reverse. */
  async close(): Promise<void> {
    await this.#supervisor.close();
    this.#outbox.close();
    await this.#accounts.close();
  }

  noticeEdit(): Promise<void> {
    return this.#operations.noticeEdit();
  }

  start(id: InstanceId): Promise<string> {
    return this.#operations.start(id);
  }

  stop(id: InstanceId): Promise<string> {
    return this.#operations.stop(id);
  }

  restart(id: InstanceId): Promise<string> {
    return this.#operations.restart(id);
  }

  snapshot(): HostSnapshot {
    const { store, version, phase } = this.#options;
    const cause = store.lastError();
    const config = this.#operations.config();
    const pending = this.#operations.pending();
    const ids = [...config.instances.keys(), ...config.quarantined.keys()];
    return {
      version,
      startedAtMs: this.#startedAtMs,
      nowMs: Date.now(),
      phase: phase(),
      database: { ok: cause === undefined, cause },
      resources: readHostResources(),
      accounts: snapshotAccounts(this.#accounts.list(), this.#roster),
      instances: ids.map((id) =>
        snapshotInstance(id, {
          plugin: config.instances.get(id)?.plugin ?? "unknown",
          supervisor: this.#supervisor,
          standings: this.#roster.standingsOf(id),
          troubles: [this.#inbox.troubleOf(id), this.#outbox.troubleOf(id)],
          tally: this.#instances.tally(id),
          resources: this.#instances.resources(id),
          queued: cause === undefined ? store.countQueued(id) : 0,
          week: cause === undefined ? store.notes.countsOfWeek(id, Date.now()) : new Map(),
          restartNeeded: pending.changes.some((change) => change.startsWith(`instance ${id} `)),
        }),
      ),
      pending,
    };
  }

  #ownUsers(): ReadonlySet<UserId> {
    const { accounts, admin } = this.#operations.config();
    return new Set([...accounts.keys(), ...(admin.account === undefined ? [] : [admin.account])]);
  }

  #follow(userId: UserId, status: AccountStatus): void {
    if (status.state === "syncing") this.#outbox.wake();
    this.#supervisor.accountChanged(this.#roster.instancesOf(userId), accountStateOf(status));
  }
}

function accountStateOf(status: AccountStatus): AccountState {
  switch (status.state) {
    case "connecting":
      return { state: "connecting" };
    case "syncing":
      return { state: "ready" };
    case "waiting":
      return { state: "waiting", cause: status.cause, nextAttemptMs: status.nextAttemptMs };
    case "failed":
      return { state: "failed", cause: status.cause };
    case "stopped":
      return { state: "connecting" };
  }
}
