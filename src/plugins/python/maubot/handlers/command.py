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

PrefixType = str | Callable[..., str] | None
AliasesType = Sequence[str] | Callable[..., bool] | None
CommandHandlerFunc = Callable[..., Awaitable[Any]]
CommandHandlerDecorator = Callable[[Any], "CommandHandler"]
PassiveCommandHandlerDecorator = Callable[[CommandHandlerFunc], CommandHandlerFunc]

prefix = "!"
"""What a command begins with; the host sets it before the plugin is loaded."""


class CommandHandler:
    """A method that is a command. Bound to a plugin when it is read from one, like the method itself."""

    def __init__(self, func: Callable[..., Awaitable[Any]]) -> None:
        self.__mb_func__ = func
        self.__mb_parent__: CommandHandler | None = None
        self.__mb_subcommands__: list[CommandHandler] = []
        self.__mb_arguments__: list[Argument] = []
        self.__mb_help__: str | None = None
        self._name_of: Callable[[Any], str] = lambda plugin: "noname"
        self._is_called: Callable[[Any, str], bool] = self._is_unnamed
        self.__mb_require_subcommand__ = True
        self.__mb_must_consume_args__ = True
        self.__mb_arg_fallthrough__ = True
        self.__mb_event_handler__ = True
        self.__mb_event_types__ = {EventType.ROOM_MESSAGE}
        self.__mb_msgtypes__: Sequence[MessageType] = (MessageType.TEXT,)
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
        bound.__mb_parent__ = parent or (self.__mb_parent__ and self.__mb_parent__.__get__(instance, type(instance)))
        bound.__mb_subcommands__ = [each._bind(instance, bound) for each in self.__mb_subcommands__]
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
        if evt.sender == evt.client.mxid or evt.content.msgtype not in self.__mb_msgtypes__:
            return None
        if remaining_val is None:
            if not evt.content.body or not evt.content.body.startswith(prefix):
                return None
            name, _, remaining_val = evt.content.body[len(prefix) :].partition(" ")
            if not self._is_called(self._plugin, name.lower()):
                return None
        args = {**(_existing_args or {})}
        if not self.__mb_arg_fallthrough__ and await self._try_subcommands(evt, args, remaining_val):
            return None
        remaining = await self._read_arguments(evt, args, remaining_val)
        if remaining is None:
            return None
        if self.__mb_subcommands__ and self.__mb_arg_fallthrough__:
            if await self._try_subcommands(evt, args, remaining):
                return None
            if self.__mb_require_subcommand__:
                await evt.reply(self.__mb_full_help__)
                return None
        if self.__mb_must_consume_args__ and remaining.strip():
            await evt.reply(self.__mb_full_help__)
            return None
        if self._plugin is None:
            return await self.__mb_func__(evt, **args)
        return await self.__mb_func__(self._plugin, evt, **args)

    async def _try_subcommands(self, evt: MaubotMessageEvent, args: dict[str, Any], text: str) -> bool:
        name, _, rest = text.strip().partition(" ")
        for each in self.__mb_subcommands__:
            if each._is_called(self._plugin, name):
                await each(evt, _existing_args=args, remaining_val=rest)
                return True
        return False

    async def _read_arguments(self, evt: MaubotMessageEvent, args: dict[str, Any], text: str) -> str | None:
        """Fills `args` and answers what is left; None when something was wrong, which was answered then."""
        for each in self.__mb_arguments__:
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
        if self.__mb_parent__ is not None:
            # Of a command three levels deep, maubot names the last two.
            return f"{prefix}{self.__mb_parent__.__mb_name__} {self.__mb_name__}"
        return f"{prefix}{self.__mb_name__}"

    @property
    def __mb_usage_args__(self) -> str:
        own = " ".join(f"<{each.label}>" if each.required else f"[{each.label}]" for each in self.__mb_arguments__)
        if self.__mb_subcommands__ and self.__mb_arg_fallthrough__:
            return f"{own} {self.__mb_usage_subcommand__}"
        return own

    @property
    def __mb_usage_subcommand__(self) -> str:
        return "<subcommand> [...]"

    @property
    def __mb_usage_inline__(self) -> str:
        """Its line in its parent's list; a second one where a subcommand may stand in the place of the arguments."""
        line = f"* {self.__mb_name__} {self.__mb_usage_args__} - {self.__mb_help__}"
        if self.__mb_arg_fallthrough__:
            return line
        return f"{line}\n* {self.__mb_name__} {self.__mb_usage_subcommand__}"

    @property
    def __mb_subcommands_list__(self) -> str:
        return f"**Subcommands:** {', '.join(each.__mb_name__ for each in self.__mb_subcommands__)}"

    @property
    def __mb_usage_without_subcommands__(self) -> str:
        begin = f"**Usage:** {self.__mb_prefix__}"
        if self.__mb_arg_fallthrough__:
            return f"{begin} {self.__mb_usage_args__}"
        if not self.__mb_arguments__:
            return f"{begin} [subcommand] [...]"
        return f"{begin} {self.__mb_usage_args__} _OR_ {self.__mb_prefix__} {self.__mb_usage_subcommand__}"

    @property
    def __mb_usage__(self) -> str:
        usage = self.__mb_usage_without_subcommands__
        return f"{usage}  \n{self.__mb_subcommands_list__}" if self.__mb_subcommands__ else usage

    @property
    def __mb_full_help__(self) -> str:
        lines = [each.__mb_usage_inline__ for each in self.__mb_subcommands__]
        own = f"* {self.__mb_prefix__} {self.__mb_usage_args__} - {self.__mb_help__}\n"
        listed = "\n".join(lines)
        return f"{self.__mb_usage_without_subcommands__}\n\n{'' if self.__mb_require_subcommand__ else own}{listed}"

    def subcommand(
        self,
        name: PrefixType = None,
        *,
        help: str | None = None,
        aliases: AliasesType = None,
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
            handler.__mb_parent__ = self
            handler.__mb_event_handler__ = False
            self.__mb_subcommands__.append(handler)
            return handler

        return mark


def new(
    name: PrefixType = None,
    *,
    help: str | None = None,
    aliases: AliasesType = None,
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
        # Decorators are applied from the last to the first.
        handler.__mb_arguments__.reverse()
        own_name = name or handler.__mb_func__.__name__.replace("_", "-")
        handler._name_of = own_name if callable(own_name) else lambda plugin: own_name
        handler._is_called = _matcher(handler._name_of, aliases)
        handler.__mb_require_subcommand__ = require_subcommand
        handler.__mb_must_consume_args__ = must_consume_args
        handler.__mb_arg_fallthrough__ = arg_fallthrough
        handler.__mb_event_types__ = {event_type}
        handler.__mb_msgtypes__ = msgtypes
        return handler

    return mark


def _matcher(get_name: Callable[[Any], str], aliases: AliasesType) -> Callable[[Any, str], bool]:
    if callable(aliases):
        takes_plugin = len(inspect.signature(aliases).parameters) > 1
        return aliases if takes_plugin else lambda plugin, val: aliases(val)
    # A text instead of a list of them is no alias.
    others = set() if isinstance(aliases, str) else set(aliases or ())
    return lambda plugin, val: val == get_name(plugin) or val in others
