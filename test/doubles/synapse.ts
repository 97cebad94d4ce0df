/** A real Synapse (matrix-synapse from PyPI) on loopback with SQLite in a temporary folder: the truth about Matrix for tests. */
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { stringAt } from "../../src/core/json.ts";
import { findFreePort } from "./free-port.ts";
import { call, MatrixUser } from "./matrix-user.ts";
import { type Environment, pythonWith } from "./python.ts";

const sharedSecret = "only-on-loopback";

/** Where Synapse can run, or why it can't; the first call on a machine installs it. For `needs(...)`. */
export function findSynapse(): Promise<Environment> {
  return pythonWith("matrix-synapse", "1.163.2");
}

export class Synapse {
  readonly serverName: string;
  readonly #python: string;
  #folder = "";
  #port: number;
  #process: Subprocess | undefined;
  #admin: MatrixUser | undefined;

  /** Port 0 takes a free one. */
  constructor(python: string, { serverName = "roost.test", port = 0 } = {}) {
    this.#python = python;
    this.serverName = serverName;
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it and resolves once it answers; after `stop` or `kill` again with the same port and data. Takes about 2 s. */
  async start(): Promise<void> {
    if (this.#folder === "") await this.#prepare();
    const process = Bun.spawn(
      [this.#python, "-m", "synapse.app.homeserver", "-c", join(this.#folder, "homeserver.yaml")],
      {
        cwd: this.#folder,
        stdin: "ignore",
        stdout: Bun.file(join(this.#folder, "output.log")),
        stderr: Bun.file(join(this.#folder, "errors.log")),
      },
    );
    this.#process = process;
    for (;;) {
      if (
        await fetch(`${this.url}/_matrix/client/versions`).then(
          (answer) => answer.ok,
          () => false,
        )
      )
        return;
      if (process.exitCode !== null) {
        const log = readFileSync(join(this.#folder, "errors.log"), "utf8");
        throw new Error(`Synapse ended with ${process.exitCode} instead of starting:\n${log}`);
      }
      await Bun.sleep(50);
    }
  }

  /** Ends it in its own time; data and port are kept for the next `start`. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Kills it and deletes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    if (this.#folder !== "") rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The server administrator, made when first asked for. */
  async admin(): Promise<MatrixUser> {
    this.#admin ??= await this.#registerAdmin();
    return this.#admin;
  }

  /** Makes a registration token that admits as many users as wanted, or `uses` of them. */
  async makeRegistrationToken(uses: number | null = null): Promise<string> {
    const admin = await this.admin();
    const body = await admin.request("POST", "/_synapse/admin/v1/registration_tokens/new", {
      uses_allowed: uses,
    });
    return stringAt(body, "token") ?? "";
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#process?.kill(signal);
    await this.#process?.exited;
    this.#process = undefined;
  }

  async #prepare(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), "roost-synapse-"));
    if (this.#port === 0) this.#port = await findFreePort();
    const write = (name: string, text: string) => writeFileSync(join(this.#folder, name), text);
    write("signing.key", `ed25519 a_test ${randomBytes(32).toString("base64").replace("=", "")}\n`);
    write("homeserver.yaml", JSON.stringify(homeserverConfig(this.#folder, this.#port, this.serverName)));
    write("log.yaml", JSON.stringify(logConfig));
  }

  /** Through the shared-secret API: quicker than a login, and the only way to the first administrator. */
  async #registerAdmin(): Promise<MatrixUser> {
    const path = "/_synapse/admin/v1/register";
    const nonce = stringAt((await call(this.url, "GET", path)).body, "nonce") ?? "";
    const [username, password] = ["admin", "admin-password"];
    const mac = createHmac("sha1", sharedSecret)
      .update([nonce, username, password, "admin"].join("\0"))
      .digest("hex");
    const { body } = await call(this.url, "POST", path, { nonce, username, password, admin: true, mac });
    return new MatrixUser(this.url, stringAt(body, "user_id") ?? "", stringAt(body, "access_token") ?? "");
  }
}

const plenty = { per_second: 10_000, burst_count: 10_000 };

function homeserverConfig(folder: string, port: number, serverName: string) {
  return {
    server_name: serverName,
    report_stats: false,
    listeners: [
      { port, bind_addresses: ["127.0.0.1"], type: "http", tls: false, resources: [{ names: ["client"] }] },
    ],
    database: { name: "sqlite3", args: { database: join(folder, "homeserver.db") } },
    media_store_path: join(folder, "media"),
    signing_key_path: join(folder, "signing.key"),
    log_config: join(folder, "log.yaml"),
    pid_file: join(folder, "homeserver.pid"),
    registration_shared_secret: sharedSecret,
    macaroon_secret_key: sharedSecret,
    enable_registration: true,
    registration_requires_token: true,
    bcrypt_rounds: 4,
    trusted_key_servers: [],
    presence: { enabled: false },
    rc_message: plenty,
    rc_registration: plenty,
    rc_registration_token_validity: plenty,
    rc_login: { address: plenty, account: plenty, failed_attempts: plenty },
    rc_joins: { local: plenty, remote: plenty },
    rc_joins_per_room: plenty,
    rc_invites: { per_room: plenty, per_user: plenty, per_issuer: plenty },
    rc_room_creation: plenty,
    rc_media_create: plenty,
  };
}

const logConfig = {
  version: 1,
  handlers: { console: { class: "logging.StreamHandler" } },
  root: { level: "WARNING", handlers: ["console"] },
};
