/**
 * What each row of maubot's API answers when it is asked well and when it is asked badly: status and error code, in the real maubot and
 * in Roost. Where they differ on purpose both are written down, and docs/maubot-differences.md says why.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isObject, type JsonObject } from "../src/core/json.ts";
import { adminYaml, password } from "./doubles/api.ts";
import { findMaubot, Maubot, MaubotApi } from "./doubles/maubot.ts";
import { needs } from "./doubles/needs.ts";
import { archiveOf } from "./doubles/plugin-archive.ts";
import { pythonPlugin } from "./doubles/python-plugins.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(60_000);

const code = `from maubot import Plugin
from mautrix.util.async_db import UpgradeTable

upgrades = UpgradeTable()


@upgrades.register(description="First")
async def first(conn) -> None:
    await conn.execute("CREATE TABLE note (text TEXT)")


class Bot(Plugin):
    @classmethod
    def get_db_upgrade_table(cls):
        return upgrades
`;
const plugin = archiveOf(pythonPlugin("still", code, "database: true\ndatabase_type: asyncpg\n"));
const id = "org.example.still";
const bot = encodeURIComponent("@bot:sandbox");
const nobody = encodeURIComponent("@nobody:sandbox");
const noZip = new TextEncoder().encode("no zip");
/** What differs between the sides and from run to run stands in the table under these names. */
const [homeserver, server, accessToken, nowhere] = ["HOMESERVER", "SERVER", "TOKEN", "http://127.0.0.1:1"];
const client = { homeserver, access_token: accessToken };
const running = { type: id, primary_user: "@bot:sandbox", enabled: true, started: true };

/** `none` and `wrong` say which token is sent instead of the right one. */
interface Ask {
  readonly token?: "none" | "wrong";
  readonly body?: JsonObject | string | Uint8Array<ArrayBuffer>;
}

