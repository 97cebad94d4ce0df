import type { AccountConfig } from "../core/config.ts";
import { RoostError } from "../core/error.ts";
import { asEventId, type EventId, type MxcUri, type RoomId, type TxnId, type UserId } from "../core/id.ts";
import { type Json, type JsonObject, stringAt } from "../core/json.ts";
import type { HostLogger } from "../core/log.ts";
import type { RoomView } from "../core/management.ts";
import type {
  Account,
  AccountStatus,
  MatrixAnswer,
  MatrixEvent,
  MediaSource,
  RoomReference,
} from "../core/matrix.ts";
import type { Secret, SecretValue } from "../core/secret.ts";
import { Client, muteSdkLog } from "./client.ts";
import { type AccountHooks, Connection } from "./connection.ts";
import { Decryptor } from "./decryptor.ts";
import { isRedacted, narrowEvent } from "./event.ts";
import { HomeserverError } from "./homeserver-error.ts";
import { Http, type HttpRequest } from "./http.ts";
import { Invitations } from "./invitations.ts";
import { Login } from "./login.ts";
import { findMade } from "./made-event.ts";
import { Media } from "./media.ts";
import { viewRoom } from "./room-view.ts";
import { Rooms } from "./rooms.ts";
import { ordinaryTiming, type Timing } from "./timing.ts";

export interface MatrixAccountOptions {
  readonly config: AccountConfig;
  readonly homeserverUrl: string;
  readonly registrationToken: SecretValue | undefined;
  readonly credentialsFolder: string;
  readonly log: HostLogger;
  readonly deviceName: string;
  readonly hooks: AccountHooks;
  readonly timing?: Partial<Timing>;
}

/** The host has 5 s to stop, and this comes last. */
const presenceLimitMs = 500;

/**
 * One Matrix user of the host: gets itself a session, follows its rooms, and posts for others. A homeserver that is away is waited
 * for without end; `failed` are only things that a person has to put right.
 */
export class MatrixAccount implements Account {
  readonly userId: UserId;
  readonly #abort = new AbortController();
  readonly #http: Http;
  readonly #client: Client;
  readonly #rooms: Rooms;
  readonly #media: Media;
  readonly #connection: Connection;
  readonly #isWanted: () => boolean;
  /** What was put without an answer, and when first: the homeserver may have it, and may have forgotten the transaction since. */
  readonly #uncertain = new Map<TxnId, number>();

  constructor(options: MatrixAccountOptions) {
    const { config, log, hooks } = options;
    const self = config.userId;
    const timing = { ...ordinaryTiming, ...options.timing };
    const homeserverUrl = options.homeserverUrl.replace(/\/+$/, "");
    const { signal } = this.#abort;
    this.userId = self;
    this.#isWanted = () => hooks.isWanted();
    this.#http = new Http(homeserverUrl);
    this.#client = new Client(homeserverUrl, this.#http, self, signal);
    this.#media = new Media((request, caller) => this.#ask(request, caller));
    const invitations = new Invitations({ client: this.#client, self, log, store: hooks.invitations });
    this.#rooms = new Rooms({
      client: this.#client,
      self,
      listedRooms: () => hooks.listedRooms(),
      worksAnywhere: () => hooks.worksAnywhere(),
      forbiddenRooms: () => hooks.forbiddenRooms(),
      onRooms: (standings, forbidden) => hooks.onRooms(standings, forbidden),
      onRefused: (error) => this.#connection.interrupt(error),
      invitations,
      log,
      retryMs: timing.roomRetryMs,
      succession: {
        load: () => hooks.loadSuccessors(),
        save: (room, next) => hooks.saveSuccessor(room, next),
      },
    });
    const onSecret = (secret: Secret) => hooks.onSecret(secret);
    this.#connection = new Connection({
      http: this.#http,
      client: this.#client,
      config,
      login: new Login({ ...options, homeserverUrl, http: this.#http, onSecret }),
      rooms: this.#rooms,
      decryptor: new Decryptor((roomId) => this.#rooms.noteEncrypted(roomId)),
      hooks,
      log,
      timing,
      signal,
    });
  }

  /** Starts connecting, and returns at once. */
  open(): void {
    muteSdkLog();
    this.#connection.open();
  }

  /** Gives up everything under way, and shows as offline. */
  async close(): Promise<void> {
    const { state } = this.status();
    this.#abort.abort();
    await this.#connection.closed();
    if (state === "syncing") await this.#setPresence("offline");
  }

  /** Shows at once whether any instance of it is to run; every sync shows it again. */
  async showPresence(): Promise<void> {
    if (this.status().state === "syncing") await this.#setPresence(this.#isWanted() ? "online" : "offline");
  }

  /** Best effort: a homeserver need not know presence. */
  async #setPresence(presence: "online" | "offline"): Promise<void> {
    const path = `/_matrix/client/v3/presence/${encodeURIComponent(this.userId)}/status`;
    const request = { method: "PUT", path, body: { presence }, timeoutMs: presenceLimitMs } as const;
    await this.#http.request({ ...request, signals: [] }).catch(() => {});
  }

  status(): AccountStatus {
    return this.#connection.status();
  }

  /** The last answer of the homeserver that was taken in; undefined before the first. */
  get lastSyncMs(): number | undefined {
    return this.#connection.lastSyncMs;
  }

  /** Of the session it has; undefined without one. */
  get deviceId(): string | undefined {
    return this.#connection.deviceId;
  }

