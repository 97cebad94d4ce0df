import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asUserId, type EventId, type RoomId, type UserId } from "../../src/core/id.ts";
import { stringAt } from "../../src/core/json.ts";
import type { Fault, HostLogger, LogContext, Severity } from "../../src/core/log.ts";
import type {
  AccountStatus,
  Invitation,
  RoomReference,
  RoomStanding,
  SyncBatch,
  SyncState,
} from "../../src/core/matrix.ts";
import { Secret } from "../../src/core/secret.ts";
import { MatrixAccount, type MatrixAccountOptions } from "../../src/matrix/account.ts";
import { Homeserver, type HomeserverOptions } from "../../src/sandbox/homeserver.ts";

export const dialects = ["synapse", "conduwuit"] as const;

/** Fast enough for tests, slow enough to be seen in between. */
export const briskTiming = {
  pollMs: 150,
  pollLimitMs: 2_000,
  probeMs: 20,
  backoffMs: 10,
  maxBackoffMs: 40,
  lastingMs: 60_000,
  renewalMs: 10,
  roomRetryMs: 50,
};

export interface Said {
  readonly severity: Severity;
  readonly message: string;
  readonly context: LogContext;
}

export class RecordingLog implements HostLogger {
  readonly records: Said[] = [];
  /** Faults that are not over. */
  readonly open = new Map<string, Fault & { readonly severity: Severity }>();
  raise = (severity: Severity, fault: Fault, message: string, context?: LogContext) => {
    this.open.set(fault.key, { ...fault, severity });
    this.#keep(severity, message, context);
  };
  clear = (key: string, message: string, context?: LogContext) => {
    const isOpen = this.open.delete(key);
    if (isOpen) this.#keep("INFO", message, context);
    return isOpen;
  };
  #keep(severity: Severity, message: string, context: LogContext = {}) {
    this.records.push({ severity, message, context });
  }
  debug = (message: string, context?: LogContext) => this.#keep("DEBUG", message, context);
  info = (message: string, context?: LogContext) => this.#keep("INFO", message, context);
  warn = (message: string, context?: LogContext) => this.#keep("WARN", message, context);
  error = (message: string, context?: LogContext) => this.#keep("ERROR", message, context);
  critical = (message: string, context?: LogContext) => this.#keep("CRITICAL", message, context);
  count(severity: Severity, pattern: RegExp): number {
    return this.records.filter((each) => each.severity === severity && pattern.test(each.message)).length;
  }
}

/** What the host remembers of an account, in memory: outlives the account as the database does. */
export class Memory {
  readonly batches: SyncBatch[] = [];
  readonly statuses: AccountStatus[] = [];
  readonly secrets: Secret[] = [];
  readonly log = new RecordingLog();
  state: SyncState | undefined;
  rooms: readonly RoomReference[] = [];
  forbidden: readonly RoomReference[] = [];
  worksAnywhere = false;
  isWanted = true;
  readonly successors = new Map<RoomId, RoomId>();
  readonly invitations = new Map<RoomId, Invitation>();
  standings: readonly RoomStanding[] = [];
  /** Thrown by the next commits. */
  refusals: unknown[] = [];

  readonly hooks: MatrixAccountOptions["hooks"] = {
    loadSyncState: () => this.state,
    onBatch: (batch) => {
      const refusal = this.refusals.shift();
      if (refusal !== undefined) throw refusal;
      this.batches.push(batch);
      const positions = new Map([...(this.state?.positions ?? []), ...batch.positions]);
      const { nextBatch, deviceId } = batch;
      this.state = { nextBatch, deviceId, syncedAtMs: Date.now(), positions };
    },
    listedRooms: () => this.rooms,
    worksAnywhere: () => this.worksAnywhere,
    forbiddenRooms: () => this.forbidden,
    onRooms: (standings) => {
      this.standings = standings;
    },
    onStatus: (status) => {
      this.statuses.push(status);
    },
    onSecret: (secret) => {
      this.secrets.push(secret);
    },
    isWanted: () => this.isWanted,
    invitations: {
      load: () => [...this.invitations.values()],
      save: (invitation) => void this.invitations.set(invitation.roomId, invitation),
      remove: (roomId) => void this.invitations.delete(roomId),
    },
    loadSuccessors: () => this.successors,
    saveSuccessor: (room, successor) => {
      this.successors.set(room, successor);
    },
    retryCommand: () => "roost restart echo",
  };

