import { Database } from "bun:sqlite";
import { asEventId, asMxcUri, asRoomId, asUserId, type MxcUri } from "../../src/core/id.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { Logger } from "../../src/core/log.ts";
import type { Bot, Http, Message, PluginDefinition } from "../../src/core/plugin.ts";

export interface SentReply {
  readonly key: string;
  readonly content: JsonObject;
}

/**
 * The house as a plugin sees it, without Matrix: feed messages with `post`, read `replies`. It keeps the contract's promises: a
 * key of a message is sent once however often the message is handled, and a string becomes an `m.notice`.
 */
export class BotDouble<Config> {
  readonly replies: SentReply[] = [];
  /** When a message is to be handled again, by its event id and key. */
  readonly defers = new Map<string, number>();
  readonly uploads: { readonly bytes: number; readonly mimetype: string; readonly filename: string }[] = [];
  readonly logged: string[] = [];
  readonly typing: boolean[] = [];
  readonly db = new Database(":memory:");
  readonly #stop = new AbortController();
  readonly #sent = new Set<string>();
  readonly #commands = new Map<string, (message: Message, rest: string) => void | Promise<void>>();
  readonly #handlers: {
    contains: readonly string[];
    handler: (message: Message) => void | Promise<void>;
  }[] = [];
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
    this.#commands.clear();
    this.#handlers.length = 0;
    await plugin.setup(this.#bot());
    return this;
  }

  close(): void {
    this.#stop.abort();
    this.db.close();
  }

  /** Hands a message over as the host would and waits until its handlers have settled. */
  async post(
    body: string,
    { eventId = "$event", formattedBody = "", deferredKey = undefined as string | undefined } = {},
  ): Promise<void> {
    const message = this.#message(body, formattedBody, eventId, deferredKey);
    const text = `${body}\n${formattedBody}`.toLowerCase();
    for (const [name, handler] of this.#commands) {
      const [, called, rest = ""] = /^!(\S+)\s*([\s\S]*)$/.exec(body) ?? [];
      if (called === name) await handler(message, rest.trim());
    }
    for (const { contains, handler } of this.#handlers) {
      if (contains.some((literal) => text.includes(literal.toLowerCase()))) await handler(message);
    }
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
      signal: this.#stop.signal,
      command: (name, handler) => this.#commands.set(name, handler),
      message: (contains, handler) => this.#handlers.push({ contains, handler }),
      upload: async ({ bytes, mimetype, filename }) => this.#upload(bytes.length, mimetype, filename),
    };
  }

  #upload(bytes: number, mimetype: string, filename: string): MxcUri {
    this.uploads.push({ bytes, mimetype, filename });
    return checked(asMxcUri(`mxc://test.example/file${this.uploads.length}`));
  }

  #message(body: string, formattedBody: string, event: string, deferredKey: string | undefined): Message {
    const roomId = checked(asRoomId("!room:test.example"));
    const sender = checked(asUserId("@ada:test.example"));
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
      reply: async (content, options) => {
        if (this.sendsUntilDeath-- <= 0) throw new Error("killed");
        const key = options?.key ?? `#${sends++}`;
        if (!this.#sent.has(`${event} ${key}`)) {
          this.#sent.add(`${event} ${key}`);
          this.replies.push({
            key,
            content: typeof content === "string" ? { msgtype: "m.notice", body: content } : content,
          });
        }
        return checked(asEventId(`$reply${this.replies.length}`));
      },
      defer: async (key, atMs) => {
        this.defers.set(`${event} ${key}`, atMs);
      },
      setTyping: (typing) => {
        this.typing.push(typing);
      },
    };
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
