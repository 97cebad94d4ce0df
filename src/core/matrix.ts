import type { ErrorCode } from "./error.ts";
import type { EventId, MxcUri, RoomAlias, RoomId, TxnId, UserId } from "./id.ts";
import type { Json, JsonObject } from "./json.ts";

/** A timeline event as the homeserver gave it, its ids checked and its content known to be an object. */
export interface MatrixEvent {
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly sender: UserId;
  readonly type: string;
  readonly stateKey: string | undefined;
  readonly content: JsonObject;
  /** The sender's homeserver's clock: may be wrong by any amount. */
  readonly originServerTs: number;
  /** What the homeserver adds for this account alone, such as `prev_content`; absent where it added nothing. */
  readonly unsigned?: JsonObject | undefined;
}

/** What one `/sync` answer (with its gaps filled) brought, oldest first within a room. */
export interface SyncBatch {
  readonly account: UserId;
  /** The device the token belongs to: a token of another device is worth nothing. */
  readonly deviceId: string;
  readonly nextBatch: string;
  /** Messages that may be answered: history from before the account joined, or before the first sync, is not in here. */
  readonly events: readonly MatrixEvent[];
  /** The newest event seen in each room that had any, kept so that a later gap can be filled up to it. */
  readonly positions: ReadonlyMap<RoomId, EventId | undefined>;
  /** How long before this answer the account last synced, by our own clock; undefined for the first sync ever. */
  readonly gapMs: number | undefined;
}

export type AccountStatus =
  | { readonly state: "connecting"; readonly sinceMs: number }
  | { readonly state: "syncing"; readonly sinceMs: number; readonly lastSyncMs: number }
  /** The homeserver is away or busy; tried again for ever. */
  | {
      readonly state: "waiting";
      readonly sinceMs: number;
      readonly cause: string;
      readonly nextAttemptMs: number;
    }
  /** Nothing is tried until the config or the credentials change. */
  | { readonly state: "failed"; readonly sinceMs: number; readonly cause: string; readonly code: ErrorCode }
  | { readonly state: "stopped"; readonly sinceMs: number };

/** What the homeserver answered, also when that is a refusal. */
export interface MatrixAnswer {
  readonly status: number;
  readonly body: Json;
}

/** A file of the media repository, as its address names it, or a thumbnail of it. */
export interface MediaSource {
  readonly kind: "download" | "thumbnail";
  readonly server: string;
  readonly media: string;
  readonly query: Readonly<Record<string, string>>;
}

/** One Matrix user, logged in and syncing, as the rest of the house sees it. Errors are RoostErrors. */
export interface Account {
  readonly userId: UserId;
  status(): AccountStatus;
  /** Puts an event; the same `txnId` puts the same event again (idempotent on the homeserver). */
  send(
    roomId: RoomId,
    type: string,
    txnId: TxnId,
    content: JsonObject,
    signal: AbortSignal,
  ): Promise<EventId>;
  redact(
    roomId: RoomId,
    target: EventId,
    txnId: TxnId,
    reason: string | undefined,
    signal: AbortSignal,
  ): Promise<EventId>;
  /** A Blob made from a file is read piece by piece. */
  upload(
    file: { body: Uint8Array | Blob; mimetype: string; filename: string },
    signal: AbortSignal,
  ): Promise<MxcUri>;
  /** The largest file the homeserver takes; infinite when it names no limit. */
  uploadLimitBytes(signal: AbortSignal): Promise<number>;
  /** The event, or undefined when the homeserver no longer shows it to us (redacted away, not found, forbidden). */
  fetchEvent(roomId: RoomId, eventId: EventId, signal: AbortSignal): Promise<MatrixEvent | undefined>;
  /** Any call of the client-server API, from `/_matrix/` on, encoded, query included. Rejects only when there is no answer. */
  call(
    request: {
      readonly method: "GET" | "PUT" | "POST" | "DELETE";
      readonly path: string;
      readonly body?: unknown;
    },
    signal: AbortSignal,
  ): Promise<MatrixAnswer>;
  /** Streams a file into one on disk. Rejects `too-large`, `not-found`. */
  download(source: MediaSource, file: string, signal: AbortSignal): Promise<void>;
  /** Typing notice; failures are ignored. */
  setTyping(roomId: RoomId, typing: boolean): void;
}

/** Where the account may be: invitations to these are accepted, open ones joined, all others declined. */
export type RoomReference = RoomId | RoomAlias;

/** What is known of a listed room after an account has tried to enter it. */
export interface RoomStanding {
  readonly reference: RoomReference;
  readonly roomId: RoomId | undefined;
  readonly membership: "joined" | "invite-needed" | "unresolved" | "banned" | "left" | "forbidden";
  readonly encrypted: boolean;
  /** What an admin should do, as a sentence; undefined when all is well. */
  readonly advice: string | undefined;
}

/** An invitation to the account. */
export interface Invitation {
  readonly roomId: RoomId;
  readonly inviter: UserId | undefined;
}

/** An account's invitations that are not answered yet. A homeserver tells of each once, so they outlive the host. */
export interface InvitationStore {
  load(): readonly Invitation[];
  save(invitation: Invitation): void;
  remove(roomId: RoomId): void;
}

/** What an account remembers between starts. Kept in the host's database with the inbox, so that both move together. */
export interface SyncState {
  readonly nextBatch: string;
  readonly deviceId: string;
  readonly syncedAtMs: number;
  readonly positions: ReadonlyMap<RoomId, EventId | undefined>;
}
