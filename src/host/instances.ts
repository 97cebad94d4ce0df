import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { InstanceConfig } from "../core/config.ts";
import type { InboxRow } from "../core/delivery.ts";
import { RoostError } from "../core/error.ts";
import type { InstanceId, UserId } from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Logger } from "../core/log.ts";
import type { Account, MatrixEvent } from "../core/matrix.ts";
import { includesRoom, type RoomScope } from "../core/room-rule.ts";
import type { InstanceResources, Isolation } from "../core/status.ts";
import { type WebAnswer, type WebRequest, webRoot } from "../core/web-request.ts";
import type { Allowances } from "../delivery/allowances.ts";
import type { Inbox } from "../delivery/inbox.ts";
import type { Outbox } from "../delivery/outbox.ts";
import type { Roster } from "../delivery/roster.ts";
import { RemoteRuntime } from "../plugins/remote/remote-runtime.ts";
import type { Services } from "../plugins/remote/services.ts";
import { databaseError } from "../store/database.ts";
import type { HostNotes } from "../store/host-notes.ts";
import { InstanceDatabases, instanceDatabaseFile } from "./databases/instance-databases.ts";
import { filesOf } from "./instance-files.ts";
import { InstanceServices } from "./instance-services.ts";
import { PostLog } from "./post-log.ts";
import type { Runtimes } from "./runtimes.ts";
import { newTally, type Tally } from "./tally.ts";

export interface InstancesOptions {
  readonly dataDir: string;
  /** Where the host is reached by those who ask for plugins' pages, without a slash at its end. */
  readonly webUrl: string;
  readonly roster: Roster;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly allowances: Allowances;
  readonly notes: HostNotes;
  readonly account: (userId: UserId) => Account | undefined;
  readonly runtimes: Runtimes;
  readonly log: (instance: InstanceId) => Logger;
  /** Another file stands where an instance's database was lost. */
  readonly onDatabaseReturned: (id: InstanceId) => void;
  /** The first reply to a message is at the homeserver, so long after the message came. */
  readonly onReply: (instance: InstanceId, latencyMs: number) => void;
}

interface InstanceRun {
  readonly runtime: RemoteRuntime;
  readonly isolation: Isolation;
  readonly takesSettings: boolean;
  readonly onExit: (error?: unknown) => void;
}

