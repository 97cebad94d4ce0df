import type { InboxRow } from "../core/delivery.ts";
import { RoostError } from "../core/error.ts";
import {
  type EventId,
  type InstanceId,
  type MxcUri,
  madeUpEventId,
  type RoomId,
  type UserId,
} from "../core/id.ts";
import type { JsonObject } from "../core/json.ts";
import type { Logger } from "../core/log.ts";
import type { Account, MatrixAnswer, MediaSource } from "../core/matrix.ts";
import type { Subscription, Turn, TurnRequest, Upload } from "../core/plugin.ts";
import { includesRoom, type RoomScope } from "../core/room-rule.ts";
import type { Allowances } from "../delivery/allowances.ts";
import type { Inbox } from "../delivery/inbox.ts";
import type { Outbox } from "../delivery/outbox.ts";
import type { FetchAnswer, FetchRequest } from "../plugins/channel/protocol.ts";
import { permittedFetch, refusedFetch } from "../plugins/http/permitted-fetch.ts";
import type { MatrixCall } from "../plugins/remote/matrix-routes.ts";
import type { Services } from "../plugins/remote/services.ts";
import type { HostNotes } from "../store/host-notes.ts";
import { filesOf, requireOwn } from "./instance-files.ts";
import { MatrixCalls } from "./matrix-calls.ts";
import type { Tally } from "./tally.ts";

export interface InstanceServicesOptions {
  readonly instance: InstanceId;
  readonly userId: UserId;
  /** What the host fetches for a plugin that has no network of its own: from these hosts, from none if undefined. */
  readonly hosts: readonly string[] | undefined;
  /** The instance's folder. */
  readonly folder: string;
  readonly rooms: () => RoomScope;
  readonly account: () => Account | undefined;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly allowances: Allowances;
  readonly notes: HostNotes;
  readonly tally: Tally;
  readonly log: Logger;
  readonly onWishes: (subscriptions: readonly Subscription[]) => void;
  /** The first reply to a message is at the homeserver, so long after the message came. */
  readonly onReply: (latencyMs: number) => void;
}

/** A plugin that makes up names without end is not to fill the memory with them. */
const maxCounted = 200;

/** What the plugin of one run may ask of the host: with its own account, in its own rooms, from its own folder. */
export class InstanceServices implements Services {
  readonly #options: InstanceServicesOptions;
  readonly #calls: MatrixCalls;
  /** Rows whose first reply was measured already. */
  readonly #answered = new WeakSet<InboxRow>();
  readonly fetch: (request: FetchRequest, signal: AbortSignal) => Promise<FetchAnswer>;

  constructor(options: InstanceServicesOptions) {
    this.#options = options;
    this.#calls = new MatrixCalls({
      ...options,
      account: () => this.#account(),
      onSent: (row, type) => this.#noteSent(row, type),
    });
    this.fetch = options.hosts === undefined ? refusedFetch : permittedFetch(options.hosts);
  }

  async send(row: InboxRow, type: string, content: JsonObject, key: string): Promise<EventId> {
    const { outbox, userId: account } = this.#options;
    const { instance, roomId, eventId: trigger } = row;
    const sent = await outbox.send({ instance, account, roomId, type, content, trigger, key });
    this.#noteSent(row, type);
    return sent;
  }

  async post(roomId: RoomId, content: JsonObject): Promise<EventId> {
    const { outbox, instance, userId: account, rooms } = this.#options;
    if (!includesRoom(rooms(), roomId)) {
      const sentence = `${roomId} is none of this instance's rooms; it posts there only.`;
      throw new RoostError("room-forbidden", sentence);
    }
    const once = { trigger: madeUpEventId(), key: "" };
    return outbox.send({ instance, account, roomId, type: "m.room.message", content, ...once });
  }

  call(
    row: InboxRow | undefined,
    call: MatrixCall,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<MatrixAnswer> {
    return this.#calls.make(row, call, key, signal);
  }

  rooms(signal: AbortSignal): Promise<readonly RoomId[]> {
    return this.#calls.rooms(signal);
  }

  defer(row: InboxRow, key: string, atMs: number): void {
    this.#options.inbox.defer(row, key, atMs);
  }

  takeTurn(row: InboxRow, sender: UserId, request: TurnRequest): Turn {
    return this.#options.allowances.take(row, sender, request, Date.now());
  }

  hold(allowance: string, untilMs: number): void {
    this.#options.allowances.hold(allowance, untilMs);
  }

  count(what: string): void {
    const { tally, notes, instance } = this.#options;
    const { counted } = tally;
    if (counted.has(what) || counted.size < maxCounted) counted.set(what, (counted.get(what) ?? 0) + 1);
    notes.count(instance, what, Date.now());
  }

  async download(source: MediaSource, path: string, signal: AbortSignal): Promise<void> {
    await this.#account().download(source, this.#ownFile(path), signal);
  }

  async upload({ mimetype, filename, ...file }: Upload, signal: AbortSignal): Promise<MxcUri> {
    const body = "path" in file ? Bun.file(this.#ownFile(file.path)) : file.bytes;
    return this.#account().upload({ body, mimetype, filename }, signal);
  }

  async uploadLimitBytes(signal: AbortSignal): Promise<number> {
    return this.#account().uploadLimitBytes(signal);
  }

  setWishes(subscriptions: readonly Subscription[]): void {
    this.#options.onWishes(subscriptions);
  }

  setTyping({ roomId }: InboxRow, typing: boolean): void {
    this.#options.account()?.setTyping(roomId, typing);
  }

  #account(): Account {
    const account = this.#options.account();
    if (account !== undefined) return account;
    throw new RoostError("homeserver-unreachable", "The account is not connected.");
  }

  #ownFile(path: string): string {
    return requireOwn(path, filesOf(this.#options.folder));
  }

  #noteSent(row: InboxRow, type: string): void {
    // A row that was deferred has forgotten when its message came.
    if (type !== "m.room.message" || row.key !== "" || this.#answered.has(row)) return;
    this.#answered.add(row);
    this.#options.onReply(Math.max(0, Date.now() - row.runAtMs));
  }
}
