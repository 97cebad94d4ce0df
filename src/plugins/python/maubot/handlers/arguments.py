"""The arguments of commands: how each takes its part of what was typed."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, Callable, Pattern



class ArgumentSyntaxError(ValueError):
    """What was typed is no such argument; the message is answered, with the command's usage unless that is declined."""

    def __init__(self, message: str, show_usage: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.show_usage = show_usage


class Argument(ABC):
    """One argument. Used as a decorator, it adds itself before those below it."""

    def __init__(self, name: str, label: str | None = None, *, required: bool = False, pass_raw: bool = False) -> None:
        self.name = name
        self.label = label or name
        self.required = required
        self.pass_raw = pass_raw

    @abstractmethod
    def match(self, val: str, **kwargs: Any) -> tuple[str, Any]:
        """Answers what is left of the text and the argument's value, None when it is not there."""

    def __call__(self, func: Any) -> Any:
        from .command import CommandHandler

        handler = func if isinstance(func, CommandHandler) else CommandHandler(func)
        handler.__mb_arguments__.append(self)
        return handler


class RegexArgument(Argument):
    """A word, or with `pass_raw` the whole rest, that a pattern describes; its value is the groups, else the text."""

    def __init__(
        self,
        name: str,
        label: str | None = None,
        *,
        required: bool = False,
        pass_raw: bool = False,
        matches: str | Pattern[str],
    ) -> None:
        super().__init__(name, label, required=required, pass_raw=pass_raw)
        self.regex = re.compile(f"^{matches}{'' if pass_raw else '$'}") if isinstance(matches, str) else matches

    def match(self, val: str, **kwargs: Any) -> tuple[str, Any]:
        """The value by the pattern."""
        word = val if self.pass_raw else _first_word(val)
        found = self.regex.match(word)
        if found is None:
            return val, None
        return val[found.end() :], found.groups() or found.group(0)


class CustomArgument(Argument):
    """A word that a function turns into the value; with `pass_raw` the function gets the whole rest and answers as `match`."""

    def __init__(
        self,
        name: str,
        label: str | None = None,
        *,
        required: bool = False,
        pass_raw: bool = False,
        matcher: Callable[[str], Any],
    ) -> None:
        super().__init__(name, label, required=required, pass_raw=pass_raw)
        self.matcher = matcher

    def match(self, val: str, **kwargs: Any) -> tuple[str, Any]:
        """The value by the function; one that it refuses is not there."""
        if self.pass_raw:
            return self.matcher(val)
        word = _first_word(val)
        value = self.matcher(word)
        if value is None:
            return val, None
        return val[len(word) :], value


class SimpleArgument(Argument):
    """A word, or with `pass_raw` the whole rest; empty when there is none."""

    def match(self, val: str, **kwargs: Any) -> tuple[str, Any]:
        """The text."""
        word = val if self.pass_raw else _first_word(val)
        return val[len(word) :], word


def argument(
    name: str,
    label: str | None = None,
    *,
    required: bool = True,
    matches: str | Pattern[str] | None = None,
    parser: Callable[[str], Any] | None = None,
    pass_raw: bool = False,
) -> Argument:
    """An argument by its pattern, else by its parser, else as text."""
    if matches:
        return RegexArgument(name, label, required=required, matches=matches, pass_raw=pass_raw)
    if parser:
        return CustomArgument(name, label, required=required, matcher=parser, pass_raw=pass_raw)
    return SimpleArgument(name, label, required=required, pass_raw=pass_raw)


def _first_word(text: str) -> str:
    return re.split(r"\s", text, maxsplit=1)[0]


__all__ = [
    "Argument",
    "ArgumentSyntaxError",
    "CustomArgument",
    "RegexArgument",
    "SimpleArgument",
    "argument",
]
