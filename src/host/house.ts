import type { Config, LoadedConfig, Problem } from "../core/config.ts";
import type { InstanceId, UserId } from "../core/id.ts";
import type { AccountStatus } from "../core/matrix.ts";
import type { HostSnapshot, Sample } from "../core/status.ts";
import type { WebAnswer, WebRequest } from "../core/web-request.ts";
import { Allowances } from "../delivery/allowances.ts";
import { Inbox } from "../delivery/inbox.ts";
import { Outbox } from "../delivery/outbox.ts";
import { Roster } from "../delivery/roster.ts";
import type { LogRouter } from "../log/router.ts";
import type { HostStore } from "../store/host-store.ts";
import { monotonicClock } from "../supervisor/clock.ts";
import { MemoryWatch } from "../supervisor/memory.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { type Look, Vitals } from "../vitals/vitals.ts";
import { accountStateOf } from "./account-state.ts";
import { Accounts } from "./accounts.ts";
import { Instances } from "./instances.ts";
import { Operations } from "./operations.ts";
import { readHostResources, readMemory } from "./resources.ts";
import type { Runtimes } from "./runtimes.ts";
import { snapshotAccounts, snapshotInstance } from "./snapshot.ts";

export interface HouseOptions {
  readonly config: Config;
  readonly load: () => LoadedConfig;
  readonly store: HostStore;
  readonly router: LogRouter;
  readonly version: string;
  readonly phase: () => HostSnapshot["phase"];
  readonly disk: () => HostSnapshot["disk"];
  /** The first reply to a message is at the homeserver, so long after the message came. */
  readonly onReply: (instance: InstanceId, latencyMs: number) => void;
  readonly adminRoom: () => HostSnapshot["adminRoom"];
  readonly runtimes: Runtimes;
}

/** The working rooms and how they are introduced to each other: accounts, delivery, runtimes, supervisor. */
export class House {
  readonly #options: HouseOptions;
  readonly #startedAtMs = Date.now();
  readonly roster = new Roster();
  readonly accounts: Accounts;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #allowances: Allowances;
  readonly #instances: Instances;
  readonly supervisor: Supervisor;
  readonly operations: Operations;
  readonly #vitals: Vitals;
  readonly #memory: MemoryWatch;

