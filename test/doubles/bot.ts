import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import {
  asEventId,
  asInstanceId,
  asMxcUri,
  asRoomId,
  asUserId,
  type EventId,
  type MxcUri,
} from "../../src/core/id.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { Logger } from "../../src/core/log.ts";
import type { Bot, Http, Message, PluginDefinition } from "../../src/core/plugin.ts";
import { type Allowance, freshAllowance, takeTurn } from "../../src/delivery/allowance.ts";
import { boundedFetch } from "../../src/plugins/http/fetch.ts";
import { Handlers } from "../../src/plugins/runtime/handlers.ts";

export interface SentReply {
  readonly key: string;
  readonly content: JsonObject;
  /** The thread it was put into. */
  readonly thread?: string;
  /** The reply that it replaces. */
  readonly edits?: string;
  readonly eventId: string;
}

/**
 * The house as a plugin sees it, without Matrix: feed messages with `post`, read `replies`. It keeps the contract's promises: a
 * key of a message is sent once however often the message is handled, and a string becomes an `m.notice`.
 */
export class BotDouble<Config> {
  readonly replies: SentReply[] = [];
  readonly reactions: { readonly key: string; readonly emoji: string }[] = [];
  readonly counts: string[] = [];
  /** The time by which turns are granted. */
  nowMs = Date.now();
  uploadLimitBytes = Number.POSITIVE_INFINITY;
  readonly folder = mkdtempSync(join(tmpdir(), "roost-bot-"));
  readonly #allowances = new Map<string, Allowance>();
  /** When a message is to be handled again, by its event id and key. */
  readonly defers = new Map<string, number>();
  readonly uploads: { readonly bytes: number; readonly mimetype: string; readonly filename: string }[] = [];
  readonly logged: string[] = [];
  readonly typing: boolean[] = [];
  readonly db = new Database(":memory:");
  readonly #stop = new AbortController();
  readonly #sent = new Map<string, EventId>();
  #handlers = new Handlers();
  /** Set to make the n-th send from now throw, as a `kill -9` before it would look to the plugin. */
  sendsUntilDeath = Number.POSITIVE_INFINITY;

  readonly #config: Config;
  readonly #http: Http;

  constructor(config: Config, http: Http) {
    this.#config = config;
    this.#http = http;
  }

  /** Sets a plugin up on this double, again on the same database as after a restart. */
  async start(
    plugin: Pick<PluginDefinition, "answersTo"> & { setup(bot: Bot<Config>): void | Promise<void> },
  ): Promise<this> {
    this.#handlers = new Handlers();
    await plugin.setup(this.#bot());
    return this;
  }

  close(): void {
    this.#stop.abort();
    this.db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Hands a message over as the host would and waits until its handlers have settled. */
  async post(
    body: string,
    {
      eventId = "$event",
      formattedBody = "",
      deferredKey = undefined as string | undefined,
      sender = "@ada:test.example",
      isInThread = false,
    } = {},
  ): Promise<void> {
    const message = this.#message(body, {
      formattedBody,
      event: eventId,
      deferredKey,
      from: sender,
      isInThread,
    });
    await this.#handlers.run(message);
  }

  #bot(): Bot<Config> {
    return {
      instance: "test",
      userId: checked(asUserId("@bot:test.example")),
      prefix: "!",
      config: this.#config,
      db: this.db,
      log: this.#logger(),
      http: this.#http,
      fetch: (url, options = {}) => boundedFetch(this.#http, url, options, this.#stop.signal),
      signal: this.#stop.signal,
      command: (name: string, definition: Parameters<Handlers["command"]>[2]) =>
        this.#handlers.command("!", name, definition),
      message: (contains, run) => this.#handlers.message(contains, run),
      match: (pattern, contains, run) => this.#handlers.match(pattern, contains, run),
      reaction: (run) => this.#handlers.reaction(run),
      event: (types, run) => this.#handlers.event(types, run),
      every: () => {},
      cron: () => {},
      send: async (_roomId, content) => this.#send("", `#${this.replies.length}`, content, {}),
      web: new Hono(),
      webUrl: "http://127.0.0.1/",
      folder: this.folder,
      upload: async ({ mimetype, filename, ...file }) => {
        const sizeBytes = "path" in file ? statSync(file.path).size : file.bytes.length;
        return this.#upload(sizeBytes, mimetype, filename);
      },
      rooms: async () => [checked(asRoomId("!room:test.example"))],
      uploadLimitBytes: async () => this.uploadLimitBytes,
      hold: async (name, untilMs) => {
        const allowance = this.#allowances.get(name) ?? freshAllowance;
        this.#allowances.set(name, { ...allowance, heldUntilMs: Math.max(untilMs, allowance.heldUntilMs) });
      },
      count: (what) => {
        this.counts.push(what);
      },
    };
  }

