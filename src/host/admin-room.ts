import { hostname } from "node:os";
import { join } from "node:path";
import type { AccountConfig, Config } from "../core/config.ts";
import { failureClass, RoostError, sentenceOf } from "../core/error.ts";
import type { RoomId } from "../core/id.ts";
import { type HostLogger, isAtLeast, type LogContext, type LogRecord, type LogSink } from "../core/log.ts";
import type { RoomReference, RoomStanding } from "../core/matrix.ts";
import type { Secret } from "../core/secret.ts";
import type { AdminRoomStatus } from "../core/status.ts";
import { type AdminRequest, AdminRoomQueue } from "../log/admin-room.ts";
import { MatrixAccount } from "../matrix/account.ts";
import type { HostStore } from "../store/host-store.ts";

export interface AdminRoomOptions {
  readonly config: Config;
  readonly account: AccountConfig;
  readonly room: RoomReference;
  readonly store: HostStore;
  readonly log: HostLogger;
  readonly onSecret: (secret: Secret) => void;
  /** How often a way in that is barred is tried again. */
  readonly recheckMs?: number;
  readonly editIntervalMs?: number;
}

const fault = { key: "admin-room" } as const;
const saveSoonMs = 50;
const maxBackoffMs = 30_000;

/**
 * The account that writes to the homeserver's admin room, and what it still has to write. It belongs to no map that bots are served
 * from, and its own trouble is a WARN: nothing that it meets is reported to the room itself.
 */
