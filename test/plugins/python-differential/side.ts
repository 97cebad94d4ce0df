/** The two hosts of plugins that are compared, each as a process of its own. */
import { Database } from "bun:sqlite";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { adminYaml } from "../../doubles/api.ts";
import { findFreePort } from "../../doubles/free-port.ts";
import { HostProcess } from "../../doubles/host.ts";
import { MatrixUser } from "../../doubles/matrix-user.ts";
import { Maubot, MaubotApi } from "../../doubles/maubot.ts";

export interface Homeserver {
  readonly url: string;
  readonly serverName: string;
  readonly registrationToken: string;
}

export interface Side {
  /** Begins the names of its bots, so that both sides' are equally long. */
  readonly letter: string;
  readonly api: MaubotApi;
  start(homeserver: Homeserver, plugins: readonly string[]): Promise<void>;
  /** An instance with an account of its own, `@LETTER-NAME`, that works in every room it is in. */
  addInstance(name: string, type: string): Promise<void>;
  /** Rows of the instance's database, as objects. */
  query(name: string, sql: string): Promise<unknown>;
  log(): string;
  [Symbol.asyncDispose](): Promise<void>;
}

export class MaubotSide implements Side {
  readonly letter: string;
  readonly #folder: string;
  readonly #process: Maubot;
  #homeserver: Homeserver | undefined;
  #api = new MaubotApi("");

  constructor(python: string, folder: string, letter = "m") {
    this.letter = letter;
    mkdirSync(folder);
    this.#folder = folder;
    this.#process = new Maubot(python, folder);
  }

  get api(): MaubotApi {
    return this.#api;
  }

  async start(homeserver: Homeserver): Promise<void> {
    this.#homeserver = homeserver;
    await this.#process.start(homeserver.url);
    this.#api = new MaubotApi(this.#process.origin);
    await this.#api.logIn();
  }

  async addInstance(name: string, type: string): Promise<void> {
    const { url, registrationToken } = this.#homeserver ?? { url: "", registrationToken: "" };
    const account = await MatrixUser.register(url, `${this.letter}-${name}`, registrationToken);
    await this.#api.addInstance(name, type, account, url);
  }

  /** From the file: maubot's own API knows SQLAlchemy's databases only. */
  query(name: string, sql: string): Promise<unknown> {
    using database = new Database(join(this.#folder, `${name}.db`), { readonly: true });
    return Promise.resolve(database.query(sql).all());
  }

  log(): string {
    return readFileSync(this.#process.logFile, "utf8");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

export class RoostSide implements Side {
  readonly letter = "r";
  readonly #python: string;
  readonly #folder: string;
  #process: HostProcess | undefined;
  #serverName = "";
  #api = new MaubotApi("");

  /** `python` is an interpreter that has mautrix and what the plugins need. */
  constructor(python: string, folder: string) {
    this.#python = python;
    this.#folder = folder;
  }

  get api(): MaubotApi {
    return this.#api;
  }

  async start({ url, serverName, registrationToken }: Homeserver, plugins: readonly string[]): Promise<void> {
    const host = new HostProcess(this.#folder, await findFreePort());
    const accounts = plugins.map((name) => `  "@r-${name}:${serverName}": {}\n`).join("");
    const yaml = `${adminYaml}python: ${this.#python}\naccounts:\n${accounts}`;
    host.configure(url, yaml, registrationToken);
    host.start();
    this.#process = host;
    this.#serverName = serverName;
    this.#api = new MaubotApi(`http://127.0.0.1:${host.port}`);
    await this.#api.untilItAnswers();
    await this.#api.logIn();
  }

  async addInstance(name: string, type: string): Promise<void> {
    const account = `@r-${name}:${this.#serverName}`;
    // As every maubot bot does.
    const rooms = "any";
    const instance = { type, primary_user: account, enabled: true, started: true, rooms };
    await this.#api.call("PUT", `/instance/${name}`, instance);
  }

  async query(name: string, sql: string): Promise<unknown> {
    const asked = { query: sql, rows_as_dict: true };
    return (await this.#api.call("POST", `/instance/${name}/database/query`, asked)).rows;
  }

  log(): string {
    return this.#process?.output ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.kill();
  }
}