  /** Rooms as it sees them now, in the order given. Rejects with `homeserver-unreachable` and the like. */
  viewRooms(references: readonly RoomReference[], signal: AbortSignal): Promise<RoomView[]> {
    const get = (path: string) => this.#ask({ method: "GET", path, timeoutMs: 10_000 }, signal);
    return Promise.all(references.map((reference) => viewRoom(reference, { self: this.userId, get })));
  }

  /** Looks at the listed rooms again, because the list may have changed or somebody wants it tried again. Never rejects. */
  async refreshRooms(): Promise<void> {
    // Before the first sync there is nothing to do: the rooms are entered after it.
    if (this.status().state === "syncing") await this.#rooms.enter();
  }

  async send(
    roomId: RoomId,
    type: string,
    txnId: TxnId,
    content: JsonObject,
    signal: AbortSignal,
  ): Promise<EventId> {
    return await this.#put(roomId, `send/${encodeURIComponent(type)}`, txnId, content, signal);
  }

  async redact(
    roomId: RoomId,
    target: EventId,
    txnId: TxnId,
    reason: string | undefined,
    signal: AbortSignal,
  ): Promise<EventId> {
    return await this.#put(roomId, `redact/${encodeURIComponent(target)}`, txnId, { reason }, signal);
  }

  upload(
    file: { body: Uint8Array | Blob; mimetype: string; filename: string },
    signal: AbortSignal,
  ): Promise<MxcUri> {
    return this.#media.upload(file, signal);
  }

  uploadLimitBytes(signal: AbortSignal): Promise<number> {
    return this.#media.limitBytes(signal);
  }

  async fetchEvent(roomId: RoomId, eventId: EventId, signal: AbortSignal): Promise<MatrixEvent | undefined> {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(eventId)}`;
    try {
      const raw = await this.#ask({ method: "GET", path, timeoutMs: 30_000 }, signal);
      if (stringAt(raw, "event_id") !== eventId)
        throw new RoostError("network", "The homeserver's answer was not the message asked for.");
      return isRedacted(raw) ? undefined : narrowEvent(raw, roomId);
    } catch (error) {
      if (error instanceof RoostError && (error.code === "not-found" || error.code === "room-forbidden")) {
        return undefined;
      }
      throw error;
    }
  }

  async call(
    request: {
      readonly method: "GET" | "PUT" | "POST" | "DELETE";
      readonly path: string;
      readonly body?: unknown;
    },
    signal: AbortSignal,
  ): Promise<MatrixAnswer> {
    try {
      return { status: 200, body: (await this.#ask({ ...request, timeoutMs: 60_000 }, signal)) as Json };
    } catch (error) {
      if (!(error instanceof HomeserverError)) throw error;
      return { status: error.status, body: error.body };
    }
  }

  download(source: MediaSource, file: string, signal: AbortSignal): Promise<void> {
    return this.#media.download(source, file, signal);
  }

  setTyping(roomId: RoomId, typing: boolean): void {
    if (this.#connection.isLoggedIn) this.#client.setTyping(roomId, typing).catch(() => {});
  }

  async #put(
    roomId: RoomId,
    what: string,
    txnId: TxnId,
    body: JsonObject,
    signal: AbortSignal,
  ): Promise<EventId> {
    const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
    const sinceMs = this.#uncertain.get(txnId);
    if (sinceMs !== undefined) {
      const get = (path: string) => this.#ask({ method: "GET", path, timeoutMs: 30_000 }, signal);
      const known = await findMade(txnId, sinceMs, (query) => get(`${room}/messages?${query}`));
      this.#uncertain.delete(txnId);
      if (known !== undefined) return known;
    }
    const askedAtMs = sinceMs ?? Date.now();
    try {
      const path = `${room}/${what}/${encodeURIComponent(txnId)}`;
      const answer = await this.#ask({ method: "PUT", path, body, timeoutMs: 60_000 }, signal);
      const eventId = asEventId(stringAt(answer, "event_id") ?? "");
      if (eventId !== undefined) return eventId;
      throw new RoostError("network", "The homeserver's answer to a message was not one. Roost tries again.");
    } catch (error) {
      if (isUncertain(error)) this.#uncertain.set(txnId, askedAtMs);
      throw error;
    }
  }

  /** One request for somebody else, who decides whether to repeat it. */
  async #ask(request: Omit<HttpRequest, "signals">, signal: AbortSignal): Promise<unknown> {
    if (!this.#connection.isLoggedIn) {
      throw new RoostError(
        "homeserver-unreachable",
        "The account is not connected to its homeserver; see its state.",
      );
    }
    try {
      return await this.#http.request({ ...request, signals: [signal, this.#abort.signal] });
    } catch (error) {
      if (!(error instanceof HomeserverError)) throw error;
      if (error.code === "account-suspended") this.#connection.interrupt(error);
      if (error.code !== "token-revoked") throw error;
      this.#connection.interrupt(error);
      const sentence = "The account's session was ended on the homeserver; Roost logs it in again if it can.";
      throw new RoostError("homeserver-unreachable", sentence, { cause: error });
    }
  }
}

/** Whether the homeserver may have carried out what it was asked: nothing answered, or a proxy that had lost patience. */
function isUncertain(error: unknown): boolean {
  if (!(error instanceof RoostError)) return false;
  return (
    error.code === "network" || (error instanceof HomeserverError && error.code === "homeserver-unreachable")
  );
}
