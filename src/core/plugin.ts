/**
 * The plugin contract: the one door through which every bot, built in or uploaded, meets the house. A plugin is a function of
 * a context; it runs in a runtime of its own, never sees a token, and asks the host for everything that leaves the process.
 */
import type { Database } from "bun:sqlite";
import type { Hono } from "hono";
import { z } from "zod";
import type { Arguments, Command } from "./command.ts";
import type { EventId, MxcUri, RoomId, UserId } from "./id.ts";
import type { JsonObject } from "./json.ts";
import type { Logger } from "./log.ts";
import type { MatrixEvent } from "./matrix.ts";

export interface PluginDefinition<Schema extends z.ZodType = z.ZodType> {
  /** The settings an admin may write under `config:`; defaults belong in the schema, `describe` texts become the docs. */
  readonly config: Schema;
  /**
   * What makes this bot answer, in words, such as `!echo` or `Instagram links`: shown to admins, and how `roost check` notices
   * two instances in one room that would answer the same thing. `prefix` is the instance's own.
   */
  readonly answersTo: (prefix: string) => readonly string[];
  /** When a message is redacted, what is left to do for it is dropped and every reply to it is redacted too. */
  readonly redactsReplies?: boolean;
  /** SQL for `bot.db`, a list that only grows: each runs once, in order, before `setup`. */
  readonly migrations?: readonly string[];
  /**
   * Registers handlers and returns. Throwing here fails the start, with the error's message as the cause shown, and is tried again
   * after a pause; a RoostError `plugin-config` is not, until the settings change.
   */
  setup(bot: Bot<z.output<Schema>>): void | Promise<void>;
}

/** Ties the type of `bot.config` to the schema. */
export function definePlugin<Schema extends z.ZodType>(
  definition: PluginDefinition<Schema>,
): PluginDefinition<Schema> {
  return definition;
}

/**
 * A setting that holds a secret. The plugin gets plain text; the admin writes the text itself, `{ file: PATH }` or `{ env: NAME }`,
 * and nothing that is logged, compared or answered shows it. `text` says what it must look like.
 */
export function secretSetting(): z.ZodString;
export function secretSetting<Text extends z.ZodType<string>>(text: Text): Text;
export function secretSetting(text: z.ZodType<string> = z.string().min(1)): z.ZodType<string> {
  return text.meta({ writeOnly: true });
}

export interface Bot<Config> {
  readonly instance: string;
  /** The account it speaks as. */
  readonly userId: UserId;
  /** What a command begins with, `!` unless the admin chose another. */
  readonly prefix: string;
  readonly config: Config;
  /** The instance's own SQLite database (WAL, foreign keys on), opened and closed by the host. */
  readonly db: Database;
  readonly log: Logger;
  readonly http: Http;
  /**
   * The web's `fetch` with limits: for `http` and `https` at public addresses, or at `trustedOrigins`. Throws RoostError like `http`.
   */
  fetch(url: string, options?: FetchOptions): Promise<Response>;
  /** Aborted when the instance stops. */
  readonly signal: AbortSignal;
  /** Answers `<prefix>name rest of the line`; `rest` comes trimmed. */
  command(name: string, handler: (message: Message, rest: string) => void | Promise<void>): void;
  /** The same with arguments that are checked, other names, subcommands, and a usage that is answered when they do not fit. */
  command<Args extends Arguments>(name: string, command: Command<Args>): void;
  /**
   * Runs for messages whose body or formatted body contains one of the literals (any letter case). Literals only: the host
   * matches them before anything is stored, and no plugin's regular expression runs in its thread.
   */
  message(contains: readonly string[], handler: (message: Message) => void | Promise<void>): void;
  /** Runs for messages whose body matches, once for each; only those that contain one of the literals are looked at. */
  match(
    pattern: RegExp,
    contains: readonly string[],
    handler: (message: Message, match: RegExpExecArray) => void | Promise<void>,
  ): void;
  reaction(handler: (reaction: Reaction) => void | Promise<void>): void;
  /** Runs for events of these types, such as `m.room.member`, that others sent in the instance's rooms. */
  event(types: readonly string[], handler: (event: Incoming) => void | Promise<void>): void;
  /** Runs again and again while the instance runs: every so many milliseconds, or `"30s"`, `"5m"`, `"2h"`, `"1d"`. */
  every(interval: number | string, run: () => void | Promise<void>): void;
  /** Runs by a crontab pattern in the machine's time zone, such as `0 8 * * 1-5`. */
  cron(pattern: string, run: () => void | Promise<void>): void;
  /** The rooms that the instance works in now: where a timer may post. */
  rooms(): Promise<readonly RoomId[]>;
  /**
   * Posts in one of the instance's rooms without a message that asked for it: from a timer, say. Sent once for each call, also
   * across a crash. A string becomes an `m.notice`.
   * @throws RoostError `room-forbidden` for another room.
   */
  send(roomId: string, content: string | JsonObject): Promise<EventId>;
  /**
   * The instance's own pages, as a Hono app: `bot.web.post("/hook", (context) => context.text("thanks"))`. They are at `webUrl`,
   * without a login, and in an origin of their own: cookies neither come nor go.
   */
  readonly web: Hono;
  /** Where `web` is reached: under `server.public_url` if there is one, else on this machine. With a slash at its end. */
  readonly webUrl: string;
  /** A folder for the instance's temporary files. */
  readonly folder: string;
  /** Puts a file on the homeserver. Not repeated by itself: keep the address if a repeated run should not upload again. */
  upload(file: Upload): Promise<MxcUri>;
  /** The largest file that the homeserver takes. */
  uploadLimitBytes(): Promise<number>;
  /** Nothing is granted from the allowance before `untilMs`, whoever asks: what the other side told us, or what we learned. */
  hold(allowance: string, untilMs: number): Promise<void>;
  /** Counts something for `roost status`, by day: such as `post page`. At most 60 characters, few different ones. */
  count(what: string): void;
}

