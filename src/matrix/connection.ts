import type { AccountConfig } from "../core/config.ts";
import type { RoostError } from "../core/error.ts";
import type { RoomId } from "../core/id.ts";
import { isObject, stringAt } from "../core/json.ts";
import type { HostLogger, LogContext } from "../core/log.ts";
import type {
  AccountStatus,
  InvitationStore,
  RoomReference,
  RoomStanding,
  SyncBatch,
  SyncState,
} from "../core/matrix.ts";
import type { Secret } from "../core/secret.ts";
import { sleep } from "./abort.ts";
import { AccountFault } from "./account-fault.ts";
import type { Client } from "./client.ts";
import type { Decryptor } from "./decryptor.ts";
import type { SyncAnswer } from "./event.ts";
import { asRoostError, endedAgain, errcodeOf, isLasting, notAHomeserver } from "./failure.ts";
import { HomeserverError } from "./homeserver-error.ts";
import type { Http } from "./http.ts";
import type { Login } from "./login.ts";
import type { Rooms } from "./rooms.ts";
import { Sync } from "./sync.ts";
import { backoffMs, type Timing } from "./timing.ts";

export interface AccountHooks {
  loadSyncState(): SyncState | undefined;
  /** Commits the token and what is to be handled in one transaction; throwing means that it will be asked for again. */
  onBatch(batch: SyncBatch): void;
  listedRooms(): readonly RoomReference[];
  /** An instance works in every room that the account is in, so that all invitations are accepted. */
  worksAnywhere(): boolean;
  /** Rooms that the account keeps out of, whoever invites it. */
  forbiddenRooms(): readonly RoomReference[];
  onRooms(standings: readonly RoomStanding[], forbidden: ReadonlySet<RoomReference>): void;
  /** Called when the state changes, not at every sync. */
  onStatus(status: AccountStatus): void;
  /** A password or token that came to be, to be cut from logs. */
  onSecret(secret: Secret): void;
  /** Whether any of its instances is to run: else the account shows as offline. */
  isWanted(): boolean;
  readonly invitations: InvitationStore;
  /** The rooms that took the place of others, as found by earlier runs. */
  loadSuccessors(): ReadonlyMap<RoomId, RoomId>;
  saveSuccessor(room: RoomId, successor: RoomId): void;
  /** What makes Roost try again at once, such as `roost restart weather`. */
  retryCommand(): string | undefined;
}

