import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parse } from "yaml";
import { RoostError, sentenceOf } from "../../core/error.ts";
import { isObject, type JsonObject, objectAt, stringAt } from "../../core/json.ts";

/** A row of maubot's table `client`: a Matrix account. SQLite keeps its booleans as 0 and 1. */
export interface MaubotClient {
  readonly id: string;
  readonly homeserver: string;
  readonly access_token: string;
  readonly enabled: number;
  readonly autojoin: number;
  readonly displayname: string;
  readonly avatar_url: string;
}

/** A row of its table `instance`. */
export interface MaubotInstance {
  readonly id: string;
  readonly type: string;
  readonly enabled: number;
  readonly primary_user: string;
  /** YAML. */
  readonly config: string;
}

/** What lies in a maubot's folder. Nothing in it is changed: databases are copied before they are opened. */
export class MaubotFolder implements Disposable {
  readonly #folder: string;
  readonly #copies = mkdtempSync(join(tmpdir(), "roost-import-"));
  readonly config: JsonObject;
  readonly clients: readonly MaubotClient[];
  readonly instances: readonly MaubotInstance[];

  /** @throws RoostError `bad-request` when it is no maubot's folder or its database cannot be read. */
  constructor(folder: string) {
    this.#folder = resolve(folder);
    this.config = readConfig(join(this.#folder, "config.yaml"));
    const address = stringAt(this.config, "database") ?? "sqlite:maubot.db";
    if (!address.startsWith("sqlite"))
      throw new RoostError(
        "bad-request",
        "maubot's own database is in PostgreSQL, which is not read. Make the accounts and bots anew: roost init, or the page.",
      );
    const file = this.#locate(address.replace(/^sqlite[^:]*:(\/\/)?/, ""));
    try {
      const db = new Database(this.copyOf(file));
      this.clients = db.query<MaubotClient, []>("SELECT * FROM client ORDER BY id").all();
      this.instances = db.query<MaubotInstance, []>("SELECT * FROM instance ORDER BY id").all();
      db.close();
    } catch (error) {
      throw new RoostError("bad-request", `maubot's database ${file} cannot be read: ${sentenceOf(error)}`, {
        cause: error,
      });
    }
  }

  /** The archives of all its plugin folders. */
  archives(): string[] {
    const folders = objectAt(this.config, "plugin_directories");
    const load = Array.isArray(folders?.load) ? folders.load : [];
    const named = [
      stringAt(folders, "upload") ?? "plugins",
      ...load.filter((each) => typeof each === "string"),
    ];
    const paths = new Set(named.map((name) => this.#locate(name)));
    return [...paths].flatMap((path) =>
      existsSync(path)
        ? readdirSync(path)
            .filter((name) => name.endsWith(".mbp"))
            .sort()
            .map((name) => join(path, name))
        : [],
    );
  }

  /** The instance's SQLite database; undefined if it has none. */
  databaseOf(instance: MaubotInstance): string | undefined {
    const folder = stringAt(objectAt(this.config, "plugin_databases"), "sqlite") ?? "plugins";
    const file = join(this.#locate(folder), `${instance.id}.db`);
    return existsSync(file) ? file : undefined;
  }

  get hasPostgres(): boolean {
    return typeof objectAt(this.config, "plugin_databases")?.postgres === "string";
  }

  /** With what its write-ahead log holds: SQLite would fold that in where it lies. */
  copyOf(file: string): string {
    const copy = join(mkdtempSync(join(this.#copies, "db-")), basename(file));
    copyFileSync(file, copy);
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
    return copy;
  }

  [Symbol.dispose](): void {
    rmSync(this.#copies, { recursive: true, force: true });
  }

  /** maubot's paths begin where it was started; in its container image that is /data. */
  #locate(path: string): string {
    const inside = join(this.#folder, path.replace(/^\/data\//, ""));
    return path.startsWith("/") && (existsSync(path) || !existsSync(inside)) ? path : inside;
  }
}

function readConfig(file: string): JsonObject {
  let config: unknown;
  try {
    config = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new RoostError("bad-request", `${file} cannot be read: ${sentenceOf(error)} Name maubot's folder.`);
  }
  if (isObject(config)) return config;
  throw new RoostError("bad-request", `${file} holds no maubot config. Name maubot's folder.`);
}
