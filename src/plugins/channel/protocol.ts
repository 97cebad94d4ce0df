/**
 * What the host and a plugin's runtime say to each other, over any channel that carries JSON-like values. Both sides send lists,
 * so that everything said in one turn crosses the boundary once.
 */
import type { ErrorCode } from "../../core/error.ts";
import type { EventId, MxcUri, RoomId, UserId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { LogContext, Severity } from "../../core/log.ts";
import type { MatrixAnswer, MatrixEvent, MediaSource } from "../../core/matrix.ts";
import type { Subscription, Turn, TurnRequest, Upload } from "../../core/plugin.ts";
import type { WebAnswer, WebRequest } from "../../core/web-request.ts";
import type { MatrixCall } from "../remote/matrix-routes.ts";

export interface SetUp {
  readonly instance: string;
  readonly plugin: string;
  readonly userId: UserId;
  readonly prefix: string;
  /** Where its own pages are, a slash at the end. */
  readonly webUrl: string;
  readonly config: JsonObject;
  /** The instance's SQLite file, and its folder for temporary files. */
  readonly databaseFile: string;
  readonly folder: string;
  /** The main module of an uploaded plugin; undefined for a built-in one. */
  readonly module: PluginModule | undefined;
  /** For one in Python. */
  readonly python?: PythonSetUp | undefined;
  /** `bot.http` asks the host (`fetch`), which knows where it may: its own process opens no connection then. */
  readonly fetchesByHost: boolean;
}

/** `exportName` is the export that is the plugin, unless the module has a default one. */
export interface PluginModule {
  readonly file: string;
  readonly exportName: string;
}

export interface PythonSetUp {
  /** The folder that its archive was unpacked into. */
  readonly code: string;
  /** What it saves itself, over the settings that its admin wrote. */
  readonly overlayFile: string;
  /** Where people reach its own pages, with a slash at the end. */
  readonly webappUrl: string;
  /** Of which plugins make addresses of media; the host asks it in their stead. */
  readonly homeserverUrl: string;
}

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly causes: readonly string[];
  readonly retryAfterMs?: number | undefined;
}

export type ToRuntime =
  | ({ readonly say: "set-up" } & SetUp)
  | {
      readonly say: "run";
      readonly run: number;
      readonly event: MatrixEvent;
      readonly deferredKey: string | undefined;
    }
  /** The run's time is up. A Python loop that takes up nothing for `graceMs` more is stuck, and its process ends itself. */
  | { readonly say: "abort"; readonly run: number; readonly graceMs: number }
  | { readonly say: "answer"; readonly call: number; readonly value: Value }
  | { readonly say: "refuse"; readonly call: number; readonly error: WireError }
  | { readonly say: "request"; readonly request: number; readonly asked: WebRequest }
  /** The admin has changed the settings of a plugin that takes them while it runs. */
  | { readonly say: "settings"; readonly config: JsonObject }
  | { readonly say: "ping" }
  | { readonly say: "stop" };

/** What handlers send; the content of a redaction names what it `redacts`. */
export type SendType = "m.room.message" | "m.reaction" | "m.room.redaction";

/** What a runtime may ask. `run` names the message being handled: the host takes room, thread and account from it, not from here. */
export type Request =
  | {
      readonly ask: "send";
      readonly run: number;
      readonly type: SendType;
      readonly content: JsonObject;
      readonly key: string;
    }
  /** Without a message that asked for it. */
  | { readonly ask: "post"; readonly roomId: RoomId; readonly content: JsonObject }
  | { readonly ask: "defer"; readonly run: number; readonly key: string; readonly atMs: number }
  | { readonly ask: "turn"; readonly run: number; readonly request: TurnRequest }
  | { readonly ask: "hold"; readonly allowance: string; readonly untilMs: number }
  /** Any call of the client-server API that plugins may make, for libraries that have a method for each; `key` names a send. */
  | ({
      readonly ask: "matrix";
      readonly run?: number | undefined;
      readonly key?: string | undefined;
    } & MatrixCall)
  /** Puts a file of the media repository into the plugin's folder. */
  | ({ readonly ask: "download"; readonly path: string } & MediaSource)
  | { readonly ask: "rooms" }
  | { readonly ask: "upload-limit" }
  | FetchRequest
  | ({ readonly ask: "upload" } & Upload);

/** One request; a redirect is answered as it is. The bodies are base64. */
export interface FetchRequest {
  readonly ask: "fetch";
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

export interface FetchAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** What the host answers to each of them. */
export interface Values {
  readonly send: EventId;
  readonly post: EventId;
  readonly defer: undefined;
  readonly turn: Turn;
  readonly hold: undefined;
  readonly matrix: MatrixAnswer;
  readonly download: undefined;
  readonly rooms: readonly RoomId[];
  readonly "upload-limit": number;
  readonly upload: MxcUri;
  readonly fetch: FetchAnswer;
}
export type Value = Values[keyof Values];

export type ToHost =
  | {
      readonly say: "ready";
      readonly subscriptions: readonly Subscription[];
      readonly redactsReplies: boolean;
      /** Its thread in the host's process, as the kernel numbers it, where it has one and the system tells. */
      readonly threadId?: number | undefined;
    }
  /** It listens to other things than it said. */
  | { readonly say: "wishes"; readonly subscriptions: readonly Subscription[] }
  | { readonly say: "count"; readonly what: string }
  | { readonly say: "respond"; readonly request: number; readonly answer: WebAnswer }
  | { readonly say: "refused"; readonly error: WireError }
  | ({ readonly say: "call"; readonly call: number } & Request)
  | { readonly say: "typing"; readonly run: number; readonly typing: boolean }
  | { readonly say: "settled"; readonly run: number; readonly error?: WireError | undefined }
  | {
      readonly say: "log";
      readonly severity: Severity;
      readonly message: string;
      readonly context: LogContext;
      readonly causes: readonly string[];
    }
  | { readonly say: "pong"; readonly memoryBytes: number }
  | { readonly say: "stopped" };
