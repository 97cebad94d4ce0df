"""A database with migrations, and settings that are read, changed and saved."""
from __future__ import annotations

import json
import logging
from typing import Type

from maubot import MessageEvent, Plugin
from maubot.handlers import command
from mautrix.util.async_db import Database, UpgradeTable
from mautrix.util.config import BaseProxyConfig, ConfigUpdateHelper, RecursiveDict
from mautrix.util.logging import TraceLogger

from .migrations import upgrade_table


class Config(BaseProxyConfig):
    def do_update(self, helper: ConfigUpdateHelper) -> None:
        helper.copy("owners")
        helper.copy("greeting")
        helper.copy("limits.pause")
        helper.copy("limits.deep.most")
        helper.copy_dict("extra")
        helper.copy("projects")
        helper.copy("service_token")
        if "old_greeting" in helper.source:
            helper.base["greeting"] = helper.source["old_greeting"]


class Storage(Plugin):
    database: Database
    log: TraceLogger

    async def start(self) -> None:
        self.config.load_and_update()
        self.changes = 0

    async def stop(self) -> None:
        await self.database.execute("INSERT INTO note (owner, text) VALUES ($1, $2)", "plugin", "stopped")

    @classmethod
    def get_config_class(cls) -> Type[BaseProxyConfig]:
        return Config

    @classmethod
    def get_db_upgrade_table(cls) -> UpgradeTable:
        return upgrade_table

    def on_external_config_update(self) -> None:
        self.config.load_and_update()
        self.changes += 1

    @command.new("note", require_subcommand=True, help="Keep notes")
    async def note(self, evt: MessageEvent) -> None:
        pass

    @note.subcommand("add", help="Add one")
    @command.argument("text", pass_raw=True)
    async def add(self, evt: MessageEvent, text: str) -> None:
        await self.database.execute("INSERT INTO note (owner, text) VALUES ($1, $2)", evt.sender, text)
        count = await self.database.fetchval("SELECT COUNT(*) FROM note")
        await evt.reply(f"{count} notes")

    @note.subcommand("list", help="List them")
    async def list(self, evt: MessageEvent) -> None:
        rows = await self.database.fetch("SELECT id, owner, text, done FROM note ORDER BY id")
        lines = [f"{row['id']} {row['owner']} {row['text']} {row['done']} {row[2]} {len(row)}" for row in rows]
        await evt.respond("\n".join(lines) or "none", markdown=False)

    @note.subcommand("tag", help="Tag one")
    @command.argument("number", parser=int)
    @command.argument("names", pass_raw=True)
    async def tag(self, evt: MessageEvent, number: int, names: str) -> None:
        try:
            async with self.database.acquire() as conn, conn.transaction():
                await conn.executemany(
                    "INSERT INTO tag (note, name) VALUES ($1, $2)", [(number, name) for name in names.split()]
                )
            await evt.reply("tagged")
        except Exception as error:
            await evt.reply(f"not tagged: {type(error).__name__}: {error}", markdown=False)

    @note.subcommand("show", help="Show one with its tags")
    @command.argument("number", parser=int)
    async def show(self, evt: MessageEvent, number: int) -> None:
        row = await self.database.fetchrow("SELECT * FROM note WHERE id=$1", number)
        if row is None:
            await evt.reply("no such note")
            return
        async with self.database.acquire() as conn:
            tags = await conn.fetch("SELECT name FROM tag WHERE note=$1 ORDER BY name", number)
        await evt.reply(json.dumps([dict(row), [tag["name"] for tag in tags], [*row.keys()]]), markdown=False)

    @note.subcommand("done", help="Mark one")
    @command.argument("number", parser=int)
    async def done(self, evt: MessageEvent, number: int) -> None:
        await self.database.execute("UPDATE note SET done=$1 WHERE id=$2", True, number)
        await evt.react("✅")

    @note.subcommand("facts", help="What the database says of itself")
    async def facts(self, evt: MessageEvent) -> None:
        db = self.database
        version = await db.fetchval("SELECT version FROM version")
        facts = [str(db.scheme), version, await db.table_exists("note"), await db.table_exists("nothing")]
        facts += [await db.fetchval("SELECT text FROM note WHERE id=$1", 9999), isinstance(db, Database)]
        facts += [isinstance(self.log, logging.Logger), hasattr(self.log, "trace")]
        await evt.respond(json.dumps(facts), markdown=False)

    @command.new("setting", require_subcommand=False, help="Show the settings")
    async def setting(self, evt: MessageEvent) -> None:
        config = self.config
        shown = {
            "owners": list(config["owners"]),
            "greeting": config["greeting"],
            "pause": config["limits.pause"],
            "nested": config["limits"]["deep"]["most"],
            "extra": dict(config["extra"]),
            "projects": [[type(name).__name__, name, text] for name, text in config["projects"].items()],
            "token": config["service_token"],
            "default": config.get("nothing", "absent"),
            "contains": ["greeting" in config, "nothing" in config, "limits.pause" in config],
            "changes": self.changes,
        }
        await evt.respond(json.dumps(shown, sort_keys=True), markdown=False)

    @setting.subcommand("greet", help="Change the greeting and save it")
    @command.argument("words", pass_raw=True)
    async def greet(self, evt: MessageEvent, words: str) -> None:
        self.config["greeting"] = words
        self.config["limits.pause"] = 31
        self.config.save()
        await evt.reply(f"saved {self.config['greeting']}")

    @command.new("levels")
    async def levels(self, evt: MessageEvent) -> None:
        self.log.trace("traced")
        self.log.debug("debugged %s", 1)
        self.log.info("informed")
        self.log.warning("warned")
        try:
            raise ValueError("logged on purpose")
        except ValueError:
            self.log.exception("raised")
        await evt.reply(str(RecursiveDict({"a": {"b": 1}})["a.b"]))