  constructor(options: HouseOptions) {
    this.#options = options;
    const { config, load, store, router } = options;
    const log = (id?: InstanceId) => router.logger(id);
    const roster = this.roster;
    const account = (userId: UserId) => this.accounts.get(userId);
    this.accounts = new Accounts({
      log: log(),
      loadSyncState: (userId) => store.loadSyncState(userId),
      onBatch: (batch) => this.#inbox.accept(batch),
      listedRooms: (userId) => roster.listedRooms(userId),
      worksAnywhere: (userId) => roster.worksAnywhere(userId),
      onRooms: (userId, standings, forbidden) => roster.setStandings(userId, standings, forbidden),
      onStatus: (userId, status) => this.#follow(userId, status),
      onSecret: (secret) => router.addSecrets([secret]),
      invitationsOf: (userId) => store.notes.invitationsOf(userId),
      loadSuccessors: () => store.notes.loadSuccessors(),
      saveSuccessor: (room, successor) => store.notes.saveSuccessor(room, successor),
      isWanted: (userId) =>
        roster.listeners().some(({ account, listening }) => account === userId && listening),
      instancesOf: (userId) => roster.instancesOf(userId),
    });
    this.#outbox = new Outbox({
      store,
      account,
      log,
      sendsPerMinute: (id) => roster.config(id)?.sendsPerMinute ?? Number.POSITIVE_INFINITY,
      onSent: (id) => this.#instances.noteSent(id),
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
      onReceived: (id) => void this.#instances.tally(id).received++,
      onSettled: (id, isHandled) => void this.#instances.tally(id)[isHandled ? "handled" : "failed"]++,
      log,
    });
    this.#allowances = new Allowances(store.notes);
    this.#instances = new Instances({
      allowances: this.#allowances,
      notes: store.notes,
      dataDir: config.dataDir,
      webUrl: config.server.publicUrl ?? `http://127.0.0.1:${config.server.port}`,
      roster,
      inbox: this.#inbox,
      outbox: this.#outbox,
      account,
      runtimes: options.runtimes,
      log,
      onReply: (id, latencyMs) => {
        this.#vitals.noteReply(id, latencyMs);
        options.onReply(id, latencyMs);
      },
      onDatabaseReturned: (id) => {
        if (roster.config(id) !== undefined) this.supervisor.restart(id);
      },
    });
    this.#vitals = new Vitals({ store: store.availability, look: () => this.#look() });
    const clock = monotonicClock();
    this.supervisor = new Supervisor({
      runner: this.#instances,
      clock,
      random: Math.random,
      log,
      onChange: (id) => this.#note(id),
      saveDesired: (id, desired) => store.notes.saveOperatorStop(id, desired === "stopped", Date.now()),
    });
    const supervisor = this.supervisor;
    this.#memory = new MemoryWatch({
      read: readMemory,
      heaps: () => this.#heaps(),
      endRun: (id, cause) => supervisor.endRun(id, cause),
      log,
      now: clock.now,
    });
    const accounts = this.accounts;
    const announceAccount = (userId: UserId) => {
      const status = accounts.get(userId)?.status();
      if (status !== undefined) this.#follow(userId, status);
    };
    this.operations = new Operations(
      {
        load,
        accounts,
        roster,
        store,
        supervisor,
        announceAccount,
        setLogLevel: (id, level) => router.setLevel(id, level),
        log: log(),
        settingsTaker: (id) => this.#instances.settingsTaker(id),
        forget: (id) => {
          router.forget(id);
          this.#vitals.forget(id);
        },
      },
      config,
    );
  }

  /** Starts everything side by side. What an earlier run wrote down and did not send comes first. */
  async open(problems: readonly Problem[]): Promise<void> {
    this.#instances.databases.open();
    // What an earlier run took in and did not handle, this one does: no more is ever handled than came in.
    for (const [id, count] of this.#options.store.counts.waitingMessages())
      this.#instances.tally(id).received += count;
    this.#resumeSends();
    this.#vitals.open();
    this.#memory.open();
    await this.operations.begin(problems);
  }

  /** Lets what is in hand finish, then closes in reverse. */
  async close(): Promise<void> {
    this.#vitals.close();
    this.#memory.close();
    this.#instances.close();
    await this.supervisor.close();
    this.#outbox.close();
    await this.accounts.close();
  }

  config(): Config {
    return this.operations.config();
  }

  /** The host's database is another one now, and whatever runs has read rows of the one before: all begin a fresh run. */
  beginAgain(): void {
    for (const id of this.operations.config().instances.keys()) this.supervisor.restart(id);
    this.#resumeSends();
  }

  /** What was written down and not sent; the admin room keeps its own messages. */
  #resumeSends(): void {
    const { accounts, admin } = this.operations.config();
    for (const userId of accounts.keys()) if (userId !== admin.account) this.#outbox.resume(userId);
  }

  /** Ends the instance's run, lets `swap` change its database, and starts it again unless somebody stopped it. */
  async changeDatabase(id: InstanceId, swap: () => void): Promise<void> {
    await this.#instances.changeDatabase(id, swap);
    if (this.roster.config(id) === undefined) return;
    this.supervisor.restart(id);
    await this.supervisor.settled(id);
  }

  /** Hands a request to an instance's own pages. */
  askPlugin(id: InstanceId, asked: WebRequest): Promise<WebAnswer> {
    return this.#instances.ask(id, asked);
  }

  /** How the instance did, minute by minute: the last hour and a half at most, oldest first. */
  samples(id: InstanceId): readonly Sample[] {
    return this.#vitals.samples(id);
  }

  snapshot(): HostSnapshot {
    const { store, version, phase, router } = this.#options;
    const cause = store.lastError();
    const config = this.operations.config();
    const pending = this.operations.pending();
    const nowMs = Date.now();
    const counts = store.counts.read(nowMs);
    return {
      version,
      startedAtMs: this.#startedAtMs,
      nowMs,
      phase: phase(),
      database: { ok: cause === undefined, cause },
      disk: this.#options.disk(),
      databaseBytes: counts.databaseBytes,
      faults: router.openFaults(),
      resources: readHostResources(),
      accounts: snapshotAccounts(this.accounts.list(), this.roster),
      instances: this.#ids().map((id) =>
        snapshotInstance(id, {
          plugin: config.instances.get(id)?.plugin ?? "unknown",
          account: config.instances.get(id)?.account,
          supervisor: this.supervisor,
          vitals: this.#vitals,
          standings: this.roster.standingsOf(id),
          troubles: [this.#inbox.troubleOf(id), this.#outbox.troubleOf(id)],
          tally: this.#instances.tally(id),
          resources: this.#instances.resources(id),
          isolation: this.#instances.isolation(id),
          counts,
          restartNeeded: pending.changes.some((change) => change.startsWith(`instance ${id} `)),
        }),
      ),
      pending,
      adminRoom: this.#options.adminRoom(),
    };
  }

  #ids(): InstanceId[] {
    const { instances, quarantined } = this.operations.config();
    return [...instances.keys(), ...quarantined.keys()];
  }

  #look(): Look[] {
    return this.#ids()
      .filter((id) => this.supervisor.has(id))
      .map((id) => ({
        id,
        observed: this.supervisor.observed(id),
        tally: this.#instances.tally(id),
        memoryBytes: this.#instances.resources(id).memoryBytes,
      }));
  }

  #heaps(): ReadonlyMap<InstanceId, { heapBytes: number; allowedBytes: number }> {
    const heaps = new Map<InstanceId, { heapBytes: number; allowedBytes: number }>();
    for (const { id, memoryMb } of this.operations.config().instances.values()) {
      // A process has a limit of its own, and what it uses is not the host's.
      if (this.#instances.isolation(id) !== "worker") continue;
      const heapBytes = this.#instances.resources(id).memoryBytes;
      if (heapBytes !== undefined) heaps.set(id, { heapBytes, allowedBytes: memoryMb * 1024 * 1024 });
    }
    return heaps;
  }

  /** What the host does while it stops is its own downtime, not the instance's state. */
  #note(id: InstanceId): void {
    const supervisor = this.supervisor;
    if (this.#options.phase() === "stopping" || !supervisor.has(id)) return;
    this.#vitals.note(id, supervisor.desired(id), supervisor.observed(id));
  }

  #ownUsers(): ReadonlySet<UserId> {
    const { accounts, admin } = this.operations.config();
    return new Set([...accounts.keys(), ...(admin.account === undefined ? [] : [admin.account])]);
  }

  #follow(userId: UserId, status: AccountStatus): void {
    if (status.state === "syncing") this.#outbox.wake();
    this.supervisor.accountChanged(this.roster.instancesOf(userId), accountStateOf(status));
  }
}
