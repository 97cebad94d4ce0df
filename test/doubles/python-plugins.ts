/** Little plugins as people write them for maubot, and the interpreter that runs them. */
import { commonRequirements, mautrix } from "../../src/plugins/python/requirements.ts";
import { type Environment, pythonWith } from "./python.ts";

/** An interpreter with all that `roost plugin python` installs. */
export function pluginPython(): Promise<Environment> {
  return pythonWith(mautrix.name, mautrix.version, ...commonRequirements);
}

/** A plugin of one module. */
export function pythonPlugin(
  name: string,
  code: string,
  manifest = "",
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return {
    "maubot.yaml": `maubot: 0.3.0\nid: org.example.${name}\nversion: 1.0.0\nlicense: MIT\nmodules: [${name}]\nmain_class: Bot\n${manifest}`,
    [`${name}.py`]: code,
    ...more,
  };
}

/** How a plugin with settings and a database begins: names its `Config` and its `upgrades`. */
export const beginning = `    async def start(self) -> None:
        self.config.load_and_update()

    @classmethod
    def get_config_class(cls):
        return Config

    @classmethod
    def get_db_upgrade_table(cls):
        return upgrades`;

/** Answers commands, counts in a database of the newer kind, and keeps settings. */
export const notes = pythonPlugin(
  "notes",
  `
import asyncio
import os
import socket
import time

from maubot import MessageEvent, Plugin
from maubot.handlers import command, event
from mautrix.crypto.attachments import decrypt_attachment, encrypt_attachment
from mautrix.errors import MForbidden
from mautrix.types import EventType, RoomID
from mautrix.util.async_db import Connection, UpgradeTable
from mautrix.util.config import BaseProxyConfig, ConfigUpdateHelper

upgrades = UpgradeTable()


@upgrades.register(description="First")
async def first(connection: Connection) -> None:
    await connection.execute("CREATE TABLE note (text TEXT NOT NULL)")


class Config(BaseProxyConfig):
    def do_update(self, helper: ConfigUpdateHelper) -> None:
        helper.copy("greeting")
        helper.copy("counter")


class Bot(Plugin):
${beginning}
    @command.new("greet", help="Greets", aliases=["hi"])
    @command.argument("name", required=True)
    async def greet(self, evt: MessageEvent, name: str) -> None:
        await evt.reply(f"*{self.config['greeting']}* {name}")

    @command.new("note", help="Notes", require_subcommand=True)
    async def note(self, evt: MessageEvent) -> None:
        pass

    @note.subcommand("add", help="Adds one")
    @command.argument("text", pass_raw=True)
    async def add(self, evt: MessageEvent, text: str) -> None:
        await self.database.execute("INSERT INTO note (text) VALUES ($1)", text)
        await evt.react("ok")

    @note.subcommand("list", help="Lists them")
    async def list(self, evt: MessageEvent) -> None:
        rows = await self.database.fetch("SELECT text FROM note")
        await evt.respond(", ".join(row["text"] for row in rows))

    @command.passive("ping(!?)")
    async def ping(self, evt: MessageEvent, match) -> None:
        await evt.respond(f"pong{match[1]}")

    @event.on(EventType.REACTION)
    async def reacted(self, evt) -> None:
        if evt.sender != self.client.mxid:
            await self.client.send_text(evt.room_id, f"{evt.sender} reacted {evt.content.relates_to.key}")

    @command.new("count")
    async def count(self, evt: MessageEvent) -> None:
        self.config["counter"] += 1
        self.config.save()
        await evt.respond(str(self.config["counter"]))

    @command.new("elsewhere")
    @command.argument("room")
    async def elsewhere(self, evt: MessageEvent, room: str) -> None:
        try:
            await self.client.send_text(RoomID(room), "hello")
            await evt.respond("sent")
        except MForbidden as error:
            await evt.respond(f"refused: {error}", markdown=False)

    @command.new("create")
    async def create(self, evt: MessageEvent) -> None:
        try:
            room = await self.client.create_room(name="made", invitees=[evt.sender])
            await self.client.send_text(room, "welcome")
            await evt.respond(f"made {room}", markdown=False)
        except MForbidden as error:
            await evt.respond(f"refused: {error}", markdown=False)

    @command.new("leave")
    async def leave(self, evt: MessageEvent) -> None:
        await self.client.leave_room(evt.room_id)

    @command.new("rooms")
    async def rooms(self, evt: MessageEvent) -> None:
        await evt.respond(" ".join(await self.client.get_joined_rooms()), markdown=False)

    @command.new("media")
    async def media(self, evt: MessageEvent) -> None:
        address = await self.client.upload_media(b"hello file", mime_type="text/plain", filename="a.txt")
        data = await self.client.download_media(address)
        await evt.respond(f"{address.startswith('mxc://')} {data.decode()}")

    @command.new("encrypt")
    async def encrypt(self, evt: MessageEvent) -> None:
        data, file = encrypt_attachment(b"hello file")
        plain = decrypt_attachment(data, file.key.key, file.hashes["sha256"], file.iv)
        await evt.respond(f"{data != plain} {plain.decode()}")

    @command.new("connect")
    @command.argument("port")
    async def connect(self, evt: MessageEvent, port: str) -> None:
        outcomes = []
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(socket.AF_INET, kind) as line:
                    line.connect(("127.0.0.1", int(port)))
                outcomes.append("connected")
            except OSError as error:
                outcomes.append(type(error).__name__)
        await evt.respond(" ".join(outcomes))

    @command.new("block")
    async def block(self, evt: MessageEvent) -> None:
        time.sleep(3)
        await evt.respond("awake")

    @command.new("die")
    async def die(self, evt: MessageEvent) -> None:
        await evt.respond("dying")
        if not os.path.exists("died"):
            open("died", "w").close()
            os.kill(os.getpid(), 9)
        await evt.respond("survived")

    @command.new("garbage")
    async def garbage(self, evt: MessageEvent) -> None:
        os.write(1, b"\\x00\\xff{[garbage\\n" * 3)
        print("printed words")
        await evt.respond("still here")

    @command.new("raise")
    async def fail(self, evt: MessageEvent) -> None:
        raise ValueError("a bad day")

    @command.new("look")
    @command.argument("paths", pass_raw=True)
    async def look(self, evt: MessageEvent, paths: str) -> None:
        seen = []
        for path in paths.split():
            try:
                os.listdir(path) if os.path.isdir(path) else open(path, "rb").close()
                seen.append("seen")
            except OSError as error:
                seen.append(type(error).__name__)
        await evt.respond(" ".join([*seen, str(sorted(os.environ))]), markdown=False)
`,
  "config: true\ndatabase: true\ndatabase_type: asyncpg\nextra_files: [base-config.yaml]\n",
  { "base-config.yaml": "# How to greet.\ngreeting: Hello\n# Counts.\ncounter: 0\n" },
);
