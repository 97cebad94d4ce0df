import type { Database } from "bun:sqlite";
import { z } from "zod";
import { startedUp } from "../../core/eager-compiling.ts";
import { causeChain, RoostError } from "../../core/error.ts";
import { asRoomId } from "../../core/id.ts";
import type { LogContext, Logger, Severity } from "../../core/log.ts";
import type { Bot, Http, PluginDefinition } from "../../core/plugin.ts";
import type { Request, SetUp, ToHost, ToRuntime, Value, Values } from "../channel/protocol.ts";
import { fromWire, Outgoing, toWire } from "../channel/wire.ts";
import { boundedFetch } from "../http/fetch.ts";
import { createHttp } from "../http/http.ts";
import { requestByHost } from "../http/permitted-fetch.ts";
import { Handlers } from "./handlers.ts";
import { asContent, createMessage } from "./message.ts";
import { Schedule } from "./schedule.ts";
import { Web } from "./web.ts";

export interface RuntimeOptions {
  readonly plugin: (setUp: SetUp) => PluginDefinition | undefined | Promise<PluginDefinition | undefined>;
  readonly openDatabase: (file: string, migrations: readonly string[]) => Database;
  readonly closeDatabase: (db: Database) => void;
  readonly http: Http;
  readonly threadId: number | undefined;
  /** The size of the heap it runs in. */
  readonly memoryBytes: () => number;
  readonly post: (messages: readonly ToHost[]) => void;
}

type Waiting = { resolve(value: Value): void; reject(error: RoostError): void };

