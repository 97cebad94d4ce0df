/** `roost import-maubot` on the folder of a real maubot that was used. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { JsonObject } from "../src/core/json.ts";
import { until } from "./doubles/delivery.ts";
import { temporaryFolder } from "./doubles/folder.ts";
import { HostProcess, roost } from "./doubles/host.ts";
import { call } from "./doubles/matrix-user.ts";
import { findMaubot, Maubot, MaubotApi } from "./doubles/maubot.ts";
import { needs } from "./doubles/needs.ts";
import { archiveOf } from "./doubles/plugin-archive.ts";
import { beginning, pythonPlugin } from "./doubles/python-plugins.ts";
import { SandboxScene } from "./doubles/sandbox-scene.ts";

setDefaultTimeout(120_000);

const counter = pythonPlugin(
  "counter",
  `from maubot import MessageEvent, Plugin
from maubot.handlers import command
from mautrix.util.async_db import UpgradeTable
from mautrix.util.config import BaseProxyConfig

upgrades = UpgradeTable()


@upgrades.register(description="First")
async def first(conn):
    await conn.execute("CREATE TABLE seen (word TEXT PRIMARY KEY)")


class Config(BaseProxyConfig):
    def do_update(self, helper):
        helper.copy("greeting")
        helper.copy("api_key")


class Bot(Plugin):
${beginning}

    @command.new("see")
    @command.argument("word", pass_raw=True)
    async def see(self, evt: MessageEvent, word: str) -> None:
        await self.database.execute("INSERT INTO seen (word) VALUES ($1)", word)
        await evt.reply(f"{self.config['greeting']} {word}")

    @command.new("seen")
    async def seen(self, evt: MessageEvent) -> None:
        rows = await self.database.fetch("SELECT word FROM seen ORDER BY word")
        await evt.reply("seen: " + ", ".join(row["word"] for row in rows))
`,
  "database: true\ndatabase_type: asyncpg\nconfig: true\nextra_files: [base-config.yaml]\n",
  { "base-config.yaml": "# What it says\ngreeting: hello\napi_key: ''\n" },
);

/** Its database is of the older kind. */
const ledger = pythonPlugin(
  "ledger",
  `from maubot import MessageEvent, Plugin
from maubot.handlers import command
from sqlalchemy import Column, MetaData, Table, Text


class Bot(Plugin):
    async def start(self) -> None:
        metadata = MetaData()
        self.entries = Table("entry", metadata, Column("text", Text, primary_key=True))
        metadata.create_all(self.database)

    @command.new("enter")
    @command.argument("text", pass_raw=True)
    async def enter(self, evt: MessageEvent, text: str) -> None:
        self.database.execute(self.entries.insert().values(text=text))
        await evt.reply(f"entered {text}")

    @command.new("entries")
    async def all(self, evt: MessageEvent) -> None:
        rows = self.database.execute(self.entries.select())
        await evt.reply("entries: " + ", ".join(row[self.entries.c.text] for row in rows))
`,
  "database: true\n",
);

/** Every file below the folder with what is in it. */
function contentsOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(
    files.map((name) => [name, Bun.hash(readFileSync(join(folder, name))).toString(16)]),
  );
}