/** Asked in this order, for later ones find what earlier ones made. Where a fourth is said Roost differs on purpose. */
const table: readonly (readonly [request: string, ask: Ask, maubot: string, roost?: string])[] = [
  ["GET /version", { token: "none" }, "401 auth_token_missing"],
  ["GET /version", { token: "wrong" }, "401 auth_token_invalid"],
  ["GET /version", {}, "200"],
  ["GET /features", { token: "none" }, "200"],
  ["GET /features", {}, "200"],
  ["GET /nothing", {}, "404 resource_not_found"],
  ["GET /nothing", { token: "none" }, "401 auth_token_missing"],
  ["PATCH /instances", {}, "405 method_not_allowed"],
  ["POST /auth/login", { token: "none", body: { username: "admin", password: "x" } }, "401 invalid_auth"],
  ["POST /auth/login", { token: "none", body: {} }, "401 invalid_auth"],
  ["POST /auth/login", { token: "none", body: "{" }, "400 body_not_json"],
  ["POST /auth/ping", {}, "200"],
  ["POST /auth/ping", { token: "none" }, "401 auth_token_missing"],
  ["POST /auth/ping", { token: "wrong" }, "401 auth_token_invalid"],

  ["GET /plugins", {}, "200"],
  ["POST /plugins/upload", { body: noZip }, "400 plugin_invalid"],
  ["POST /plugins/upload", { body: plugin }, "201"],
  ["POST /plugins/upload", { body: plugin }, "409 plugin_exists"],
  ["POST /plugins/upload?allow_override=true", { body: plugin }, "200"],
  ["PUT /plugin/org.example.other", { body: plugin }, "400 pid_mismatch"],
  [`PUT /plugin/${id}`, { body: plugin }, "200"],
  [`GET /plugin/${id}`, {}, "200"],
  ["GET /plugin/none", {}, "404 plugin_not_found"],
  [`POST /plugin/${id}/reload`, {}, "200"],
  ["POST /plugin/none/reload", {}, "404 plugin_not_found"],
  ["DELETE /plugin/none", {}, "404 plugin_not_found"],

  ["GET /clients", {}, "200"],
  [`GET /client/${nobody}`, {}, "404 client_not_found"],
  ["POST /client/new", { body: {} }, "500 internal_server_error", "400 bad_client_access_token"],
  ["POST /client/new", { body: "{" }, "400 body_not_json"],
  ["POST /client/new", { body: { homeserver, access_token: "wrong" } }, "400 bad_client_access_token"],
  [
    "POST /client/new",
    { body: { homeserver: nowhere, access_token: "wrong" } },
    "400 bad_client_connection_details",
  ],
  [`PUT /client/${nobody}`, { body: client }, "400 mxid_mismatch"],
  ["POST /client/new", { body: client }, "201"],
  ["POST /client/new", { body: client }, "409 user_exists"],
  [`GET /client/${bot}`, {}, "200"],
  [`PUT /client/${bot}`, { body: { displayname: "Bot" } }, "200"],
  [`PUT /client/${bot}`, { body: { access_token: "wrong" } }, "400 bad_client_access_token"],
  [`PUT /client/${bot}`, { body: { homeserver: nowhere } }, "400 bad_client_connection_details"],
  [`DELETE /client/${nobody}`, {}, "404 client_not_found"],
  [`POST /client/${nobody}/clearcache`, {}, "404 client_not_found"],
  [`POST /client/${bot}/clearcache`, {}, "200", "409 not_supported"],
  [
    `POST /client/${bot}/verify`,
    { body: { recovery_key: "x" } },
    "500 internal_crypto_error",
    "409 not_supported",
  ],
  [`POST /client/${bot}/generate_recovery_key`, {}, "500 internal_crypto_error", "409 not_supported"],

  ["GET /client/auth/servers", {}, "200"],
  ["POST /client/auth/none/login", { body: { username: "bot", password: "x" } }, "404 server_not_found"],
  [`POST /client/auth/${server}/login`, { body: { username: "bot", password: "x" } }, "403 M_FORBIDDEN"],
  [`POST /client/auth/${server}/login`, { body: {} }, "400 username_or_password_missing"],
  [`POST /client/auth/${server}/login`, { body: "{" }, "400 body_not_json"],
  [`POST /client/auth/${server}/register`, { body: {} }, "400 username_or_password_missing"],
  ["POST /client/auth/none/register", { body: { username: "a", password: "b" } }, "404 server_not_found"],

  ["GET /instances", {}, "200"],
  ["GET /instance/none", {}, "404 instance_not_found"],
  ["PUT /instance/one", { body: "{" }, "400 body_not_json"],
  ["PUT /instance/one", { body: {} }, "400 plugin_type_required"],
  ["PUT /instance/one", { body: { type: id } }, "400 primary_user_required"],
  ["PUT /instance/one", { body: { ...running, type: "none" } }, "404 plugin_type_not_found"],
  [
    "PUT /instance/one",
    { body: { ...running, primary_user: "@nobody:sandbox" } },
    "404 primary_user_not_found",
  ],
  ["PUT /instance/one", { body: running }, "201"],
  ["PUT /instance/one", { body: { enabled: false } }, "200"],
  ["PUT /instance/one", { body: { enabled: true, started: true } }, "200"],
  ["PUT /instance/one", { body: { type: "none" } }, "200", "404 plugin_type_not_found"],
  ["PUT /instance/one", { body: { primary_user: "@nobody:sandbox" } }, "404 primary_user_not_found"],
  ["PUT /instance/one", { body: { nonsense: 1 } }, "200", "400 bad-request"],
  ["GET /instance/one", {}, "200"],
  ["GET /instance/one/database", {}, "200"],
  ["GET /instance/none/database", {}, "404 instance_not_found"],
  ["POST /instance/one/database/query", { body: { query: "SELECT 1" } }, "200"],
  ["POST /instance/one/database/query", { body: { query: "SELECT FROM" } }, "400 sql_error"],
  ["POST /instance/one/database/query", { body: {} }, "400 query_missing"],
  ["POST /instance/one/database/query", { body: "{" }, "500 internal_server_error", "400 body_not_json"],
  ["POST /instance/none/database/query", { body: { query: "SELECT 1" } }, "404 instance_not_found"],
  ["GET /instance/one/database/none", {}, "500", "404 table_not_found"],
  ["PUT /instance/one", { body: { config: "a: [" } }, "200", "400 config-invalid"],

  [`DELETE /client/${bot}`, {}, "412 client_in_use"],
  [`DELETE /plugin/${id}`, {}, "412 plugin_in_use"],
  ["DELETE /instance/none", {}, "404 instance_not_found"],
  ["DELETE /instance/one", {}, "204"],
  ["GET /instance/one/database", {}, "404 instance_not_found"],
  [`DELETE /plugin/${id}`, {}, "204"],
  [`DELETE /client/${bot}`, {}, "204"],

  [`GET /proxy/${bot}/_matrix/client/versions`, {}, "404 client_not_found", "403 client_proxy_disabled"],
  ["GET /logs", {}, "400 unhandled_http_400", "400 bad-request"],
  ["GET /debug/open", {}, "200"],
  ["POST /debug/open", { body: {} }, "405 method_not_allowed"],
];

