/** A real maubot from PyPI on loopback, and what both it and Roost answer under maubot's API. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { isObject, type JsonObject } from "../../src/core/json.ts";
import { password } from "./api.ts";
import { until } from "./delivery.ts";
import { findFreePort } from "./free-port.ts";
import { type Environment, pythonWith } from "./python.ts";

/** With the SQLAlchemy that plugins of its time need. For `needs(...)`. */
export function findMaubot(): Promise<Environment> {
  return pythonWith("maubot", "0.6.0", "sqlalchemy==1.3.24");
}

/** A host of plugins at maubot's `/_matrix/maubot/v1`, be it maubot or Roost. */
export class MaubotApi {
  #token = "";

  constructor(readonly origin: string) {}

  /** Resolves once the host has started; fails after half a minute. */
  untilItAnswers(): Promise<void> {
    const answers = () =>
      fetch(`${this.origin}/_matrix/maubot/v1/features`).then(
        ({ ok }) => ok,
        () => false,
      );
    return until("the host answers", answers, 30_000);
  }

  async logIn(): Promise<void> {
    this.#token = String((await this.call("POST", "/auth/login", { username: "admin", password })).token);
  }

  /** An instance of the plugin, with the account whose access token this is. */
  async addInstance(
    name: string,
    type: string,
    account: { userId: string; accessToken: string },
    url: string,
  ) {
    const running = { enabled: true, started: true };
    const client = {
      homeserver: url,
      access_token: account.accessToken,
      sync: true,
      autojoin: true,
      ...running,
    };
    await this.call("PUT", `/client/${encodeURIComponent(account.userId)}`, client);
    await this.call("PUT", `/instance/${name}`, { type, primary_user: account.userId, ...running });
  }

  /** The answer to a call, whose status must be one of success. */
  async call(method: string, path: string, body?: JsonObject | Uint8Array<ArrayBuffer>): Promise<JsonObject> {
    const answer = await fetch(`${this.origin}/_matrix/maubot/v1${path}`, {
      method,
      headers: this.#token === "" ? {} : { authorization: `Bearer ${this.#token}` },
      ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    const value: unknown = text === "" ? {} : JSON.parse(text);
    return isObject(value) ? value : {};
  }
}

export class Maubot {
  readonly #python: string;
  readonly #folder: string;
  #process: Subprocess | undefined;
  #port = 0;

  constructor(python: string, folder: string) {
    this.#python = python;
    this.#folder = folder;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get logFile(): string {
    return join(this.#folder, "maubot.log");
  }

  /** Starts it for bots of this homeserver and resolves once it answers, in about a second. */
  async start(homeserverUrl: string): Promise<void> {
    this.#port = await findFreePort();
    const config = join(this.#folder, "config.yaml");
    writeFileSync(config, JSON.stringify(maubotConfig(this.#folder, this.#port, homeserverUrl, "INFO")));
    const log = Bun.file(this.logFile);
    const command = [this.#python, "-m", "maubot", "-c", config];
    this.#process = Bun.spawn(command, { cwd: this.#folder, stdin: "ignore", stdout: log, stderr: log });
    await new MaubotApi(this.origin).untilItAnswers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
  }
}

/** A config of maubot's with everything in the folder, for bots of the homeserver at that address. */
export function maubotConfig(folder: string, port: number, homeserverUrl: string, level: "INFO" | "WARNING") {
  return {
    database: `sqlite:${join(folder, "maubot.db")}`,
    plugin_directories: { upload: folder, load: [folder], trash: "delete" },
    plugin_databases: { sqlite: folder },
    server: {
      hostname: "127.0.0.1",
      port,
      public_url: `http://127.0.0.1:${port}`,
      unshared_secret: password,
    },
    homeservers: { test: { url: homeserverUrl } },
    admins: { admin: password },
    logging: {
      version: 1,
      handlers: { console: { class: "logging.StreamHandler" } },
      root: { level, handlers: ["console"] },
    },
  };
}
