"""The client that a plugin gets: events come from the host, requests go to it, and it knows when handlers have settled."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Coroutine

from maubot.matrix import MaubotMatrixClient
from mautrix.client.state_store import MemoryStateStore
from mautrix.types import EventType, UserID

from .api import HostAPI
from .runs import Handling, current


class HostClient(MaubotMatrixClient):
    """A client that does not sync by itself."""

    def __init__(self, mxid: UserID, api: HostAPI, on_handlers: Callable[[], None]) -> None:
        """`on_handlers` is called when other handlers are there than before."""
        self._on_handlers = on_handlers
        super().__init__(mxid=mxid, api=api, state_store=MemoryStateStore())

    def add_event_handler(self, *args: Any, **kwargs: Any) -> None:
        """Adds a handler and tells the host what is listened to now."""
        super().add_event_handler(*args, **kwargs)
        self._on_handlers()

    def remove_event_handler(self, *args: Any, **kwargs: Any) -> None:
        """Takes a handler away and tells the host what is listened to now."""
        super().remove_event_handler(*args, **kwargs)
        self._on_handlers()

    def start(self, filter_data: Any = None) -> Any:
        """The host syncs."""
        raise RuntimeError("Roost follows the rooms itself; a plugin's client cannot be started")

    def wanted_types(self) -> list[str] | str:
        """The types of events that some handler is for, `*` for all."""
        if any(handler != self._update_state for handler in self.global_event_handlers):
            return "*"
        return sorted({each.t for each in self.event_handlers if isinstance(each, EventType)})

    def _catch_errors(self, handler: Any, data: Any) -> Coroutine[Any, Any, None]:
        handling = current.get()
        return self._run_handler(handler, data, handling.run.begin(handler) if handling else None)

    async def _run_handler(self, handler: Any, data: Any, handling: Handling | None) -> None:
        if handling is None:
            await super()._catch_errors(handler, data)
            return
        current.set(handling)
        task = asyncio.current_task()
        assert task is not None
        handling.run.join(task)
        try:
            await handler(data)
        except asyncio.CancelledError as error:
            handling.run.end(TimeoutError("its time was up"))
            raise error
        except Exception as error:
            self.log.debug("Failed to run handler", exc_info=True)
            handling.run.end(error)
        else:
            handling.run.end()
