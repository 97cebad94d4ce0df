"""Commands such as `!name subcommand argument`, with generated help, and handlers of messages that match a pattern."""

from __future__ import annotations

import inspect
from copy import copy
from typing import Any, Awaitable, Callable, Sequence

from mautrix.types import EventType, MessageType

from ..matrix import MaubotMessageEvent
from .arguments import (
    Argument,
    ArgumentSyntaxError,
    CustomArgument,
    RegexArgument,
    SimpleArgument,
    argument,
)
from .passive import passive

Name = str | Callable[..., str]
Aliases = Sequence[str] | Callable[..., bool] | None

prefix = "!"
"""What a command begins with; the host sets it before the plugin is loaded."""


class CommandHandler:
    """A method that is a command. Bound to a plugin when it is read from one, like the method itself."""

    def __init__(self, func: Callable[..., Awaitable[Any]]) -> None:
        self._method = func
        self._parent: CommandHandler | None = None
        self._subcommands: list[CommandHandler] = []
        self._arguments: list[Argument] = []
        self.__mb_help__: str | None = None
        self._name_of: Callable[[Any], str] = lambda plugin: "noname"
        self._is_called: Callable[[Any, str], bool] = self._is_unnamed
        self._needs_subcommand = True
        self._refuses_more = True
        self._arguments_first = True
        self.__mb_event_handler__ = True
        self.__mb_event_types__ = {EventType.ROOM_MESSAGE}
        self._msgtypes: Sequence[MessageType] = (MessageType.TEXT,)
        self._bound: dict[int, CommandHandler] = {}
        self._plugin: Any = None

    def __get__(self, instance: Any, owner: type) -> CommandHandler:
        if instance is None or self._plugin is not None:
            return self
        bound = self._bound.get(id(instance))
        if bound is None:
            bound = self._bind(instance, None)
            self._bound[id(instance)] = bound
        return bound

    def _bind(self, instance: Any, parent: CommandHandler | None) -> CommandHandler:
        bound = copy(self)
        bound._plugin = instance
        bound._parent = parent or (self._parent and self._parent.__get__(instance, type(instance)))
        bound._subcommands = [each._bind(instance, bound) for each in self._subcommands]
        return bound

    @staticmethod
    def _is_unnamed(plugin: Any, val: str) -> bool:
        raise NotImplementedError("The command has neither name nor aliases.")

    async def __call__(
        self,
        evt: MaubotMessageEvent,
        *,
        _existing_args: dict[str, Any] | None = None,
        remaining_val: str | None = None,
    ) -> Any:
        """Runs the command if the message is one."""
        if evt.sender == evt.client.mxid or evt.content.msgtype not in self._msgtypes:
            return None
        if remaining_val is None:
            if not evt.content.body or not evt.content.body.startswith(prefix):
                return None
            name, _, remaining_val = evt.content.body[len(prefix) :].partition(" ")
            if not self._is_called(self._plugin, name.lower()):
                return None
        args = {**(_existing_args or {})}
        if not self._arguments_first and await self._try_subcommands(evt, args, remaining_val):
            return None
        remaining = await self._read_arguments(evt, args, remaining_val)
        if remaining is None:
            return None
        if self._subcommands and self._arguments_first:
            if await self._try_subcommands(evt, args, remaining):
                return None
            if self._needs_subcommand:
                await evt.reply(self.__mb_full_help__)
                return None
        if self._refuses_more and remaining.strip():
            await evt.reply(self.__mb_full_help__)
            return None
        return await self._method(self._plugin, evt, **args)

    async def _try_subcommands(self, evt: MaubotMessageEvent, args: dict[str, Any], text: str) -> bool:
        name, _, rest = text.strip().partition(" ")
        for each in self._subcommands:
            if each._is_called(self._plugin, name):
                await each(evt, _existing_args=args, remaining_val=rest)
                return True
        return False

    async def _read_arguments(self, evt: MaubotMessageEvent, args: dict[str, Any], text: str) -> str | None:
        """Fills `args` and answers what is left; None when something was wrong, which was answered then."""
        for each in self._arguments:
            try:
                text, value = each.match(text.strip(), evt=evt, instance=self._plugin)
            except ArgumentSyntaxError as error:
                await evt.reply(f"{error.message}\n{self.__mb_usage__}" if error.show_usage else error.message)
                return None
            except ValueError:
                await evt.reply(self.__mb_usage__)
                return None
            if value is None and each.required:
                await evt.reply(self.__mb_usage__)
                return None
            args[each.name] = value
        return text

    @property
    def __mb_name__(self) -> str:
        return self._name_of(self._plugin)

    @property
    def __mb_prefix__(self) -> str:
        if self._parent is not None:
            # Of a command three levels deep, maubot names the last two.
            return f"{prefix}{self._parent.__mb_name__} {self.__mb_name__}"
        return f"{prefix}{self.__mb_name__}"

    @property
    def _own_parts(self) -> str:
        return " ".join(f"<{each.label}>" if each.required else f"[{each.label}]" for each in self._arguments)

    @property
    def _parts(self) -> str:
        own = self._own_parts
        if self._subcommands and self._arguments_first:
            return f"{own} {self._subcommand_part}"
        return own

    @property
    def _subcommand_part(self) -> str:
        is_optional = not self._arguments_first and not self._arguments
        return f"{'[subcommand]' if is_optional else '<subcommand>'} [...]"

    @property
    def _line_in_list(self) -> str:
        if not self._arguments_first and self._subcommands and self._own_parts:
            return (
                f"* {self.__mb_name__} {self._own_parts} - {self.__mb_help__}\n"
                f"* {self.__mb_name__} {self._subcommand_part}"
            )
        return f"* {self.__mb_name__} {self._parts} - {self.__mb_help__}"

    @property
    def _subcommand_names(self) -> str:
        return f"**Subcommands:** {', '.join(each.__mb_name__ for each in self._subcommands)}"

    @property
    def _usage_line(self) -> str:
        if self._subcommands and not self._arguments_first:
            if not self._arguments:
                return f"**Usage:** {self.__mb_prefix__} {self._subcommand_part}"
            return (
                f"**Usage:** {self.__mb_prefix__} {self._parts}"
                f" _OR_ {self.__mb_prefix__} {self._subcommand_part}"
            )
        return f"**Usage:** {self.__mb_prefix__} {self._parts}"

    @property
    def __mb_usage__(self) -> str:
        usage = self._usage_line
        return f"{usage}  \n{self._subcommand_names}" if self._subcommands else usage

    @property
    def __mb_full_help__(self) -> str:
        own = [] if self._needs_subcommand else [
            f"* {self.__mb_prefix__} {self._parts} - {self.__mb_help__}\n"
        ]
        subcommands = "\n".join(each._line_in_list for each in self._subcommands)
        return f"{self._usage_line}\n\n{''.join(own)}{subcommands}"

    def subcommand(
        self,
        name: Name | None = None,
        *,
        help: str | None = None,
        aliases: Aliases = None,
        required_subcommand: bool = True,
        arg_fallthrough: bool = True,
    ) -> Callable[[Any], CommandHandler]:
        """Makes a method a subcommand of this command."""

        def mark(func: Any) -> CommandHandler:
            handler = new(
                name,
                help=help,
                aliases=aliases,
                require_subcommand=required_subcommand,
                arg_fallthrough=arg_fallthrough,
            )(func)
            handler._parent = self
            handler.__mb_event_handler__ = False
            self._subcommands.append(handler)
            return handler

        return mark


