"""Arguments of the plugin's own making."""
from __future__ import annotations

from typing import Any

from maubot import MessageEvent
from maubot.handlers.command import Argument, ArgumentSyntaxError


def read_number(text: str) -> int | None:
    """None says that there is no number; what isn't one is an error of the plugin's own."""
    return int(text) if text else None


class Colour(Argument):
    known = ("red", "green")

    def match(self, val: str, **kwargs: Any) -> tuple[str, Any]:
        word = val.split(" ")[0]
        if word in self.known:
            return val[len(word) :], word.upper()
        if word == "pink":
            raise ArgumentSyntaxError("There is no pink here.")
        if word == "grey":
            raise ArgumentSyntaxError("There is no grey here.", show_usage=False)
        return val, None


class Pair(Argument):
    def match(self, val: str, evt: MessageEvent, instance: Any) -> tuple[str, Any]:
        words = val.strip().split(" ")
        if len(words) < 2:
            return val, None
        return " ".join(words[2:]), (words[0], words[1], evt.sender, instance.id)