  #upload(bytes: number, mimetype: string, filename: string): MxcUri {
    this.uploads.push({ bytes, mimetype, filename });
    return checked(asMxcUri(`mxc://test.example/file${this.uploads.length}`));
  }

  #message(
    body: string,
    about: {
      formattedBody: string;
      event: string;
      deferredKey: string | undefined;
      from: string;
      isInThread: boolean;
    },
  ): Message {
    const { formattedBody, event, deferredKey, isInThread } = about;
    const roomId = checked(asRoomId("!room:test.example"));
    const sender = checked(asUserId(about.from));
    const eventId = checked(asEventId(event));
    let sends = 0;
    return {
      event: {
        roomId,
        eventId,
        sender,
        type: "m.room.message",
        stateKey: undefined,
        content: { msgtype: "m.text", body },
        originServerTs: Date.now(),
      },
      roomId,
      sender,
      body,
      formattedBody,
      deferredKey,
      signal: this.#stop.signal,
      isInThread,
      reply: async (content, options) => {
        const thread = options?.thread === undefined || isInThread ? {} : { thread: options.thread };
        return this.#send(event, options?.key ?? `#${sends++}`, content, thread);
      },
      edit: async (reply, content, { key }) => this.#send(event, key, content, { edits: reply }),
      send: async (content, options) => this.#send(event, options?.key ?? `#${sends++}`, content, {}),
      redact: async () => checked(asEventId("$redaction")),
      react: async (emoji, options) => {
        const key = options?.key ?? `#${sends++}`;
        if (!this.#sent.has(`${event} ${key}`)) this.reactions.push({ key, emoji });
        const eventId =
          this.#sent.get(`${event} ${key}`) ?? checked(asEventId(`$reaction${this.reactions.length}`));
        this.#sent.set(`${event} ${key}`, eventId);
        return eventId;
      },
      takeTurn: async ({ allowance: name, ticket, ...rate }) => {
        const asker = {
          name: `${event} ${ticket}`,
          instance: checked(asInstanceId("test")),
          eventId,
          sender,
        };
        const decision = takeTurn(this.#allowances.get(name) ?? freshAllowance, rate, asker, this.nowMs);
        this.#allowances.set(name, decision.allowance);
        return decision.granted
          ? { granted: true }
          : { granted: false, waitMs: decision.waitMs, ahead: decision.ahead };
      },
      defer: async (key, atMs) => {
        this.defers.set(`${event} ${key}`, atMs);
      },
      setTyping: (typing) => {
        this.typing.push(typing);
      },
    };
  }

  #send(
    event: string,
    key: string,
    content: string | JsonObject,
    where: { thread?: string; edits?: string },
  ): EventId {
    if (this.sendsUntilDeath-- <= 0) throw new Error("killed");
    const known = this.#sent.get(`${event} ${key}`);
    if (known !== undefined) return known;
    const eventId = checked(asEventId(`$reply${this.replies.length + 1}`));
    this.#sent.set(`${event} ${key}`, eventId);
    const body = typeof content === "string" ? { msgtype: "m.notice", body: content } : content;
    this.replies.push({ key, content: body, eventId, ...where });
    return eventId;
  }

  #logger(): Logger {
    const note = (message: string) => {
      this.logged.push(message);
    };
    return { debug: note, info: note, warn: note, error: note, critical: note };
  }
}

function checked<Id>(id: Id | undefined): Id {
  if (id === undefined) throw new Error("The test made up an id of the wrong shape.");
  return id;
}