const found = await findMaubot();
needs("a real maubot", "lack" in found ? found.lack : undefined)("import-maubot", () => {
  let scene: SandboxScene;
  let old = "";
  let room = "";
  let before: Record<string, string> = {};

  beforeAll(async () => {
    scene = await SandboxScene.open({ env: { PATH: process.env.PATH ?? "" } });
    old = join(scene.folder, "maubot");
    room = scene.ada.createRoom({ public: true });
    mkdirSync(old);
    await using maubot = new Maubot("python" in found ? found.python : "", old);
    await maubot.start(scene.homeserver.url);
    const api = new MaubotApi(maubot.origin);
    await api.logIn();
    for (const plugin of [counter, ledger]) await api.call("POST", "/plugins/upload", archiveOf(plugin));
    const add = async (user: string, instance: JsonObject) => {
      const userId = `@${user}:sandbox`;
      const token = await registered(user);
      const client = {
        id: userId,
        homeserver: scene.homeserver.url,
        access_token: token,
        displayname: "The Counter",
      };
      const flags = { enabled: true, started: true, sync: true, autojoin: true, online: false };
      await api.call("PUT", `/client/${encodeURIComponent(userId)}`, { ...client, ...flags });
      const id = String(instance.id);
      const rest = { type: "org.example.counter", primary_user: userId };
      await api.call("PUT", `/instance/${id}`, { ...rest, ...instance });
    };
    const config = "# What it says\ngreeting: hi\napi_key: hidden\n";
    await add("counter", { id: "Counter.One", enabled: true, started: true, config });
    await add("resting", { id: "resting", enabled: false, started: false });
    await add("ledger", { id: "ledger", type: "org.example.ledger", enabled: true, started: true });
    for (const bot of ["@counter:sandbox", "@ledger:sandbox"]) {
      scene.ada.invite(room, bot);
      await scene.joined(room, bot);
    }
    scene.ada.say(room, "!see otters");
    scene.ada.say(room, "!enter 12 marks");
    for (const answer of ["hi otters", "entered 12 marks"])
      await scene.homeserver.waitForEvent(room, (event) => event.content.body === answer);
    // As a machine that loses its power does it: the write-ahead logs stay.
    await maubot[Symbol.asyncDispose]();
    const file = join(old, "config.yaml");
    const written = parse(readFileSync(file, "utf8"));
    const homeservers = { test: { url: scene.homeserver.url, secret: "shared" } };
    writeFileSync(file, stringify({ ...written, database: "sqlite:maubot.db", homeservers }));
    before = contentsOf(old);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  async function registered(username: string): Promise<string> {
    const auth = { type: "m.login.registration_token", token: "letmein" };
    const path = "/_matrix/client/v3/register";
    const first = await call(scene.homeserver.url, "POST", path, { username, password: "a long one", auth });
    const { session } = first.body;
    const last = {
      username,
      password: "a long one",
      auth: { type: "m.login.dummy", session: session ?? "" },
    };
    return String((await call(scene.homeserver.url, "POST", path, last)).body.access_token);
  }

  test("takes over accounts, plugins, bots and databases, with secrets in files, and says what is left to do", async () => {
    scene.configure(`python: ${"python" in found ? found.python : ""}\n`);
    const { code, out, err } = await scene.host.command("import-maubot", old);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    if (process.env.ROOST_TRANSCRIPT) console.log(out);
    expect(out).toContain("accounts: @counter:sandbox, @ledger:sandbox, @resting:sandbox");
    expect(out).toContain("instances: counter-one, ledger, resting");
    expect(out).toContain("plugins: org.example.counter 1.0.0, org.example.ledger 1.0.0");
    for (const sentence of [
      "The bot counter.one is called counter-one now.",
      `@counter:sandbox is in: "${room}"`,
      "roost restart counter-one",
      "resting was switched off in maubot",
      "The shared secret of test is not used",
      "The logins admin are not taken over",
      "declines the others",
    ])
      expect(out).toContain(sentence);
  });

  test("the YAML says the same, and no token stands in it", () => {
    const file = join(scene.host.dataDir, "instances.d/counter-one.yaml");
    const text = readFileSync(file, "utf8");
    expect(parse(text).instances["counter-one"]).toEqual({
      plugin: "org.example.counter",
      account: "@counter:sandbox",
      rooms: [],
      enabled: true,
      config: { greeting: "hi", api_key: { file: "../secrets/counter-one/api_key" } },
    });
    expect(text).toContain("# What it says");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(scene.host.dataDir, "secrets/counter-one/api_key"), "utf8")).toBe("hidden\n");
    const accounts = parse(
      readFileSync(join(scene.host.dataDir, "instances.d/accounts.yaml"), "utf8"),
    ).accounts;
    const token = join(scene.host.dataDir, "instances.d", accounts["@counter:sandbox"].access_token.file);
    expect(accounts["@counter:sandbox"].displayname).toBe("The Counter");
    expect(statSync(token).mode & 0o777).toBe(0o600);
    expect(readFileSync(token, "utf8").trim().length).toBeGreaterThan(10);
  });

  test("the bot's database came along, and nothing in maubot's folder was changed", () => {
    const db = new Database(join(scene.host.dataDir, "instances/counter-one/data.db"), { readonly: true });
    expect(db.query("SELECT word FROM seen").all()).toEqual([{ word: "otters" }]);
    db.close();
    expect(contentsOf(old)).toEqual(before);
  });

  test("roost check finds nothing wrong with it, and the accounts go on as the devices they were", async () => {
    expect(await scene.host.command("check")).toMatchObject({ code: 0 });
    const devices = scene.homeserver.devices("@counter:sandbox");
    scene.host.start();
    await until("the account is used", () => scene.host.output.includes("The account follows its rooms."));
    expect(scene.homeserver.devices("@counter:sandbox")).toEqual(devices);
    await scene.host.stop();
  });

  test("the plugins find in their databases what maubot had them write, of the newer kind and of the older", async () => {
    for (const name of ["counter-one", "ledger"]) {
      const file = join(scene.host.dataDir, `instances.d/${name}.yaml`);
      writeFileSync(file, readFileSync(file, "utf8").replace("rooms: []", `rooms: ["${room}"]`));
    }
    scene.host.start();
    for (const name of ["counter-one", "ledger"]) await scene.host.untilInstance(name, "running", 30_000);
    scene.ada.say(room, "!see seals");
    scene.ada.say(room, "!seen");
    scene.ada.say(room, "!entries");
    for (const answer of ["seen: otters, seals", "entries: 12 marks"])
      await scene.homeserver.waitForEvent(room, (event) => event.content.body === answer);
    await scene.host.stop();
  });

  test("a second time takes nothing over, changes nothing and says why", async () => {
    const { out, code } = await scene.host.command("import-maubot", old, "--json");
    expect(code).toBe(1);
    const report = JSON.parse(out);
    expect([report.accounts, report.instances, report.plugins]).toEqual([[], [], []]);
    const left = report.left.join("\n");
    expect(left).toContain("@counter:sandbox is listed already");
    expect(left).toContain("There is a bot counter-one already, and it stays as it is.");
  });
});

test("what is no maubot's folder is refused with a sentence", async () => {
  using folder = temporaryFolder();
  const host = new HostProcess(join(folder.path, "roost"), 0);
  host.configure("http://127.0.0.1:1", "");
  const { code, out, err } = await host.command("import-maubot", folder.path);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toContain("Name maubot's folder");
  expect((await roost(["import-maubot"])).code).toBe(2);
});