/** A file to upload: its bytes, or a path within the bot's folder, which is then read piece by piece. */
export type Upload = { readonly mimetype: string; readonly filename: string } & (
  | { readonly bytes: Uint8Array }
  | { readonly path: string }
);

/**
 * A share in an allowance that the whole host has, such as requests from one address: `burst` at once, then one every `everyMs`.
 * Those who wait come in the order of their asking, but senders take turns.
 */
export interface TurnRequest {
  readonly allowance: string;
  readonly burst: number;
  readonly everyMs: number;
  /** Names what waits, within this message: asking again with the same ticket keeps the place. */
  readonly ticket: string;
}

export type Turn =
  | { readonly granted: true }
  /** Ask again in `waitMs`, an estimate; `ahead` wait before this one. */
  | { readonly granted: false; readonly waitMs: number; readonly ahead: number };

/** Something that happened in one of the instance's rooms. */
export interface Incoming {
  readonly event: MatrixEvent;
  readonly roomId: RoomId;
  readonly sender: UserId;
  /** The key given to `defer` when this is a deferred run, otherwise undefined. */
  readonly deferredKey: string | undefined;
  /** Aborted when the handler's time is up or the instance stops. */
  readonly signal: AbortSignal;
  /** Posts in the room, as no reply. A string becomes an `m.notice`; for `key` see `Message.reply`. */
  send(content: string | JsonObject, options?: { readonly key?: string }): Promise<EventId>;
  /** Replaces what an earlier message of this bot says; its key is this edit's own. */
  edit(sent: string, content: string | JsonObject, options: { readonly key: string }): Promise<EventId>;
  /** Reacts to the event, or to the one that `to` names: one of this bot's, say. */
  react(emoji: string, options?: { readonly key?: string; readonly to?: string }): Promise<EventId>;
  /** Redacts an event: one of this bot's, or anybody's where the bot may. */
  redact(target: string, options?: { readonly key?: string }): Promise<EventId>;
  /** Asks for one use of an allowance. One that is granted is used up; one that is not waits in line by its ticket. */
  takeTurn(request: TurnRequest): Promise<Turn>;
  /** Runs this handler again with this event at `atMs` (Unix time), across restarts. The same key again moves the time. */
  defer(key: string, atMs: number): Promise<void>;
  /** Shows or hides "is typing"; never fails. */
  setTyping(typing: boolean): void;
}

/** A message that one of the instance's rooms sent it. */
export interface Message extends Incoming {
  /** What the sender wrote: the quote of the message it replies to is cut off. */
  readonly body: string;
  /** The same for the HTML form; empty if there is none. */
  readonly formattedBody: string;
  /** Whether the message was posted inside a thread. */
  readonly isInThread: boolean;
  /**
   * Sends a reply (in the message's thread if it is in one) and resolves once the homeserver has it. A string becomes an
   * `m.notice`. Handlers run at least once, but each key is sent once: give sends a key of their own where a repeated run could
   * take another path than the first, else the key is the send's place in the run. `thread` puts it into the thread under that
   * event, unless the message itself is in a thread: then it goes there.
   */
  reply(
    content: string | JsonObject,
    options?: { readonly key?: string; readonly thread?: string },
  ): Promise<EventId>;
}

export interface Reaction extends Incoming {
  readonly emoji: string;
  /** What was reacted to. */
  readonly target: EventId;
}

export interface HttpOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Asked for the first address and for every redirect: an address it declines is not connected to. */
  readonly allow: (url: URL) => boolean;
  /** Origins that the admin configured and that may lie on a private or loopback address; every other must be public. */
  readonly trustedOrigins?: readonly string[];
  readonly proxy?: string | undefined;
  /** `GET` unless said otherwise. */
  readonly method?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Sent as a form by POST instead of a GET. */
  readonly form?: Readonly<Record<string, string>>;
  /** `manual` answers a redirect as it is instead of following it. */
  readonly redirect?: "manual";
  readonly signal: AbortSignal;
}

export interface FetchOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** 30 s unless said otherwise. */
  readonly timeoutMs?: number;
  /** 10 MB unless said otherwise; a longer answer is refused with `too-large`. */
  readonly maxBytes?: number;
  /** Origins that the admin configured and that may lie on a private or loopback address. */
  readonly trustedOrigins?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** The address that answered, after redirects. */
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/**
 * HTTP with limits, for fetching what a room pointed at. Throws RoostError: `network` (unreachable, timed out), `too-large`,
 * `bad-request` (declined or private address, redirect loop).
 */
export interface Http {
  get(url: string, options: HttpOptions): Promise<HttpAnswer>;
  /** Streams the answer's body into a file, which is gone again if that fails; answers its size. */
  save(
    url: string,
    path: string,
    options: HttpOptions,
  ): Promise<Omit<HttpAnswer, "body"> & { readonly sizeBytes: number }>;
}

/** What the host checks before an event is stored for an instance. */
export type Subscription =
  | { readonly kind: "command"; readonly prefix: string }
  | { readonly kind: "contains"; readonly literals: readonly string[] }
  /**
   * Events of these types as they are, notices, edits and state among them; `*` stands for every type. Only with `own` also what
   * accounts of this host sent: a plugin that asks for it sees to it that it does not answer itself.
   */
  | { readonly kind: "events"; readonly types: readonly string[] | "*"; readonly own: boolean };
