import { Database } from "bun:sqlite";
import { RoostError } from "../../core/error.ts";
import type { EventId, MxcUri, RoomId, UserId } from "../../core/id.ts";
import type { JsonObject } from "../../core/json.ts";
import type { LogContext, Severity } from "../../core/log.ts";
import type { MatrixEvent } from "../../core/matrix.ts";
import type { Http, PluginDefinition } from "../../core/plugin.ts";
import type { Request, ToHost, Value } from "../channel/protocol.ts";
import { fromWire } from "../channel/wire.ts";
import { Requests } from "../remote/requests.ts";
import { Runtime } from "../runtime/runtime.ts";

/** What a bot sent, in the order in which it did. */
export interface Sent {
  readonly eventId: EventId;
  readonly type: string;
  readonly content: JsonObject;
}

export interface TestBotOptions {
  /** As an admin would write it under `config:`. */
  readonly config?: JsonObject;
  /** Stands in for the internet of `bot.fetch` and `bot.http`; without it every request fails. */
  readonly internet?: (request: globalThis.Request) => Response | Promise<Response>;
  readonly prefix?: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const roomId = "!room:test.example" as RoomId;

/**
 * A bot as it runs, without a homeserver, for the tests of plugins: `post` what people write, and look at what was `sent`. It has the
 * real runtime, arguments, patterns and database (in memory); only the host is played. Close it at the end.
 */
export class TestBot {
  readonly sent: Sent[] = [];
  readonly logged: { readonly severity: Severity; readonly message: string; readonly context: LogContext }[] =
    [];
  readonly db = new Database(":memory:", { strict: true });
  readonly #runtime: Runtime;
  readonly #ready = Promise.withResolvers<void>();
  readonly #runs = new Map<number, PromiseWithResolvers<void>>();
  readonly #requests = new Requests();
  #events = 0;

  constructor(plugin: PluginDefinition, internet: TestBotOptions["internet"]) {
    this.#runtime = new Runtime({
      plugin: () => plugin,
      openDatabase: (_file, migrations) => {
        for (const sql of migrations) this.db.run(sql);
        return this.db;
      },
      closeDatabase: (db) => db.close(),
      http: httpOf(internet),
      threadId: undefined,
      memoryBytes: () => 0,
      post: (messages) => {
        for (const message of messages) this.#take(message);
      },
    });
  }

  /** Sets the plugin up. Rejects with why it refused, such as settings that are wrong. */
  static async start(plugin: PluginDefinition, options: TestBotOptions = {}): Promise<TestBot> {
    const bot = new TestBot(plugin, options.internet);
    const { config = {}, prefix = "!" } = options;
    const userId = "@bot:test.example" as UserId;
    const webUrl = "http://127.0.0.1:29316/_matrix/maubot/plugin/test/";
    const setUp = {
      instance: "test",
      plugin: "test",
      userId,
      prefix,
      webUrl,
      config,
      databaseFile: ":memory:",
      module: undefined,
      folder: ".",
      fetchesByHost: false,
    };
    bot.#runtime.receive([{ say: "set-up", ...setUp }]);
    await bot.#ready.promise;
    return bot;
  }

  /** The texts of the messages it sent. */
  get replies(): readonly string[] {
    return this.sent
      .filter(({ type }) => type === "m.room.message")
      .map(({ content }) => String(content.body));
  }

  /** Somebody writes that in the room; resolves when the bot has done with it, rejects with what its handler threw. */
  post(body: string, from = "@ada:test.example"): Promise<void> {
    return this.happen({
      type: "m.room.message",
      content: { msgtype: "m.text", body },
      sender: from as UserId,
    });
  }

  /** Any other event happens in the room. */
  happen(event: Partial<MatrixEvent> & Pick<MatrixEvent, "type" | "content">): Promise<void> {
    const run = ++this.#events;
    const settled = Promise.withResolvers<void>();
    this.#runs.set(run, settled);
    const around = {
      roomId,
      eventId: `$event${run}` as EventId,
      sender: "@ada:test.example" as UserId,
      stateKey: undefined,
      originServerTs: Date.now(),
    };
    this.#runtime.receive([{ say: "run", run, event: { ...around, ...event }, deferredKey: undefined }]);
    return settled.promise;
  }

  /** Somebody asks for one of the bot's own pages, such as `ask("/hook", { method: "POST", body })`. */
  async ask(path: string, options: AskOptions = {}): Promise<Response> {
    const { method = "GET", headers = {}, body = "" } = options;
    const asked = { method, path, headers, body: Buffer.from(body) };
    const answer = await this.#requests.add((request) =>
      this.#runtime.receive([{ say: "request", request, asked }]),
    );
    return new Response(new Uint8Array(answer.body), { status: answer.status, headers: answer.headers });
  }

  /** Runs everything that the plugin has timed with `every` or `cron`, now. */
  runTimers(): Promise<void> {
    return this.#runtime.runTimers();
  }

  close(): void {
    this.#runtime.receive([{ say: "stop" }]);
  }

  #take(message: ToHost): void {
    switch (message.say) {
      case "ready":
        this.#ready.resolve();
        return;
      case "refused":
        this.#ready.reject(fromWire(message.error));
        return;
      case "settled":
        if (message.error === undefined) this.#runs.get(message.run)?.resolve();
        else this.#runs.get(message.run)?.reject(fromWire(message.error));
        return;
      case "respond":
        this.#requests.settle(message.request, message.answer);
        return;
      case "log":
        this.logged.push(message);
        return;
      case "call":
        this.#runtime.receive([{ say: "answer", call: message.call, value: this.#answer(message) }]);
        return;
    }
  }

  #answer(request: Request): Value {
    switch (request.ask) {
      case "matrix":
      case "download":
        throw new RoostError("bad-request", "Only plugins in Python ask that.");
      case "send":
        return this.#send(request.type, request.content);
      case "post":
        return this.#send("m.room.message", request.content);
      case "turn":
        return { granted: true };
      case "upload":
        return `mxc://test.example/file${++this.#events}` as MxcUri;
      case "fetch":
        throw new RoostError("internal", "A test's plugin fetches by its own `http`.");
      case "rooms":
        return [roomId];
      case "upload-limit":
        return 50_000_000;
      case "defer":
      case "hold":
        return undefined;
    }
  }

  #send(type: string, content: JsonObject): EventId {
    const eventId = `$sent${this.sent.length + 1}` as EventId;
    this.sent.push({ eventId, type, content });
    return eventId;
  }
}

/** An internet that is one function. */
function httpOf(internet: TestBotOptions["internet"]): Http {
  const get: Http["get"] = async (url, { method, headers = {}, body, form }) => {
    if (internet === undefined)
      throw new RoostError("network", `${url}: this test has no internet; give it \`internet\`.`);
    const sent = form === undefined ? body : new URLSearchParams(form);
    const response = await internet(
      new globalThis.Request(url, {
        method: method ?? (form === undefined ? "GET" : "POST"),
        headers,
        ...(sent === undefined ? {} : { body: sent }),
      }),
    );
    const { status, headers: answered } = response;
    return { status, url, headers: answered, body: new Uint8Array(await response.arrayBuffer()) };
  };
  return {
    get,
    save: async (url, path, options) => {
      const { body, ...answer } = await get(url, options);
      await Bun.write(path, body);
      return { ...answer, sizeBytes: body.byteLength };
    },
  };
}