class Side {
  #token = "";

  constructor(
    readonly origin: string,
    readonly fill: (text: string) => string,
  ) {}

  async logIn(): Promise<void> {
    const answer = await this.#fetch("POST /auth/login", {
      token: "none",
      body: { username: "admin", password },
    });
    const { token } = (await answer.json()) as { token: string };
    this.#token = token;
  }

  /** As `409 user_exists`. */
  async ask(request: string, ask: Ask): Promise<string> {
    try {
      const answer = await this.#fetch(request, ask);
      const text = await answer.text();
      const value: unknown = text.startsWith("{") ? JSON.parse(text) : undefined;
      const code = isObject(value) && typeof value.errcode === "string" ? ` ${value.errcode}` : "";
      return `${answer.status}${code}`;
    } catch {
      return "no answer";
    }
  }

  #fetch(request: string, { token, body }: Ask): Promise<Response> {
    const [method = "", path = ""] = this.fill(request).split(" ");
    const authorization = token === "wrong" ? "Bearer nonsense" : `Bearer ${this.#token}`;
    const sent = body instanceof Uint8Array ? body : typeof body === "object" ? JSON.stringify(body) : body;
    return fetch(`${this.origin}/_matrix/maubot/v1${path}`, {
      method,
      headers: token === "none" ? {} : { authorization },
      ...(sent === undefined ? {} : { body: sent instanceof Uint8Array ? sent : this.fill(sent) }),
    });
  }
}

const found = await findMaubot();

needs("a real maubot", "lack" in found ? found.lack : undefined)(
  "a request that maubot's clients make",
  () => {
    let scene: SandboxScene;
    let maubot: Maubot;
    let sides: readonly [maubot: Side, roost: Side];

    beforeAll(async () => {
      const python = "python" in found ? found.python : "";
      scene = await SandboxScene.open();
      const { accessToken: own } = scene.homeserver.createUser("bot");
      scene.configure(`${adminYaml}python: ${python}\naccounts: {}\ninstances: {}\n`);
      scene.host.start();
      const folder = join(scene.folder, "maubot");
      mkdirSync(folder);
      maubot = new Maubot(python, folder);
      await maubot.start(scene.homeserver.url);
      const roostOrigin = `http://127.0.0.1:${scene.host.port}`;
      await new MaubotApi(roostOrigin).untilItAnswers();
      const filling = (name: string) => (text: string) =>
        text.replace(homeserver, scene.homeserver.url).replace(accessToken, own).replace(server, name);
      sides = [new Side(maubot.origin, filling("test")), new Side(roostOrigin, filling("sandbox"))];
      for (const side of sides) await side.logIn();
    });
    afterAll(async () => {
      await maubot[Symbol.asyncDispose]();
      await scene[Symbol.asyncDispose]();
    });

    test.each(table)("%s", async (request, ask, inMaubot, inRoost = inMaubot) => {
      expect([await sides[0].ask(request, ask), await sides[1].ask(request, ask)]).toEqual([
        inMaubot,
        inRoost,
      ]);
    });
  },
);
