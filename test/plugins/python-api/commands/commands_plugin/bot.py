"""Every way to declare a command, its subcommands and its arguments."""
from __future__ import annotations

import json
from typing import Any, Type

from maubot import MessageEvent, Plugin, __version__
from maubot.handlers import command
from maubot.handlers.command import CommandHandler, CommandHandlerFunc
from mautrix.types import EventType, MessageType
from mautrix.util.config import BaseProxyConfig, ConfigUpdateHelper

from .arguments import Colour, Pair, read_number


class Config(BaseProxyConfig):
    def do_update(self, helper: ConfigUpdateHelper) -> None:
        helper.copy("name")
        helper.copy("aliases")


def made(name: str) -> CommandHandler:
    async def answer(evt: MessageEvent) -> None:
        await evt.reply(f"made {name}")

    func: CommandHandlerFunc = answer
    return command.new(name, help="Made while it runs")(func)


class Commands(Plugin):
    async def pre_start(self) -> None:
        self.unloaded = self.config.get("name", "nothing yet")
        self.made = made("made")

    async def start(self) -> None:
        self.config.load_and_update()

    @classmethod
    def get_config_class(cls) -> Type[BaseProxyConfig]:
        return Config

    @command.new("plain", help="Answer with one word")
    async def plain(self, evt: MessageEvent) -> None:
        await evt.reply("plain")

    @command.new(help="Named by its function")
    async def unnamed(self, evt: MessageEvent) -> None:
        await evt.reply("unnamed")

    @command.new(name=lambda self: self.config["name"], aliases=lambda self, name: name in self.config["aliases"])
    async def configured(self, evt: MessageEvent) -> None:
        await evt.reply("configured")

    @command.new(name=lambda: "static", aliases=lambda name: name == "fixed")
    async def without_self(self, evt: MessageEvent) -> None:
        await evt.reply("static")

    @command.new("strung", aliases="st")
    async def strung(self, evt: MessageEvent) -> None:
        await evt.reply("strung")

    @command.new("aliased", aliases=("al", "alias"))
    async def aliased(self, evt: MessageEvent) -> None:
        await evt.reply("aliased")

    @command.new("noticed", msgtypes=(MessageType.NOTICE, MessageType.EMOTE))
    async def noticed(self, evt: MessageEvent) -> None:
        await evt.reply(f"noticed {evt.content.msgtype}")

    @command.new("named", event_type=EventType.find("org.example.words", EventType.Class.MESSAGE), msgtypes=(MessageType.TEXT,))
    async def of_other_type(self, evt: MessageEvent) -> None:
        await evt.reply(f"named {evt.type}")

    @command.new("raw", help="Say it again")
    @command.argument("text", pass_raw=True, required=False)
    async def raw(self, evt: MessageEvent, text: str) -> None:
        await evt.respond(json.dumps([text, evt.content.body]), markdown=False)

    @command.new("wanted", help="Needs its words")
    @command.argument("text", "some words", pass_raw=True, required=True)
    async def wanted(self, evt: MessageEvent, text: str) -> None:
        await evt.reply(f"wanted {text!r}")

    @command.new("two", help="Two arguments")
    @command.argument("first", "the first")
    @command.argument("second", "the second", required=False)
    async def two(self, evt: MessageEvent, first: str, second: str) -> None:
        await evt.reply(f"{first!r} {second!r}", markdown=False)

    @command.new("lenient", must_consume_args=False)
    @command.argument("first")
    async def lenient(self, evt: MessageEvent, first: str) -> None:
        await evt.reply(f"{first!r}", markdown=False)

    @command.new("matching")
    @command.argument("when", matches=r"(\d+):(\d+)")
    @command.argument("word", matches="[a-z]+", required=False)
    async def matching(self, evt: MessageEvent, when: Any, word: Any) -> None:
        await evt.reply(f"{when!r} {word!r}", markdown=False)

    @command.new("parsed")
    @command.argument("number", "a number", parser=read_number)
    async def parsed(self, evt: MessageEvent, number: int) -> None:
        await evt.reply(f"{number!r}", markdown=False)

    @command.new("optional")
    @command.argument("number", parser=read_number, required=False)
    async def optional(self, evt: MessageEvent, number: int | None) -> None:
        await evt.reply(f"{number!r}", markdown=False)

    @command.new("custom")
    @Colour("colour", required=True)
    @Pair("pair", required=False)
    async def custom(self, evt: MessageEvent, colour: Any, pair: Any) -> None:
        await evt.reply(f"{colour!r} {pair!r}", markdown=False)

    @command.new("tree", help="A command with branches", require_subcommand=True)
    async def tree(self, evt: MessageEvent) -> None:
        await evt.reply("never reached")

    @tree.subcommand("branch", help="A branch", aliases=("br", "limb"))
    @command.argument("name", required=False)
    async def branch(self, evt: MessageEvent, name: str) -> None:
        await evt.reply(f"branch {name!r}", markdown=False)

    @tree.subcommand("twig", aliases="t")
    async def twig(self, evt: MessageEvent) -> None:
        await evt.reply("twig")

    @tree.subcommand(help="A branch named by its function", required_subcommand=False)
    async def leafy(self, evt: MessageEvent) -> None:
        await evt.reply("leafy")

    @leafy.subcommand("leaf", help="Two deep")
    @command.argument("colour", "what colour", matches="green|red")
    async def leaf(self, evt: MessageEvent, colour: Any) -> None:
        await evt.reply(f"leaf {colour!r}", markdown=False)

    @tree.subcommand(name=lambda self: self.config["name"] + "-branch")
    async def configured_branch(self, evt: MessageEvent) -> None:
        await evt.reply("configured branch")

    @command.new("house", require_subcommand=False, arg_fallthrough=False, help="May stand alone")
    @command.argument("number", "house number", required=False)
    async def house(self, evt: MessageEvent, number: str) -> None:
        await evt.reply(f"house {number!r}", markdown=False)

    @house.subcommand("door", help="Open a door")
    @command.argument("which", required=False)
    async def door(self, evt: MessageEvent, which: str) -> None:
        await evt.reply(f"door {which!r}", markdown=False)

    @command.new("fall", arg_fallthrough=True, help="Its argument comes before the subcommand's")
    @command.argument("owner", "whose")
    async def fall(self, evt: MessageEvent, owner: str) -> None:
        await evt.reply(f"fall {owner!r}", markdown=False)

    @fall.subcommand("show", help="Show something of the owner")
    @command.argument("thing", "which thing")
    async def show(self, evt: MessageEvent, owner: str, thing: str) -> None:
        await evt.reply(f"show {owner!r} {thing!r}", markdown=False)

    @command.new("raises")
    async def raises(self, evt: MessageEvent) -> None:
        raise RuntimeError("on purpose")

    @command.new("version")
    async def version(self, evt: MessageEvent) -> None:
        await evt.reply(str(int(__version__.split(".")[0]) >= 0))

    @command.argument("above", "an argument above")
    @command.new("upside", help="Its arguments stand on both sides")
    @command.argument("first")
    @command.argument("second")
    async def upside(self, evt: MessageEvent, above: str, first: str, second: str) -> None:
        await evt.reply(f"{above!r} {first!r} {second!r}", markdown=False)

    @command.new("unloaded", help="What the settings were before they were loaded")
    async def show_unloaded(self, evt: MessageEvent) -> None:
        await evt.reply(self.unloaded)

    @command.new("parts", help="How commands describe themselves")
    async def parts(self, evt: MessageEvent) -> None:
        names = ("prefix", "help", "usage", "usage_args", "usage_inline", "usage_without_subcommands", "require_subcommand")
        described = []
        for handler in (self.two, self.tree, self.house, self.house.__mb_subcommands__[0], self.fall, self.upside):
            described.append([str(getattr(handler, f"__mb_{name}__")) for name in names])
            described.append([each.__mb_name__ for each in handler.__mb_subcommands__])
            described.append([handler.__mb_func__.__name__, [each.label for each in handler.__mb_arguments__]])
        await evt.respond(json.dumps(described), markdown=False)

    @command.new("usage")
    async def usage(self, evt: MessageEvent) -> None:
        handlers = (self.plain, self.unnamed, self.two, self.tree, self.house, self.fall, self.matching)
        for handler in handlers:
            await evt.respond(f"{handler.__mb_prefix__}\n\n{handler.__mb_full_help__}", markdown=False)
