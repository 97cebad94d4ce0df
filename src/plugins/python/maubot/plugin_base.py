"""The class that every plugin derives from."""

from __future__ import annotations

from abc import ABC
from asyncio import AbstractEventLoop
from typing import TYPE_CHECKING, Any, Awaitable

from aiohttp import ClientSession
from mautrix.util.async_db import Database, UpgradeTable
from mautrix.util.config import BaseProxyConfig
from mautrix.util.logging import TraceLogger
from yarl import URL

from .matrix import MaubotMatrixClient
from .plugin_server import PluginWebApp
from .scheduler import BasicScheduler

if TYPE_CHECKING:
    from sqlalchemy.engine.base import Engine

    from .loader import BasePluginLoader


class Plugin(ABC):
    """One running instance of a plugin."""

    client: MaubotMatrixClient
    http: ClientSession
    id: str
    log: TraceLogger
    loop: AbstractEventLoop
    loader: BasePluginLoader
    sched: BasicScheduler
    config: BaseProxyConfig | None
    database: Engine | Database | None
    webapp: PluginWebApp | None
    webapp_url: URL | None

    def __init__(
        self,
        client: MaubotMatrixClient,
        loop: AbstractEventLoop,
        http: ClientSession,
        instance_id: str,
        log: TraceLogger,
        config: BaseProxyConfig | None,
        database: Engine | Database | None,
        webapp: PluginWebApp | None,
        webapp_url: URL | None,
        loader: BasePluginLoader,
    ) -> None:
        self.client = client
        self.loop = loop
        self.http = http
        self.id = instance_id
        self.log = log
        self.config = config
        self.database = database
        self.webapp = webapp
        self.webapp_url = webapp_url
        self.loader = loader
        self.sched = BasicScheduler(log=log.getChild("scheduler"))
        self._handlers_at: list[tuple[Any, Any]] = []

    def register_handler_class(self, obj: object) -> None:
        """Registers the commands, event handlers and web handlers among an object's attributes."""
        for name in dir(obj):
            # A property may do anything when it is read, and is no handler.
            if isinstance(getattr(type(obj), name, None), property):
                continue
            handler = getattr(obj, name, None)
            if getattr(handler, "__mb_event_handler__", False) is True:
                for event_type in handler.__mb_event_types__:
                    self._handlers_at.append((event_type, handler))
                    self.client.add_event_handler(
                        event_type, handler, sync_stream=getattr(handler, "_sync_streams", None)
                    )
            for method, path, options in getattr(handler, "__mb_web_handler__", None) or ():
                if self.webapp is None:
                    self.log.warning(f"{name} answers web requests, but the plugin's webapp is off")
                    break
                self.webapp.add_route(method=method, path=path, handler=handler, **options)

    async def pre_start(self) -> None:
        """Called before the handlers are registered."""

    async def internal_start(self) -> None:
        """Called by the host to start the plugin."""
        await self.pre_start()
        self.register_handler_class(self)
        await self.start()

    async def start(self) -> None:
        """Called once the handlers are registered."""

    async def pre_stop(self) -> None:
        """Called before the handlers are taken away."""

    async def internal_stop(self) -> None:
        """Called by the host to stop the plugin."""
        await self.pre_stop()
        for event_type, handler in self._handlers_at:
            self.client.remove_event_handler(event_type, handler)
        self._handlers_at.clear()
        if self.webapp is not None:
            self.webapp.clear()
        self.sched.stop()
        await self.stop()

    async def stop(self) -> None:
        """Called once the handlers are gone."""

    @classmethod
    def get_config_class(cls) -> type[BaseProxyConfig] | None:
        """The class of the plugin's settings; None for a plugin without any."""
        return None

    @classmethod
    def get_db_upgrade_table(cls) -> UpgradeTable | None:
        """The migrations of a plugin's asyncpg-style database."""
        return None

    def on_external_config_update(self) -> Awaitable[None] | None:
        """Called when somebody has changed the settings."""
        if self.config is not None:
            self.config.load_and_update()
        return None
