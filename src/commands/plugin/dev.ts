import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { watch } from "chokidar";
import { parse } from "yaml";
import { RoostError, sentenceOf } from "../../core/error.ts";
import type { RoomId } from "../../core/id.ts";
import type { LogRecord } from "../../core/log.ts";
import { webRoot } from "../../core/web-request.ts";
import { App } from "../../host/app.ts";
import { PluginAgreements } from "../../host/management/plugin-agreements.ts";
import { consoleSink } from "../../log/console.ts";
import { LogRouter } from "../../log/router.ts";
import { packPlugin } from "../../plugins/author/pack.ts";
import { Homeserver } from "../../sandbox/homeserver.ts";
import { fetchSnapshot } from "../status.ts";
import { exitCode, type Terminal } from "../terminal.ts";
import { pythonOf } from "./build.ts";
import { sendToHost } from "./install.ts";
import type { PluginOptions } from "./plugin.ts";

const instance = "dev";
const bot = "@bot:sandbox";
const token = "sandbox-registration-token";
const startWithinMs = 20_000;
const lookEveryMs = 50;
const quietMs = 100;
/** In the plugin's folder: the settings that it is tried with. */
const settingsFile = "dev.yaml";
/** Stands in it for the id of the room. */
const roomMark = "$ROOM";
/** Where a setting is in the config that is made here, which its author never sees. */
const madeUpPlace = /\S*\/config\.yaml:\d+:\d+ instances\.dev\.config\.?/g;

/**
 * `roost plugin dev [DIR]`: the plugin at work on a homeserver of its own, in the kind of process that runs it elsewhere too, with a
 * page to type into. What is saved in its folder runs at once; what does not build or start leaves the version before at work.
 */