  /** The bodies of the messages that came, in order. */
  get bodies(): string[] {
    const events = this.batches.flatMap((batch) => batch.events);
    return events
      .filter((event) => event.type === "m.room.message")
      .map((event) => stringAt(event.content, "body") ?? "");
  }
}

/** A sandbox homeserver, a folder for credentials, and accounts on them; `await using` puts all away. */
export class Bench implements AsyncDisposable {
  readonly homeserver: Homeserver;
  readonly memory = new Memory();
  folder = "";
  /** The homeserver's address, known also while it is closed. */
  url = "";
  #accounts: MatrixAccount[] = [];

  private constructor(options: Partial<HomeserverOptions>) {
    this.homeserver = new Homeserver({
      serverName: "x.test",
      dialect: "synapse",
      registrationToken: "let-me-in",
      ...options,
    });
  }
  static async open(options: Partial<HomeserverOptions> = {}): Promise<Bench> {
    const bench = new Bench(options);
    bench.folder = await mkdtemp(join(tmpdir(), "roost-matrix-"));
    await bench.homeserver.open();
    bench.url = bench.homeserver.url;
    return bench;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#accounts.map((account) => account.close()));
    await this.homeserver.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Closes the homeserver and opens it, or another, at the same address. */
  async reopen(homeserver = this.homeserver): Promise<void> {
    await this.homeserver.close();
    await homeserver.open(Number(new URL(this.url).port));
  }

  /** Waits until the account has told something new about itself. */
  async changed(): Promise<void> {
    const told = this.memory.statuses.length;
    await until(() => this.memory.statuses.length > told);
  }

  /** Makes an account and opens it. */
  start(options: Partial<MatrixAccountOptions> & { readonly user?: string } = {}): MatrixAccount {
    const account = new MatrixAccount({
      config: {
        userId: user(options.user ?? "@bot:x.test"),
        displayname: undefined,
        password: undefined,
        accessToken: undefined,
        ...options.config,
      },
      homeserverUrl: this.url,
      registrationToken: { secret: new Secret("let-me-in") },
      credentialsFolder: join(this.folder, "credentials"),
      log: this.memory.log,
      deviceName: "Roost",
      hooks: this.memory.hooks,
      ...withoutConfig(options),
      timing: { ...briskTiming, ...options.timing },
    });
    this.#accounts.push(account);
    account.open();
    return account;
  }
  /** The same, and waits until it syncs. */
  async startSyncing(options: Parameters<Bench["start"]>[0] = {}): Promise<MatrixAccount> {
    const account = this.start(options);
    await until(
      () => account.status().state === "syncing",
      () => JSON.stringify(account.status()),
    );
    return account;
  }
  /** Starts to sync with one public room of Dan's, which is joined when this resolves. */
  async startInRoom(options: Parameters<Bench["start"]>[0] = {}) {
    const dan = this.homeserver.createUser("dan");
    const room = dan.createRoom({ public: true });
    this.memory.rooms = [room];
    const account = await this.startSyncing(options);
    await until(
      () => this.memory.standings[0]?.membership === "joined",
      () => JSON.stringify(this.memory.standings),
    );
    return { dan, room, account };
  }
  /** Waits until every listed room is joined, or there is something to do about it. */
  async settled(count = this.memory.rooms.length): Promise<readonly RoomStanding[]> {
    const isSettled = ({ membership, advice }: RoomStanding) =>
      membership === "joined" || advice !== undefined;
    await until(
      () => this.memory.standings.filter(isSettled).length === count,
      () => JSON.stringify(this.memory.standings),
    );
    return this.memory.standings;
  }
  async received(...bodies: string[]): Promise<void> {
    const { memory } = this;
    await until(
      () => bodies.every((body) => memory.bodies.includes(body)),
      () => JSON.stringify(memory.bodies),
    );
  }
}

function withoutConfig({ config: _, user: __, ...rest }: Parameters<Bench["start"]>[0] & object) {
  return rest;
}

export function user(text: string): UserId {
  const userId = asUserId(text);
  if (userId === undefined) throw new Error(`${text} is not a user id`);
  return userId;
}

/** A state that is syncing's or not, narrowed for what failed and waiting tell. */
export function causeOf(status: AccountStatus): string {
  return status.state === "failed" || status.state === "waiting" ? status.cause : "";
}

export async function until(condition: () => boolean, describe = () => "", timeoutMs = 4_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error(`It did not happen within ${timeoutMs} ms: ${describe()}`);
    await Bun.sleep(3);
  }
}

export type { EventId, RoomId };
