"""One running plugin: set up from what the host says, handed its events, stopped."""

from __future__ import annotations

import asyncio
import inspect
import os
from contextvars import copy_context
from traceback import walk_tb
from typing import Any

import maubot.handlers.command
from aiohttp import ClientSession
from maubot import Plugin, PluginWebApp
from maubot.loader import FolderPluginLoader
from mautrix.client import SyncStream
from mautrix.types import Event, SerializerError, UserID
from yarl import URL

from .api import HostAPI
from .channel import Channel, Message
from .client import HostClient
from .database import close_database, open_database
from .logs import causes, open_logs
from .refusal import PluginRefused
from .runs import Run, current
from .settings import SettingsFile, load_base
from .webapp import answer

USER_AGENT = "maubot/0.6.0 (Roost)"


class Instance:
    """What the host says to it comes through `receive`, in the loop."""

    def __init__(self) -> None:
        self.channel: Channel
        self._plugin: Plugin | None = None
        self._client: HostClient
        self._http: ClientSession
        self._settings: SettingsFile | None = None
        self._runs: dict[int, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: Any = None

    def receive(self, message: Message) -> None:
        """Takes up one message of the host."""
        said = message["say"]
        if said == "set-up":
            self._keep(self._set_up(message))
        elif said == "run":
            # The handlers' tasks inherit what is current there.
            copy_context().run(self._handle, message)
        elif said == "abort" and message["run"] in self._runs:
            self._runs[message["run"]].cancel()
        elif said == "settings":
            self._keep(self._change_settings(message["config"]))
        elif said == "request":
            self._keep(answer(self.channel, self._plugin, message))
        elif said == "stop":
            self._keep(self._stop())

    def _keep(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _set_up(self, setup: Message) -> None:
        try:
            self._plugin = await self._create(setup)
            await self._plugin.internal_start()
        except BaseException as error:
            self.channel.say({"say": "refused", "error": _refusal(error)})
            return
        self._told = self._client.wanted_types()
        self.channel.say(
            {"say": "ready", "subscriptions": self._subscriptions(), "redactsReplies": False, "threadId": None}
        )

    async def _create(self, setup: Message) -> Plugin:
        python = setup["python"]
        log = open_logs(self.channel, setup["instance"])
        maubot.handlers.command.prefix = setup["prefix"]
        loader = FolderPluginLoader(python["code"])
        plugin_class = await loader.load()
        self._http = ClientSession(headers={"User-Agent": USER_AGENT})
        api = HostAPI(self.channel, python["homeserverUrl"], setup["folder"], self._http, log.getChild("client"))
        self._client = HostClient(UserID(setup["userId"]), api, self._tell_wishes)
        config_class = plugin_class.get_config_class()
        config = None
        if config_class is not None:
            config = self._create_config(config_class, loader, python["overlayFile"], setup["config"])
        database = await open_database(plugin_class, loader.meta, setup["databaseFile"], log)
        return plugin_class(
            client=self._client,
            loop=asyncio.get_running_loop(),
            http=self._http,
            instance_id=setup["instance"],
            log=log,
            config=config,
            database=database,
            webapp=PluginWebApp() if loader.meta.webapp else None,
            webapp_url=URL(python["webappUrl"]) if loader.meta.webapp else None,
            loader=loader,
        )

    def _create_config(self, config_class: Any, loader: Any, overlay_file: str, written: dict[str, Any]) -> Any:
        try:
            self._settings = SettingsFile(overlay_file, load_base(loader.sync_read_file), written)
        except Exception as error:
            raise PluginRefused("plugin-config", f"Its settings were not taken: {error}") from error
        return self._settings.create(config_class)

    def _subscriptions(self) -> list[Any]:
        return [{"kind": "events", "types": self._told, "own": True}] if self._told else []

    def _tell_wishes(self) -> None:
        if self._told is None:
            return
        wanted = self._client.wanted_types()
        if wanted != self._told:
            self._told = wanted
            self.channel.say({"say": "wishes", "subscriptions": self._subscriptions()})

    def _handle(self, message: Message) -> None:
        run = self._runs[message["run"]] = Run(message["run"], self._settle)
        current.set(run.begin(self._handle))
        failure: Exception | None = None
        try:
            event = Event.deserialize(_raw(message["event"]))
            self._client.dispatch_event(event, SyncStream.JOINED_ROOM | SyncStream.TIMELINE)
        except SerializerError:
            # maubot passes over what is not as the specification has it, too.
            pass
        except Exception as error:
            failure = error
        run.end(failure)

    def _settle(self, run: Run) -> None:
        del self._runs[run.number]
        settled: Message = {"say": "settled", "run": run.number}
        if run.error is not None:
            settled["error"] = _failure(run.error)
        self.channel.say(settled)

    async def _change_settings(self, written: dict[str, Any]) -> None:
        plugin = self._plugin
        if plugin is None or self._settings is None:
            return
        self._settings.change(written)
        try:
            changed = plugin.on_external_config_update()
            if inspect.isawaitable(changed):
                await changed
        except Exception:
            plugin.log.exception("The changed settings were not taken")

    async def _stop(self) -> None:
        self._told = None
        if self._plugin is not None:
            try:
                await self._plugin.internal_stop()
                await close_database(self._plugin.database)
            except Exception:
                self._plugin.log.exception("The plugin could not be stopped cleanly")
            await self._http.close()
        self.channel.say({"say": "stopped"})
        # Threads and tasks of the plugin are not waited for.
        os._exit(0)


def _raw(event: Message) -> Message:
    """The event as a homeserver writes it."""
    raw: Message = {
        "room_id": event["roomId"],
        "event_id": event["eventId"],
        "sender": event["sender"],
        "type": event["type"],
        "content": event["content"],
        "origin_server_ts": event["originServerTs"],
        "unsigned": event.get("unsigned") or {},
    }
    if event.get("stateKey") is not None:
        raw["state_key"] = event["stateKey"]
    if event["type"] == "m.room.redaction":
        raw["redacts"] = event["content"].get("redacts", "")
    return raw


def _failure(error: BaseException) -> Message:
    code = "handler-timeout" if isinstance(error, TimeoutError) else "internal"
    return {"code": code, "message": f"{type(error).__name__}: {error}"[:2_000], "causes": causes(error)}


def _refusal(error: BaseException) -> Message:
    if isinstance(error, PluginRefused):
        return {"code": error.code, "message": str(error)[:2_000], "causes": causes(error)}
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        if package == "maubot":
            sentence = f"It imports {error.name}, a part of maubot's own server, which Roost does not have."
            return {"code": "plugin-refused", "message": sentence, "causes": causes(error)}
        sentence = f"It needs the Python module {package}, which is not installed: roost plugin python {package}"
        return {"code": "plugin-refused", "message": sentence, "causes": causes(error)}
    if any(frame.f_code.co_name == "load_and_update" for frame, _ in walk_tb(error.__traceback__)):
        sentence = f"Its settings were not taken: {error}"
        return {"code": "plugin-config", "message": sentence[:2_000], "causes": causes(error)}
    code = "plugin-refused" if isinstance(error, (ImportError, SyntaxError)) else "internal"
    return {"code": code, "message": f"{type(error).__name__}: {error}"[:2_000], "causes": causes(error)}