export async function dev(
  what: string | undefined,
  options: PluginOptions,
  terminal: Terminal,
): Promise<number> {
  const folder = resolve(what ?? ".");
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    terminal.err(`There is no folder ${folder}. Begin a plugin with: roost plugin new NAME`);
    return exitCode.usage;
  }
  const stopped = terminal.stopRequested();
  const homeserver = new Homeserver({
    serverName: "sandbox",
    dialect: "conduwuit",
    registrationToken: token,
  });
  const scratch = mkdtempSync(join(tmpdir(), "roost-dev-"));
  const app = new App({
    configFile: join(scratch, "config.yaml"),
    env: { PATH: terminal.env.PATH },
    version: terminal.version,
    router: routerTo(terminal),
    self: terminal.self,
  });
  try {
    const trial = new Trial(folder, scratch, pythonOf(options, terminal), terminal);
    await trial.take();
    await homeserver.open();
    const you = homeserver.createUser("you");
    const room = you.createRoom({ name: basename(folder), public: true });
    homeserver.openRoomPage({ room, user: you, links: [] });
    trial.configure(homeserver.url, room);
    await app.open();
    await Promise.race([trial.untilRunning(), stopped]);
    terminal.out(`The room, to type into: ${homeserver.url}/`);
    terminal.out(`Its own pages, if it has some: ${trial.webUrl}`);
    terminal.out(`What you save in ${folder} runs at once. Stop with Ctrl-C.`);
    const watching = watchFolder(folder, () => trial.again());
    await stopped;
    await watching.close();
    return exitCode.fine;
  } finally {
    await app.close();
    await homeserver.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** All that the plugin logs, and what the host warns of. */
function routerTo(terminal: Terminal): LogRouter {
  const router = new LogRouter();
  const print = consoleSink(
    (line) => terminal.out(line.trimEnd().replaceAll(madeUpPlace, `${settingsFile}: `)),
    terminal.isTerminal && !terminal.env.NO_COLOR ? "colour" : "text",
  );
  const isTold = ({ severity, instance: from }: LogRecord) =>
    from === instance || (severity !== "DEBUG" && severity !== "INFO");
  router.addSink((record) => isTold(record) && print(record), "DEBUG");
  return router;
}

/** One plugin in one host, as its folder is now. */
class Trial {
  readonly #folder: string;
  readonly #scratch: string;
  readonly #python: string | undefined;
  readonly #terminal: Terminal;
  /** Known before the host starts: the plugin is told where its own pages are. */
  readonly #port = freePort();
  #place: { readonly homeserver: string; readonly room: RoomId } | undefined;
  #plugin = "";
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string, scratch: string, python: string | undefined, terminal: Terminal) {
    this.#folder = folder;
    this.#scratch = scratch;
    this.#python = python;
    this.#terminal = terminal;
  }

  get webUrl(): string {
    return `http://127.0.0.1:${this.#port}${webRoot}/${instance}/`;
  }

  get #dataDir(): string {
    return join(this.#scratch, "data");
  }

  /** Packs it for a host that does not run yet. */
  async take(): Promise<void> {
    const { file, bytes, inspection } = await packPlugin(this.#folder, this.#python);
    const plugins = join(this.#dataDir, "plugins");
    mkdirSync(plugins, { recursive: true, mode: 0o700 });
    writeFileSync(join(plugins, file), bytes);
    this.#plugin = inspection.info.id;
    new PluginAgreements(join(plugins, "agreed.json")).agree(this.#plugin, inspection.manifest.permissions);
  }

  configure(homeserver: string, room: RoomId): void {
    this.#place = { homeserver, room };
    const plugin = this.#plugin;
    const config = {
      homeserver: { url: homeserver, registration_token: token },
      server: { port: this.#port },
      data_dir: this.#dataDir,
      ...(this.#python === undefined ? {} : { python: this.#python }),
      accounts: { [bot]: { displayname: plugin } },
      instances: { [instance]: { plugin, account: bot, rooms: [room], config: this.#settings(room) } },
    };
    // Which is YAML too.
    writeFileSync(join(this.#scratch, "config.yaml"), JSON.stringify(config, null, 2));
  }

  /** @throws RoostError with why it does not start. */
  async untilRunning(): Promise<void> {
    for (const endsAtMs = performance.now() + startWithinMs; ; await Bun.sleep(lookEveryMs)) {
      const { instances } = await fetchSnapshot(this.#dataDir);
      const observed = instances.find(({ id }) => id === instance)?.observed;
      if (observed?.state === "running") return;
      const cause = observed !== undefined && "cause" in observed ? observed.cause : "it takes too long";
      if (observed?.state === "failed" || observed?.state === "backoff" || performance.now() > endsAtMs)
        throw new RoostError("plugin-refused", `The plugin does not start: ${this.#advise(cause)}`);
    }
  }

  /** Runs what the folder holds now, one call after the other; says how it went. */
  again(): void {
    this.#last = this.#last.then(async () => {
      const startMs = performance.now();
      try {
        const { file, bytes } = await packPlugin(this.#folder, this.#python);
        if (this.#place !== undefined) this.configure(this.#place.homeserver, this.#place.room);
        const path = join(this.#scratch, file);
        writeFileSync(path, bytes);
        const { plugin } = await sendToHost(this.#dataDir, path, true);
        const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
        this.#terminal.out(`${plugin.id} ${plugin.version} is taken up, in ${seconds} s.`);
      } catch (error) {
        this.#terminal.err(`${sentenceOf(error)}\nThe version before stays at work.`);
      }
    });
  }

  #advise(cause: string): string {
    if (!cause.match(madeUpPlace)) return cause;
    const told = cause.replaceAll(madeUpPlace, "").replace("Its config has a problem: ", "");
    return `${told}. Write its settings into ${join(this.#folder, settingsFile)}, and start it again.`;
  }

  #settings(room: RoomId): unknown {
    const file = join(this.#folder, settingsFile);
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return {};
    try {
      const settings: unknown = parse(readFileSync(file, "utf8")) ?? {};
      return JSON.parse(JSON.stringify(settings).replaceAll(roomMark, room));
    } catch (error) {
      throw new RoostError("config-invalid", `${settingsFile}: ${sentenceOf(error)}`, { cause: error });
    }
  }
}

/** One that was free a moment ago. */
function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port = 0 } = server;
  void server.stop(true);
  return port;
}

/** Calls back when something in it that could matter has been saved, once for what an editor does in one go. */
function watchFolder(folder: string, onSave: () => void): { close(): Promise<void> } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watcher = watch(folder, {
    ignoreInitial: true,
    ignored: (path) =>
      /(?:^|\/)(?:node_modules|roost|__pycache__|\..+|.+\.mbp)$/.test(relative(folder, path)),
  });
  watcher.on("all", () => {
    clearTimeout(timer);
    timer = setTimeout(onSave, quietMs);
  });
  return {
    close: () => {
      clearTimeout(timer);
      return watcher.close();
    },
  };
}