/** The plugin's side of the wall: runs one bot and speaks the protocol for it. Lives in a worker or a process of its own. */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #out: Outgoing<ToHost>;
  readonly #stop = new AbortController();
  readonly #handlers = new Handlers();
  readonly #web = new Web();
  readonly #runs = new Map<number, AbortController>();
  readonly #calls = new Map<number, Waiting>();
  #nextCall = 1;
  #schedule: Schedule | undefined;
  #db: Database | undefined;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#out = new Outgoing(options.post);
  }

  /** Runs what the plugin has timed, all of it, now. */
  async runTimers(): Promise<void> {
    await this.#schedule?.runAll();
  }

  receive(messages: readonly ToRuntime[]): void {
    for (const message of messages) this.#receiveOne(message);
  }

  #receiveOne(message: ToRuntime): void {
    switch (message.say) {
      case "set-up":
        void this.#setUp(message);
        return;
      case "run":
        void this.#run(message);
        return;
      case "abort":
        this.#runs.get(message.run)?.abort(new RoostError("handler-timeout", "The handler's time is up."));
        return;
      case "answer":
        this.#take(message.call)?.resolve(message.value);
        return;
      case "refuse":
        this.#take(message.call)?.reject(fromWire(message.error));
        return;
      case "request":
        void this.#respond(message);
        return;
      case "ping":
        this.#out.say({ say: "pong", memoryBytes: this.#options.memoryBytes() });
        return;
      case "stop":
        this.#close();
        return;
    }
  }

  async #setUp(setUp: SetUp): Promise<void> {
    try {
      const definition = await this.#options.plugin(setUp);
      if (definition === undefined)
        throw new RoostError("plugin-missing", `There is no plugin "${setUp.plugin}".`);
      const config = definition.config.safeParse(setUp.config);
      if (!config.success) throw new RoostError("plugin-config", `config: ${z.prettifyError(config.error)}`);
      this.#db = this.#options.openDatabase(setUp.databaseFile, definition.migrations ?? []);
      await definition.setup(this.#createBot(setUp, config.data, this.#db));
      const redactsReplies = definition.redactsReplies === true;
      const { threadId } = this.#options;
      startedUp();
      this.#out.say({ say: "ready", subscriptions: this.#handlers.subscriptions, redactsReplies, threadId });
    } catch (error) {
      this.#out.say({ say: "refused", error: toWire(error) });
    }
  }

  #createBot(setUp: SetUp, config: unknown, db: Database): Bot<unknown> {
    const log = this.#createLogger();
    const web = this.#web;
    const http = setUp.fetchesByHost
      ? createHttp(requestByHost((request) => this.#ask(request)))
      : this.#options.http;
    const schedule = new Schedule(this.#stop.signal, log);
    this.#schedule = schedule;
    return {
      instance: setUp.instance,
      userId: setUp.userId,
      prefix: setUp.prefix,
      config,
      db,
      log,
      http,
      fetch: (url, options = {}) => boundedFetch(http, url, options, this.#stop.signal),
      signal: this.#stop.signal,
      command: (name: string, definition: Parameters<Handlers["command"]>[2]) =>
        this.#handlers.command(setUp.prefix, name, definition),
      message: (contains, run) => this.#handlers.message(contains, run),
      match: (pattern, contains, run) => this.#handlers.match(pattern, contains, run),
      reaction: (run) => this.#handlers.reaction(run),
      event: (types, run) => this.#handlers.event(types, run),
      every: (interval, run) => schedule.every(interval, run),
      cron: (pattern, run) => schedule.cron(pattern, run),
      send: async (room, content) => {
        const roomId = asRoomId(room);
        if (roomId === undefined) throw new RoostError("bad-request", `${room} is no room id.`);
        return this.#ask({ ask: "post", roomId, content: asContent(content) });
      },
      get web() {
        return web.app;
      },
      webUrl: setUp.webUrl,
      folder: setUp.folder,
      upload: (file) => this.#ask({ ask: "upload", ...file }),
      rooms: () => this.#ask({ ask: "rooms" }),
      uploadLimitBytes: () => this.#ask({ ask: "upload-limit" }),
      hold: (allowance, untilMs) => this.#ask({ ask: "hold", allowance, untilMs }),
      count: (what) => this.#out.sayLater({ say: "count", what }),
    };
  }

  async #run({ run, event, deferredKey }: Extract<ToRuntime, { say: "run" }>): Promise<void> {
    const abort = new AbortController();
    this.#runs.set(run, abort);
    const message = createMessage(event, deferredKey, {
      signal: () => AbortSignal.any([abort.signal, this.#stop.signal]),
      send: (type, content, key) => this.#ask({ ask: "send", run, type, content, key }),
      defer: (key, atMs) => this.#ask({ ask: "defer", run, key, atMs }),
      takeTurn: (request) => this.#ask({ ask: "turn", run, request }),
      setTyping: (typing) => this.#out.say({ say: "typing", run, typing }),
    });
    try {
      await this.#handlers.run(message);
      this.#out.sayLater({ say: "settled", run, error: undefined });
    } catch (error) {
      // At once: a bot that waits for its database in every handler would get round to nothing that is said later.
      this.#out.say({
        say: "settled",
        run,
        error: toWire(abort.signal.aborted ? abort.signal.reason : error),
      });
    } finally {
      this.#runs.delete(run);
    }
  }

  async #respond({ request, asked }: Extract<ToRuntime, { say: "request" }>): Promise<void> {
    try {
      this.#out.say({ say: "respond", request, answer: await this.#web.answer(asked) });
    } catch (error) {
      this.#createLogger().error("A request to the plugin's pages failed.", { path: asked.path }, error);
      const body = Buffer.from("The plugin failed; its log says how.\n");
      this.#out.say({ say: "respond", request, answer: { status: 500, headers: {}, body } });
    }
  }

  #ask<Asked extends Request>(request: Asked): Promise<Values[Asked["ask"]]> {
    const call = this.#nextCall++;
    return new Promise((resolve, reject) => {
      // The host answers each call by what was asked.
      this.#calls.set(call, { resolve: (value) => resolve(value as Values[Asked["ask"]]), reject });
      this.#out.say({ say: "call", call, ...request });
    });
  }

  #take(call: number): Waiting | undefined {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    return waiting;
  }

  #createLogger(): Logger {
    const write =
      (severity: Severity) =>
      (message: string, context: LogContext = {}, error?: unknown) =>
        this.#out.say({
          say: "log",
          severity,
          message,
          context,
          causes: error === undefined ? [] : causeChain(error),
        });
    return {
      debug: write("DEBUG"),
      info: write("INFO"),
      warn: write("WARN"),
      error: write("ERROR"),
      critical: write("CRITICAL"),
    };
  }

  #close(): void {
    this.#stop.abort(new RoostError("cancelled", "The instance is stopping."));
    if (this.#db !== undefined) this.#options.closeDatabase(this.#db);
    this.#out.say({ say: "stopped" });
  }
}
