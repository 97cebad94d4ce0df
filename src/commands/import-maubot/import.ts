import { createReadStream, existsSync, mkdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { AccountDefinitions } from "../../config/account-definitions.ts";
import { Definitions } from "../../config/definitions.ts";
import { ConfigReader } from "../../config/reader.ts";
import type { Config } from "../../core/config.ts";
import { sentenceOf } from "../../core/error.ts";
import { asInstanceId, asUserId, type InstanceId } from "../../core/id.ts";
import { isObject, objectAt } from "../../core/json.ts";
import { Secret } from "../../core/secret.ts";
import { instanceDatabaseFile } from "../../host/databases/instance-databases.ts";
import type { KnownPlugins } from "../../host/known-plugins.ts";
import { hasLoggedIn } from "../../matrix/credentials.ts";
import { Http } from "../../matrix/http.ts";
import { copyDatabase } from "../../store/copy.ts";
import type { MaubotClient, MaubotFolder, MaubotInstance } from "./maubot-folder.ts";

/** What was taken over, and in sentences what was not and what is left to do. */
export interface ImportReport {
  readonly accounts: string[];
  readonly instances: string[];
  readonly plugins: string[];
  readonly databases: string[];
  readonly left: string[];
}

export interface Target {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Opened. */
  readonly plugins: KnownPlugins;
}

const roomsLimitMs = 15_000;

/** Takes a maubot's accounts, plugins, bots and their databases over. What is here already is left as it is, so it may run again. */
export class MaubotImport {
  readonly #from: MaubotFolder;
  readonly #to: Target;
  readonly #definitions: Definitions;
  readonly #accounts: AccountDefinitions;
  readonly #report: ImportReport = { accounts: [], instances: [], plugins: [], databases: [], left: [] };

  constructor(from: MaubotFolder, to: Target) {
    this.#from = from;
    this.#to = to;
    const { env, plugins, config } = to;
    const reader = new ConfigReader(config.file, { env, plugins, hasLoggedIn });
    this.#definitions = new Definitions(reader);
    this.#accounts = new AccountDefinitions(reader, (edit) => this.#definitions.alone(edit));
  }

  async run(): Promise<ImportReport> {
    for (const archive of this.#from.archives()) await this.#addPlugin(archive);
    for (const client of this.#from.clients) await this.#addAccount(client);
    for (const instance of this.#from.instances) await this.#addInstance(instance);
    this.#tellOfTheRest();
    return this.#report;
  }

  async #addPlugin(archive: string): Promise<void> {
    await this.#attempt(`The plugin ${basename(archive)}`, async () => {
      const { entry } = await this.#to.plugins
        .catalog()
        .add(createReadStream(archive), { allowMissing: true });
      const { id, version, obstacle } = entry.info;
      this.#report.plugins.push(`${id} ${version}`);
      if (obstacle !== undefined) this.#report.left.push(`The plugin ${id} cannot run yet: ${obstacle}`);
    });
  }

  async #addAccount(client: MaubotClient): Promise<void> {
    const userId = asUserId(client.id);
    const { url } = this.#to.config.homeserver;
    if (userId === undefined) return void this.#report.left.push(`${client.id} is no user id.`);
    if (originOf(client.homeserver) !== originOf(url)) {
      this.#report.left.push(
        `${userId} lives on ${client.homeserver}, and this Roost serves ${url}: set homeserver.url to the first if both are one server, else run a Roost of its own for it.`,
      );
      return;
    }
    await this.#attempt(`The account ${userId}`, async () => {
      const accessToken = new Secret(client.access_token);
      const { displayname } = client;
      const isNamed = displayname !== "" && displayname !== "disable";
      await this.#accounts.add(
        userId,
        { by: "access-token", accessToken },
        isNamed ? displayname : undefined,
      );
      this.#report.accounts.push(userId);
    });
    if (client.avatar_url !== "" && client.avatar_url !== "disable")
      this.#report.left.push(`${userId} keeps the picture it has; Roost sets none.`);
  }

  async #addInstance(instance: MaubotInstance): Promise<void> {
    const id = idFor(instance.id);
    const account = asUserId(instance.primary_user);
    if (id === undefined || account === undefined)
      return void this.#report.left.push(`The bot ${instance.id} has no name that Roost could use.`);
    await this.#attempt(`The bot ${instance.id}`, async () => {
      if (this.#to.config.definitions.has(id) || this.#report.instances.includes(id))
        throw new Error(`There is a bot ${id} already, and it stays as it is.`);
      const client = this.#from.clients.find((each) => each.id === account);
      const enabled = instance.enabled !== 0 && client?.enabled !== 0;
      const { type: plugin, config } = instance;
      const settings = config.trim() === "" ? {} : { config: { yaml: config } };
      await this.#definitions.save(id, { plugin, account, rooms: [], enabled, ...settings });
      this.#report.instances.push(id);
      if (id !== instance.id) this.#report.left.push(`The bot ${instance.id} is called ${id} now.`);
      if (!enabled) this.#report.left.push(`${id} was switched off in maubot and stays so (enabled: false).`);
      this.#report.left.push(await this.#roomsOf(id, client));
      await this.#copyDatabase(id, instance);
    });
  }

  async #copyDatabase(id: InstanceId, instance: MaubotInstance): Promise<void> {
    const source = this.#from.databaseOf(instance);
    const target = instanceDatabaseFile(this.#to.config.dataDir, id);
    if (source === undefined) {
      if (this.#from.hasPostgres)
        this.#report.left.push(
          `What ${id} keeps in PostgreSQL is not taken over: it begins with an empty database.`,
        );
      return;
    }
    await this.#attempt(`The database of ${id}`, async () => {
      if (existsSync(target)) throw new Error(`${target} is there already. Move it away to take maubot's.`);
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      copyDatabase(this.#from.copyOf(source), target);
      this.#report.databases.push(target);
    });
  }

  /** maubot's bots listen wherever their account is; here the rooms are named, and by nobody but the admin. */
  async #roomsOf(id: InstanceId, client: MaubotClient | undefined): Promise<string> {
    const file = this.#definitions.read(id);
    const joined = client === undefined ? [] : await joinedRooms(client);
    const where =
      joined === undefined || joined.length === 0
        ? ""
        : ` ${file.account} is in: ${joined.map((room) => JSON.stringify(room)).join(", ")}.`;
    return `${id} works in no room yet, for maubot has no list of rooms.${where} Write those it shall work in as rooms in instances.d/${id}.yaml, then: roost restart ${id}`;
  }

  #tellOfTheRest(): void {
    const { config, clients } = this.#from;
    const { left } = this.#report;
    if (clients.some(({ autojoin }) => autojoin !== 0))
      left.push(
        "maubot accepted every invitation; Roost accepts those to listed rooms and declines the others, unless an instance says rooms: any.",
      );
    const secrets = Object.entries(objectAt(config, "homeservers") ?? {}).filter(
      ([, server]) => isObject(server) && typeof server.secret === "string" && server.secret !== "",
    );
    for (const [name] of secrets)
      left.push(
        `The shared secret of ${name} is not used: accounts are registered with homeserver.registration_token.`,
      );
    const admins = Object.keys(objectAt(config, "admins") ?? {}).filter((name) => name !== "root");
    if (admins.length > 0)
      left.push(
        `The logins ${admins.join(", ")} are not taken over: set admin.username and admin.password_hash (roost hash-password).`,
      );
    left.push(
      "What is said between maubot's stop and Roost's first start is not answered. Stop maubot before Roost starts.",
    );
  }

  /** What fails is told and keeps nothing else from being tried. */
  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#report.left.push(`${what} is not taken over. ${sentenceOf(error)}`);
    }
  }
}

/** Aliases where a room has one, else ids; undefined when the homeserver does not tell. */
async function joinedRooms(client: MaubotClient): Promise<string[] | undefined> {
  const http = new Http(originOf(client.homeserver));
  http.authorize(new Secret(client.access_token));
  const path = "/_matrix/client/v3/joined_rooms";
  const answer = await http
    .request({ method: "GET", path, timeoutMs: roomsLimitMs, signals: [] })
    .catch(() => undefined);
  const rooms = isObject(answer) ? answer.joined_rooms : undefined;
  return Array.isArray(rooms) ? rooms.filter((room) => typeof room === "string") : undefined;
}

function idFor(name: string): InstanceId | undefined {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 63);
  return asInstanceId(plain);
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