export interface ConnectionOptions {
  readonly http: Http;
  readonly client: Client;
  readonly config: AccountConfig;
  readonly login: Login;
  readonly rooms: Rooms;
  readonly decryptor: Decryptor;
  readonly hooks: AccountHooks;
  readonly log: HostLogger;
  readonly timing: Timing;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** However often a session did not last, the next login is not put off longer: whoever else logged in may be gone. */
const longestRenewalMs = 3_600_000;
/** Two ends within minutes happen, and are over in seconds; from here on it is somebody's doing. */
const alarmingShortSessions = 3;

/** An account's way from nothing to syncing, and back to it after every failure. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #fault: AccountFault;
  #status: AccountStatus = { state: "stopped", sinceMs: Date.now() };
  #lastSyncMs = 0;
  #ended: Promise<void> = Promise.resolve();
  /** Undefined without a session. */
  #sync: Sync | undefined;
  /** Ends the running sync when something else learns that the session is over. */
  #session = new AbortController();
  /** In a row, without a sync between them. */
  #failures = 0;
  /** When a revoked session was last replaced by a new login, and how many such logins in a row did not last. */
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #shortSessions = 0;
  #isIntroduced = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { config, log, hooks } = options;
    this.#fault = new AccountFault({ userId: config.userId, log, retryCommand: () => hooks.retryCommand() });
  }

  open(): void {
    this.#setStatus({ state: "connecting", sinceMs: Date.now() });
    this.#ended = this.#run();
  }

  /** Resolves when the loop has ended, which the signal's abort makes it do at once. */
  async closed(): Promise<void> {
    await this.#ended;
    this.#setStatus({ state: "stopped", sinceMs: Date.now() });
  }

  status(): AccountStatus {
    return this.#status.state === "syncing"
      ? { ...this.#status, lastSyncMs: this.#lastSyncMs }
      : this.#status;
  }

  /** The last answer that was taken in, whatever came after it; undefined before the first. */
  get lastSyncMs(): number | undefined {
    return this.#lastSyncMs === 0 ? undefined : this.#lastSyncMs;
  }

  get isLoggedIn(): boolean {
    return this.#sync !== undefined;
  }

  /** Of the session it has; undefined without one. */
  get deviceId(): string | undefined {
    return this.#sync?.deviceId;
  }

  /** Something outside the sync was told that the session is over. A suspended account may still read: it goes on. */
  interrupt(error: RoostError): void {
    // Without a session it is a late answer about the one before.
    if (this.#sync !== undefined && errcodeOf(error) !== "M_USER_SUSPENDED") this.#session.abort(error);
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      let isThere = false;
      this.#session = new AbortController();
      try {
        await this.#probe();
        isThere = true;
        this.#sync ??= await this.#logIn();
        await this.#sync.run([signal, this.#session.signal]);
      } catch (error) {
        if (signal.aborted) return;
        const failure = asRoostError(error);
        if (failure.code === "token-revoked" && this.#sync !== undefined) {
          await this.#renew(failure).catch(() => {});
          continue;
        }
        if (isLasting(failure)) return this.#fail(failure);
        await this.#wait(failure, isThere).catch(() => {});
      }
    }
  }

  /** Whether there is a homeserver at the address at all. */
  async #probe(): Promise<void> {
    const { http, timing, signal } = this.#options;
    const timeoutMs = Math.min(timing.pollLimitMs, 30_000);
    let answer: unknown;
    try {
      answer = await http.request({
        method: "GET",
        path: "/_matrix/client/versions",
        anonymous: true,
        timeoutMs,
        signals: [signal],
      });
    } catch (error) {
      const isAway =
        !(error instanceof HomeserverError) ||
        ["homeserver-unreachable", "homeserver-busy", "not-a-homeserver"].includes(error.code);
      throw isAway ? error : notAHomeserver(error);
    }
    if (!isObject(answer) || !Array.isArray(answer.versions)) throw notAHomeserver();
  }

  async #logIn(): Promise<Sync> {
    const { http, client, config, login, rooms, decryptor, hooks, log, timing, signal } = this.#options;
    const deviceId = await login.open(signal);
    await rooms.identify();
    return new Sync({
      http,
      client,
      self: config.userId,
      deviceId,
      state: hooks.loadSyncState(),
      decryptor,
      onBatch: (batch) => hooks.onBatch(batch),
      onInvited: (invitation) => rooms.invitations.add(invitation),
      onAnswer: (answer) => this.#noteAnswer(answer),
      isOnline: () => hooks.isWanted(),
      log,
      timing,
    });
  }

  #noteAnswer(answer: SyncAnswer): void {
    const { rooms, config, log } = this.#options;
    const before = this.#status;
    this.#failures = 0;
    this.#lastSyncMs = Date.now();
    rooms.note(answer);
    const seconds = Math.round((this.#lastSyncMs - before.sinceMs) / 1000);
    const hasRecovered = this.#clear({ account: config.userId, seconds });
    if (before.state === "syncing") return;
    this.#setStatus({ state: "syncing", sinceMs: this.#lastSyncMs, lastSyncMs: this.#lastSyncMs });
    if (!hasRecovered)
      log.info("The account follows its rooms.", { account: config.userId, device: this.#sync?.deviceId });
    void rooms.enter();
    void this.#introduce();
  }

  /** Sets the display name if it is not what the config says. */
  async #introduce(): Promise<void> {
    const { client, config, log } = this.#options;
    const { displayname, userId } = config;
    if (displayname === undefined || this.#isIntroduced) return;
    this.#isIntroduced = true;
    try {
      const profile: unknown = await client.getUserProfile(userId).catch(() => undefined);
      if (stringAt(profile, "displayname") !== displayname) await client.setDisplayName(displayname);
    } catch (error) {
      this.#isIntroduced = false;
      if (!this.#options.signal.aborted) {
        log.warn("The account's displayname could not be set.", { account: userId }, error);
      }
    }
  }

  /** Gives the session up for a new login: at once, and ever later if those before it did not last either. */
  async #renew(cause: RoostError): Promise<void> {
    const { renewalMs } = this.#options.timing;
    this.#sync = undefined;
    if (this.#hasLasted()) {
      this.#shortSessions = 0;
      this.#setStatus({ state: "connecting", sinceMs: Date.now() });
    } else {
      this.#shortSessions++;
      const failure = endedAgain(cause);
      const delayMs = Math.min(renewalMs * 4 ** (this.#shortSessions - 1), longestRenewalMs);
      const tried = `A new login on the same device, ${this.#shortSessions + 1} times in a row.`;
      const severity = this.#shortSessions < alarmingShortSessions ? "WARN" : "CRITICAL";
      this.#fault.raise(severity, failure, { tried, nextAttemptMs: Date.now() + delayMs });
      await this.#pause(failure, delayMs);
    }
    this.#renewedAtMs = performance.now();
  }

  #fail(failure: RoostError): void {
    this.#sync = undefined;
    const tried = "Nothing is tried again until the account's settings or credentials change.";
    this.#fault.raise(failure.code === "token-revoked" ? "CRITICAL" : "ERROR", failure, { tried });
    this.#setStatus({ state: "failed", sinceMs: Date.now(), cause: failure.message, code: failure.code });
  }

  async #wait(failure: RoostError, isThere: boolean): Promise<void> {
    const { timing } = this.#options;
    const before = this.#status;
    this.#failures++;
    // A poll that breaks once, as connections do, is asked again at once and is not worth a word; one that hung is.
    const isBreak = isThere && failure.retryAfterMs === undefined && !this.#hasHung();
    if (before.state === "syncing" && this.#failures === 1 && isBreak) return;
    const limitMs = isThere ? timing.maxBackoffMs : timing.probeMs;
    const delayMs = failure.retryAfterMs ?? Math.min(backoffMs(timing, this.#failures), limitMs);
    const isNews = before.state !== "waiting" || before.cause !== failure.message;
    if (isNews && this.#shortSessions === 0)
      this.#fault.raise("WARN", failure, { nextAttemptMs: Date.now() + delayMs });
    await this.#pause(failure, delayMs);
  }

  /** Nothing was heard for as long as a poll is waited for: what was posted meanwhile is late. */
  #hasHung(): boolean {
    return Date.now() - this.#lastSyncMs >= this.#options.timing.pollLimitMs;
  }

  async #pause(failure: RoostError, delayMs: number): Promise<void> {
    const before = this.#status;
    const nowMs = Date.now();
    const sinceMs = before.state === "waiting" ? before.sinceMs : nowMs;
    this.#setStatus({ state: "waiting", sinceMs, cause: failure.message, nextAttemptMs: nowMs + delayMs });
    await sleep(delayMs, [this.#options.signal]);
  }

  /** A login that was needed again and again is no recovery before it has lasted. */
  #clear(context: LogContext): boolean {
    if (this.#shortSessions > 0 && !this.#hasLasted()) return false;
    this.#shortSessions = 0;
    return this.#fault.clear(context);
  }

  #hasLasted(): boolean {
    return performance.now() - this.#renewedAtMs >= this.#options.timing.lastingMs;
  }

  #setStatus(status: AccountStatus): void {
    this.#status = status;
    this.#options.hooks.onStatus(status);
  }
}
