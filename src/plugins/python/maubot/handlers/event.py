"""Handlers of events of any type."""

from __future__ import annotations

from typing import Any, Callable

from mautrix.client import EventHandler, InternalEventType, SyncStream
from mautrix.types import EventType

EventHandlerDecorator = Callable[[EventHandler], EventHandler]


def on(
    var: EventType | InternalEventType | EventHandler, sync_stream: SyncStream | None = None
) -> EventHandler | EventHandlerDecorator:
    """Calls the method for each event of a type; without a type, for every event."""

    def mark(handler: Any) -> Any:
        types = set(getattr(handler, "__mb_event_types__", ()))
        handler.__mb_event_handler__ = True
        handler.__mb_event_types__ = types | {var if isinstance(var, (EventType, InternalEventType)) else EventType.ALL}
        handler._sync_streams = sync_stream
        return handler

    return mark if isinstance(var, (EventType, InternalEventType)) else mark(var)


def off(handler: Any) -> Any:
    """Takes the mark of a handler away."""
    handler.__mb_event_handler__ = False
    return handler
