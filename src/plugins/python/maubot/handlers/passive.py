"""Handlers of messages that match a pattern somewhere in their text."""

from __future__ import annotations

import functools
import re
from typing import Any, Awaitable, Callable, Pattern, Sequence

from mautrix.types import EventType, MessageType

from ..matrix import MaubotMessageEvent
from .event import on


def passive(
    regex: str | Pattern[str],
    *,
    msgtypes: Sequence[MessageType] | None = (MessageType.TEXT,),
    field: Callable[[MaubotMessageEvent], str] = lambda event: event.content.body,
    event_type: EventType = EventType.ROOM_MESSAGE,
    multiple: bool = False,
    case_insensitive: bool = False,
    multiline: bool = False,
    dot_all: bool = False,
) -> Callable[[Any], Any]:
    """Calls the method with the event and the match: the whole text and then the groups; a list of such with `multiple`."""
    if not isinstance(regex, re.Pattern):
        flags = (
            (re.IGNORECASE if case_insensitive else 0)
            | (re.MULTILINE if multiline else 0)
            | (re.DOTALL if dot_all else 0)
        )
        regex = re.compile(regex, flags)

    def mark(func: Callable[..., Awaitable[Any]]) -> Any:
        earlier: list[Any] = list(getattr(func, "_patterns", ()))
        method = getattr(func, "_pattern_method", func)

        async def call(plugin: Any, event: MaubotMessageEvent) -> None:
            if event.sender == plugin.client.mxid:
                return
            if msgtypes and event.content.msgtype not in msgtypes:
                return
            text = field(event)
            if text is None:
                return
            if multiple:
                found = [(each.string, *each.groups()) for each in regex.finditer(text)]
            else:
                match = regex.search(text)
                found = (match.string, *match.groups()) if match else None
            if found:
                await method(plugin, event, found)

        @on(event_type)
        @functools.wraps(method)
        async def handle(plugin: Any, event: MaubotMessageEvent) -> None:
            for each in [*earlier, call]:
                await each(plugin, event)

        handle._patterns = [*earlier, call]
        handle._pattern_method = method
        return handle

    return mark