/** Runs the instances' plugins in their runtimes and gives those what they ask for. The supervisor says which and when. */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #runs = new Map<InstanceId, InstanceRun>();
  readonly databases: InstanceDatabases;
  readonly #tallies = new Map<InstanceId, Tally>();
  readonly #posts: PostLog;

  constructor(options: InstancesOptions) {
    this.#options = options;
    const { dataDir, notes, onDatabaseReturned } = options;
    this.#posts = new PostLog(options.log);
    this.databases = new InstanceDatabases({
      dataDir,
      notes,
      onTrouble: (id, error) => void this.#end(id, error),
      onReturn: onDatabaseReturned,
    });
  }

  /** Stops looking after what runs; the runs themselves are the supervisor's to end. */
  close(): void {
    this.databases.close();
    this.#posts.close();
  }

  tally(id: InstanceId): Tally {
    const known = this.#tallies.get(id) ?? newTally();
    this.#tallies.set(id, known);
    return known;
  }

  /** The homeserver has taken something that it posted. */
  noteSent(id: InstanceId): void {
    this.tally(id).sent++;
    this.#posts.note(id);
  }

  resources(id: InstanceId): InstanceResources {
    return this.#runs.get(id)?.runtime.resources() ?? { memoryBytes: undefined, cpuSeconds: undefined };
  }

  isolation(id: InstanceId): Isolation | undefined {
    return this.#runs.get(id)?.isolation;
  }

  /** Hands changed settings to a plugin that takes them while it runs; undefined for one that has to be restarted. */
  settingsTaker(id: InstanceId): ((settings: JsonObject) => void) | undefined {
    const run = this.#runs.get(id);
    return run?.takesSettings === true ? (settings) => run.runtime.changeSettings(settings) : undefined;
  }

  /** Resolves when the plugin is set up and takes messages; rejects with why it refused. `onExit` is called if it dies later. */
  async start(id: InstanceId, onExit: (error?: unknown) => void): Promise<void> {
    const { roster, inbox, log } = this.#options;
    const config = roster.config(id);
    if (config === undefined) throw new RoostError("not-found", `There is no instance ${id} any more.`);
    this.databases.requireUsable(id);
    const { openChannel, module, python, hosts, isolation } = await this.#options.runtimes.plan(
      config,
      log(id),
    );
    const runtime = new RemoteRuntime({
      id,
      setUp: { ...this.#setUp(config), module, python, fetchesByHost: hosts !== undefined },
      openChannel,
      services: this.#services(config, hosts),
      log: log(id),
      onExit: (error) => {
        this.#detach(id);
        onExit(error);
      },
    });
    this.#runs.set(id, { runtime, isolation, takesSettings: python !== undefined, onExit });
    try {
      const wishes = await runtime.start();
      if (!this.#isCurrent(id, runtime))
        throw new RoostError("cancelled", "It was stopped while it started.");
      roster.setWishes(id, wishes);
      this.databases.noteOpen(id);
      inbox.attach(id, (row, event) => this.#run(runtime, row, event));
    } catch (error) {
      await runtime.stop();
      if (this.#isCurrent(id, runtime)) this.#detach(id);
      throw isDatabaseTrouble(error) ? this.databases.explain(id, error) : error;
    }
  }

  #isCurrent(id: InstanceId, runtime: RemoteRuntime): boolean {
    return this.#runs.get(id)?.runtime === runtime;
  }

  async stop(id: InstanceId): Promise<void> {
    const run = this.#runs.get(id);
    this.#options.inbox.detach(id);
    this.#runs.delete(id);
    await run?.runtime.stop();
    this.databases.noteClosed(id);
  }

  /** Hands a request to the instance's own pages. */
  async ask(id: InstanceId, asked: WebRequest): Promise<WebAnswer> {
    const run = this.#runs.get(id);
    if (run === undefined)
      throw new RoostError("not-found", "There is no such instance, or it does not run.");
    return run.runtime.ask(asked);
  }

  /** Ends a run whose database cannot be used any more, at once; what it has in hand is handled by a later one. */
  async #end(id: InstanceId, error: RoostError): Promise<void> {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    this.#options.inbox.detach(id);
    await run.runtime.stop(0);
    if (this.#runs.get(id) !== run) return;
    this.#detach(id);
    run.onExit(this.databases.explain(id, error));
  }

  /** Lets `swap` put another database in the place of an instance's while no run has it open. The caller starts it again. */
  changeDatabase(id: InstanceId, swap: () => void): Promise<void> {
    return this.databases.hold(id, async () => {
      await this.#end(id, new RoostError("database-busy", "What it has stored is being changed."));
      swap();
    });
  }

  #detach(id: InstanceId): void {
    this.#options.inbox.detach(id);
    this.databases.noteClosed(id);
    this.#runs.delete(id);
  }

  async #run(runtime: RemoteRuntime, row: InboxRow, event: MatrixEvent): Promise<void> {
    // A room may have been taken off the list while the row waited: then the bot is silent there.
    if (!includesRoom(this.#scope(row.instance), row.roomId)) return;
    try {
      await runtime.run(row, event);
    } catch (error) {
      if (isDatabaseTrouble(error)) void this.#end(row.instance, error);
      throw error;
    }
  }

  #scope(id: InstanceId): RoomScope {
    const listener = this.#options.roster.listeners().find(({ instance }) => instance === id);
    return listener?.rooms ?? new Set();
  }

  #setUp(config: InstanceConfig) {
    const files = filesOf(this.#folder(config.id));
    try {
      rmSync(files, { recursive: true, force: true });
      mkdirSync(files, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw databaseError(`The folder ${files} cannot be made`, error);
    }
    return {
      instance: config.id,
      plugin: config.plugin,
      userId: config.account,
      prefix: config.prefix,
      webUrl: `${this.#options.webUrl}${webRoot}/${config.id}/`,
      config: config.config,
      databaseFile: instanceDatabaseFile(this.#options.dataDir, config.id),
      folder: files,
    };
  }

  #services({ id, account: userId }: InstanceConfig, hosts: readonly string[] | undefined): Services {
    const { inbox, outbox, account, allowances, notes, roster, onReply, log } = this.#options;
    return new InstanceServices({
      ...{ instance: id, userId, hosts, inbox, outbox, allowances, notes },
      folder: this.#folder(id),
      rooms: () => this.#scope(id),
      account: () => account(userId),
      tally: this.tally(id),
      log: log(id),
      onWishes: (subscriptions) => roster.setWishes(id, { subscriptions, redactsReplies: false }),
      onReply: (latencyMs) => onReply(id, latencyMs),
    });
  }

  #folder(id: InstanceId): string {
    return join(this.#options.dataDir, "instances", id);
  }
}

function isDatabaseTrouble(error: unknown): error is RoostError {
  return error instanceof RoostError && (error.code === "database-lost" || error.code === "database-busy");
}