export class AdminRoom {
  readonly #options: AdminRoomOptions;
  readonly #queue: AdminRoomQueue;
  readonly #account: MatrixAccount;
  readonly #abort = new AbortController();
  #standing: RoomStanding | undefined;
  /** Why the room takes no messages although the account is in it. */
  #refusal: string | undefined;
  #failures = 0;
  /** What was raised last. */
  #reported: string | undefined;
  /** By the monotonic clock: not to be tried before, unless the account is connected anew. */
  #notBeforeMs = 0;
  #timer: Timer | undefined;
  #recheckTimer: Timer | undefined;
  #saveTimer: Timer | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: AdminRoomOptions) {
    this.#options = options;
    const { config, account, room, store, log, onSecret, editIntervalMs = 60_000 } = options;
    this.#queue = new AdminRoomQueue({ ...config.admin, editIntervalMs });
    this.#account = new MatrixAccount({
      config: account,
      homeserverUrl: config.homeserver.url,
      registrationToken: config.homeserver.registrationToken,
      credentialsFolder: join(config.dataDir, "credentials"),
      log: toldOnce(log),
      deviceName: `Roost on ${hostname()}`,
      hooks: {
        loadSyncState: () => store.loadSyncState(account.userId),
        onBatch: (batch) => void store.commitBatch(batch, [], Date.now()),
        listedRooms: () => [room],
        worksAnywhere: () => false,
        forbiddenRooms: () => [],
        onRooms: ([standing]) => this.#arrive(standing),
        onStatus: () => this.#retry(),
        onSecret,
        isWanted: () => true,
        invitations: store.notes.invitationsOf(account.userId),
        loadSuccessors: () => store.notes.loadSuccessors(),
        saveSuccessor: (old, successor) => store.notes.saveSuccessor(old, successor),
        retryCommand: () => undefined,
      },
    });
  }

  /** The sink to add to the router, at INFO: ends of faults are told at that severity. */
  readonly sink: LogSink = (record: LogRecord) => {
    const isOurs = isAtLeast(record.severity, "ERROR") || record.fault?.state === "cleared";
    if (!isOurs || record.fault?.key === fault.key) return;
    const isNews = this.#queue.note(record);
    // A torrent of the same is written down now and then; what is new, at once.
    if (isNews || this.#saveTimer === undefined) this.#tend();
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = undefined;
      this.#tend();
    }, saveSoonMs);
  };

  open(): void {
    this.#queue.restore(this.#options.store.adminMessages.load(), Date.now());
    this.#account.open();
    this.#recheckTimer = setInterval(() => this.#recheck(), this.#options.recheckMs ?? 60_000);
  }

  /** What is not posted by now is at the next start. */
  async close(): Promise<void> {
    this.#abort.abort();
    for (const timer of [this.#timer, this.#saveTimer, this.#recheckTimer]) clearTimeout(timer);
    await this.#account.close();
    await this.#sending;
    this.#save();
  }

  status(): AdminRoomStatus {
    const { queued } = this.#queue;
    const account = this.#account.status();
    if (account.state === "failed") return { state: "failed", cause: account.cause, queued };
    const barrier = this.#barrier();
    const isOpen = this.#place() !== undefined && this.#refusal === undefined;
    if (barrier !== undefined) return { state: isOpen ? "ready" : "failed", cause: barrier, queued };
    if (account.state === "waiting") return { state: "waiting", cause: account.cause, queued };
    return { state: isOpen ? "ready" : "waiting", queued };
  }

  /** What a person has to do about the room, as a sentence. A room that was not asked about yet has no advice either. */
  #barrier(): string | undefined {
    const { membership, encrypted, advice } = this.#standing ?? {};
    if (encrypted) {
      return `The admin room ${this.#options.room} is encrypted, and Roost cannot write there: name a room without encryption as admin.room, then restart the unit.`;
    }
    if (membership !== "joined")
      return advice === undefined ? undefined : `Nothing can be written to the admin room. ${advice}`;
    return advice === undefined ? this.#refusal : `About the admin room: ${advice}`;
  }

  #place(): RoomId | undefined {
    const isThere = this.#standing?.membership === "joined" && this.#standing.encrypted === false;
    return isThere && this.#account.status().state === "syncing" ? this.#standing?.roomId : undefined;
  }

  #arrive(standing: RoomStanding | undefined): void {
    const wasBarred = this.#standing?.membership !== "joined";
    this.#standing = standing;
    if (wasBarred) this.#refusal = undefined;
    this.#retry();
  }

  #retry(): void {
    this.#notBeforeMs = 0;
    this.#report();
    this.#wake();
  }

  /** Nobody tells us that an alias was made, a ban lifted, or leave to post given. */
  #recheck(): void {
    if (this.#barrier() !== undefined) void this.#account.refreshRooms();
    this.#wake();
  }

  #report(): void {
    const { log } = this.#options;
    const { state, cause } = this.status();
    if (state !== "waiting" && cause !== undefined) {
      if (this.#reported !== cause) log.raise("WARN", fault, cause);
      this.#reported = cause;
    } else if (state === "ready") {
      this.#reported = undefined;
      log.clear(fault.key, "The admin room can be written to.");
    }
  }

  #wake(): void {
    if (this.#sending !== undefined || this.#abort.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#sending = this.#send().finally(() => {
      this.#sending = undefined;
      this.#schedule();
    });
  }

  #schedule(): void {
    const roomId = this.#place();
    if (roomId === undefined || this.#abort.signal.aborted) return;
    const nowMs = Date.now();
    const dueMs = this.#queue.dueMs(nowMs, roomId);
    if (dueMs === undefined) return;
    clearTimeout(this.#timer);
    const delayMs = Math.max(dueMs - nowMs, this.#notBeforeMs - performance.now());
    this.#timer = setTimeout(() => this.#wake(), Math.min(Math.max(delayMs, 0), 60_000));
  }

  /** Posts what may be posted now. Never rejects. */
  async #send(): Promise<void> {
    for (;;) {
      const roomId = this.#place();
      if (roomId === undefined || performance.now() < this.#notBeforeMs || this.#abort.signal.aborted) return;
      const request = this.#queue.begin(Date.now(), roomId);
      this.#save();
      if (request === undefined || !(await this.#carryOut(request))) return;
    }
  }

  /** Whether the homeserver has answered for good. */
  async #carryOut(request: AdminRequest): Promise<boolean> {
    const { roomId, txnId, content } = request;
    try {
      const { signal } = this.#abort;
      const eventId = await this.#account.send(roomId, "m.room.message", txnId, content, signal);
      this.#queue.settle(request, eventId);
      this.#refusal = undefined;
      this.#failures = 0;
      this.#report();
    } catch (error) {
      if (!this.#isFinal(error)) return false;
      this.#queue.settle(request, undefined);
    }
    this.#save();
    return true;
  }

  /** Takes note of why a message did not arrive. */
  #isFinal(error: unknown): boolean {
    const { log, recheckMs = 60_000 } = this.#options;
    if (this.#abort.signal.aborted) return false;
    const code = error instanceof RoostError ? error.code : "internal";
    if (code === "room-forbidden" || code === "not-found") {
      this.#refusal = `${this.#options.account.userId} may not post in the admin room: give it the power to send messages there. ${sentenceOf(error)}`;
      this.#notBeforeMs = performance.now() + recheckMs;
      this.#report();
      return false;
    }
    if (failureClass(error) === "dependency" || code === "account-suspended" || code === "token-revoked") {
      const askedMs = error instanceof RoostError ? error.retryAfterMs : undefined;
      const delayMs = askedMs ?? Math.min(1000 * 2 ** this.#failures, maxBackoffMs);
      this.#failures++;
      this.#notBeforeMs = performance.now() + delayMs;
      return false;
    }
    log.warn("The homeserver refused a message for the admin room; it is left out.", { code }, error);
    return true;
  }

  #tend(): void {
    this.#save();
    this.#wake();
  }

  #save(): void {
    const changes = this.#queue.messages.changes();
    if (changes.put.size + changes.removed.length === 0) return;
    try {
      this.#options.store.adminMessages.save(changes);
      this.#queue.messages.saved();
    } catch {
      // The store tells health that it takes no writes. What was to be saved is tried again with the next change, and is posted
      // all the same: that the database is gone is the very thing to say.
    }
  }
}

/** The admin room, or undefined where the config names none. */
export function adminRoomOf(
  config: Config,
  parts: Pick<AdminRoomOptions, "store" | "log" | "onSecret">,
): AdminRoom | undefined {
  const { account: userId, room } = config.admin;
  const account = userId === undefined ? undefined : config.accounts.get(userId);
  return account === undefined || room === undefined
    ? undefined
    : new AdminRoom({ ...parts, config, account, room });
}

/** What is wrong with the account is told by the room's fault, so that its own words about it are only noted. */
function toldOnce(log: HostLogger): HostLogger {
  const { debug, info } = log;
  const note = (message: string, context?: LogContext) => info(message, context);
  return {
    debug,
    info,
    warn: note,
    error: note,
    critical: note,
    raise: (_severity, _fault, message, context) => info(message, context),
    clear: () => false,
  };
}
