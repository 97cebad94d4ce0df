import { expect, test } from "bun:test";
import { refusalOf, until } from "../doubles/delivery.ts";
import { needs } from "../doubles/needs.ts";
import { pluginPython, pythonPlugin } from "../doubles/python-plugins.ts";
import { RuntimeStage } from "../doubles/runtime-stage.ts";

const environment = await pluginPython();
const python = "python" in environment ? environment.python : "";

const plugin = (body: string, manifest = "", upgrades = "None") =>
  pythonPlugin(
    "stage",
    `
import asyncio

from maubot import MessageEvent, Plugin
from maubot.handlers import command, event
from mautrix.types import EventType
from mautrix.util.async_db import UpgradeTable
from mautrix.util.config import BaseProxyConfig


class Config(BaseProxyConfig):
    def do_update(self, helper) -> None:
        raise ValueError("no such city")


table = UpgradeTable()


@table.register(description="Wrong")
async def wrong(connection) -> None:
    await connection.execute("CREATE TABEL note (text TEXT)")


class Bot(Plugin):
    @classmethod
    def get_db_upgrade_table(cls):
        return ${upgrades}

${body}
`,
    manifest,
    { "base-config.yaml": "city: Bonn\n" },
  );
const stageOf = (files: Readonly<Record<string, string>>) =>
  new RuntimeStage({ python }, { files, timing: { heartbeatMs: 1_500, handlerMs: 300, abortGraceMs: 200 } });

needs("Python with mautrix", "lack" in environment ? environment.lack : undefined)(
  "a plugin in Python",
  () => {
    test("whose loop is stuck for good is ended, and where it was stuck is told", async () => {
      await using stage = stageOf(
        plugin(`
    @command.new("stick")
    async def stick(self, evt: MessageEvent) -> None:
        while True:
            pass
`),
      );
      await stage.runtime.start();
      await refusalOf(stage.say("!stick"));
      await until("it is ended", () => stage.exits.length === 1);
      expect(stage.exits[0]?.message).toContain("exit code 70");
      expect(stage.printed.join("\n")).toMatch(/loop is stuck here:.*in stick/s);
    });

    test("has its handlers called by their names' order, as maubot does, those of all events first", async () => {
      const handler = (name: string, mark: string) => `
    ${mark}
    async def ${name}(self, evt, *rest) -> None:
        print("called ${name}", flush=True)
`;
      await using stage = stageOf(
        plugin(
          [
            handler("second", '@command.new("order")'),
            handler("first", '@command.passive("order")'),
            handler("third", "@event.on(EventType.ROOM_MESSAGE)"),
            handler("zeroth", "@event.on(EventType.ALL)"),
          ].join(""),
        ),
      );
      await stage.runtime.start();
      await stage.say("!order");
      await until("all were called", () => stage.printed.length === 4);
      expect(stage.printed).toEqual(["called zeroth", "called first", "called second", "called third"]);
    });

    test("asks for 1,500 things at once and is answered each", async () => {
      await using stage = stageOf(
        plugin(`
    @command.new("gather")
    async def gather(self, evt: MessageEvent) -> None:
        calls = [self.client.get_joined_members(evt.room_id) for _ in range(1500)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        print({type(each).__name__ for each in answers}, len(answers), flush=True)
`),
      );
      await stage.runtime.start();
      await stage.say("!gather");
      await until("all are answered", () => stage.printed.length === 1);
      expect(stage.printed).toEqual(["{'MatrixUnknownRequestError'} 1500"]);
    });

    test.each([
      [
        "whose start raises",
        "    async def start(self):\n        raise ValueError('no city')",
        "",
        "None",
        "internal",
        "no city",
      ],
      [
        "that imports what is not there",
        "    async def start(self):\n        import nothing_at_all",
        "",
        "None",
        "plugin-refused",
        "roost plugin python nothing_at_all",
      ],
      [
        "that imports a part of maubot's server",
        "    async def start(self):\n        from maubot.instance import PluginInstance",
        "",
        "None",
        "plugin-refused",
        "It imports maubot.instance, a part of maubot's own server",
      ],
      [
        "whose database cannot be upgraded",
        "    pass",
        "database: true\ndatabase_type: asyncpg\n",
        "table",
        "migration-failed",
        "The upgrade of its database failed",
      ],
      [
        "that refuses its settings as it loads them",
        `    @classmethod
    def get_config_class(cls):
        return Config

    async def start(self):
        self.config.load_and_update()`,
        "config: true\n",
        "None",
        "plugin-config",
        "Its settings were not taken: no such city",
      ],
    ])("%s fails the start with a sentence", async (_what, body, manifest, upgrades, code, sentence) => {
      await using stage = stageOf(plugin(body, manifest, upgrades));
      expect(await refusalOf(stage.runtime.start())).toMatchObject({
        code,
        message: expect.stringContaining(sentence),
      });
    });
  },
);