def new(
    name: Name | None = None,
    *,
    help: str | None = None,
    aliases: Aliases = None,
    event_type: EventType = EventType.ROOM_MESSAGE,
    msgtypes: Sequence[MessageType] = (MessageType.TEXT,),
    require_subcommand: bool = True,
    must_consume_args: bool = True,
    arg_fallthrough: bool = True,
) -> Callable[[Any], CommandHandler]:
    """Makes a method a command; its name is the method's unless one is given, or a function of the plugin."""

    def mark(func: Any) -> CommandHandler:
        handler = func if isinstance(func, CommandHandler) else CommandHandler(func)
        handler.__mb_help__ = help
        own_name = name or handler._method.__name__.replace("_", "-")
        handler._name_of = own_name if callable(own_name) else lambda plugin: own_name
        handler._is_called = _matcher(handler._name_of, aliases)
        handler._needs_subcommand = require_subcommand
        handler._refuses_more = must_consume_args
        handler._arguments_first = arg_fallthrough
        handler.__mb_event_types__ = {event_type}
        handler._msgtypes = msgtypes
        return handler

    return mark


def _matcher(get_name: Callable[[Any], str], aliases: Aliases) -> Callable[[Any, str], bool]:
    if callable(aliases):
        takes_plugin = len(inspect.signature(aliases).parameters) > 1
        return aliases if takes_plugin else lambda plugin, val: aliases(val)
    # A text instead of a list of them is no alias.
    others = set() if isinstance(aliases, str) else set(aliases or ())
    return lambda plugin, val: val == get_name(plugin) or val in others
