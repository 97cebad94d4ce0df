"""Routes of the plugin's own, its own HTTP client, its files, timers, and handlers of other classes."""
from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import ClientSession
from aiohttp.web import Request, Response, json_response
from maubot import MessageEvent, Plugin, PluginWebApp
from maubot.handlers import command, event, web
from maubot.loader import BasePluginLoader
from mautrix.types import EventType, RoomID


class Helper:
    """A class of handlers beside the plugin's own."""

    def __init__(self, plugin: Webhook) -> None:
        self.plugin = plugin

    @command.new("helped", help="Answered elsewhere")
    @command.argument("word", required=False)
    async def helped(self, evt: MessageEvent, word: str) -> None:
        await evt.reply(f"helped {word!r}", markdown=False)

    @event.on(EventType.ROOM_TOPIC)
    async def topic(self, evt: Any) -> None:
        await self.plugin.client.send_notice(evt.room_id, f"topic {evt.content.topic}")

    @web.get("/helper")
    async def page(self, req: Request) -> Response:
        return Response(text="of the helper")


class Webhook(Plugin):
    webapp: PluginWebApp
    loader: BasePluginLoader

    async def start(self) -> None:
        self.room: RoomID | None = None
        self.ticks = 0
        self.order = ["start"]
        self.register_handler_class(Helper(self))
        self.webapp.add_route("GET", "/added/{name}", self.added)

    async def pre_start(self) -> None:
        self.before = True

    async def added(self, req: Request) -> Response:
        return Response(text=f"added {req.match_info['name']}", headers={"X-Added": "yes"})

    @web.get("/hello")
    async def hello(self, req: Request) -> Response:
        return Response(text=f"hello {req.query.get('name', 'nobody')}")

    @web.post("/notify/{where}")
    async def notify(self, req: Request) -> Response:
        body = await req.json()
        if self.room is None:
            return json_response({"error": "not yet in a room"}, status=409)
        await self.client.send_markdown(self.room, f"**{req.match_info['where']}**: {body['text']}")
        return json_response({"ok": True, "path": req.path.rsplit("/", 2)[-2:], "agent": req.headers.get("X-Agent")})

    @web.put("/raw")
    @web.patch("/raw")
    async def raw(self, req: Request) -> Response:
        data = await req.read()
        return Response(body=data[::-1], status=202, content_type="application/octet-stream")

    @web.delete("/raw")
    async def remove(self, req: Request) -> Response:
        return Response(status=204)

    @web.get("/fails")
    async def fails(self, req: Request) -> Response:
        raise RuntimeError("on purpose")

    @command.new("here")
    async def here(self, evt: MessageEvent) -> None:
        self.room = evt.room_id
        address = str(self.webapp_url)
        await evt.reply(f"{type(self.webapp_url).__name__} {address.split('/', 3)[-1]}", markdown=False)

    @command.new("fetch")
    async def fetch(self, evt: MessageEvent) -> None:
        """Asks its own routes, which need no network beyond this machine."""
        http = self.http
        told = [isinstance(http, ClientSession), "User-Agent" in http.headers or http.headers is not None]
        async with http.get(self.webapp_url / "hello", params={"name": "me"}) as answer:
            told += [answer.status, await answer.text()]
        async with http.post(self.webapp_url / "notify" / "inside", json={"text": "from *http*"}) as answer:
            told += [answer.status, await answer.json()]
        for method in (http.put, http.patch):
            async with method(self.webapp_url / "raw", data=b"abc") as answer:
                told += [answer.status, (await answer.read()).decode()]
        async with http.delete(self.webapp_url / "raw") as answer:
            told += [answer.status]
        async with http.head(self.webapp_url / "hello") as answer:
            told += [answer.status]
        await evt.reply(json.dumps(told), markdown=False)

    @command.new("files")
    async def files(self, evt: MessageEvent) -> None:
        loader = self.loader
        told = [
            (await loader.read_file("words/greeting.txt")).decode().strip(),
            loader.sync_read_file("words/greeting.txt").decode().strip(),
            sorted(await loader.list_files("words")),
            sorted(loader.sync_list_files("words")),
            loader.meta.id,
            str(loader.meta.version),
            loader.meta.license,
            loader.meta.webapp,
        ]
        try:
            loader.sync_read_file("words/none.txt")
        except Exception as error:
            told.append(type(error).__name__)
        await evt.reply(json.dumps(told), markdown=False)

    @command.new("timers")
    async def timers(self, evt: MessageEvent) -> None:
        async def tick() -> None:
            self.ticks += 1
            if self.ticks == 2:
                await self.client.send_notice(evt.room_id, "ticked twice")
            if self.ticks == 3:
                raise RuntimeError("on purpose, and the timer goes on")
            if self.ticks == 4:
                periodic.cancel()
                await self.client.send_notice(evt.room_id, "ticked four times")

        async def later() -> None:
            await self.client.send_notice(evt.room_id, "later")

        periodic = self.sched.run_periodically(0.2, tick)
        self.sched.run_later(1.5, later())

    @command.new("tasks")
    async def tasks(self, evt: MessageEvent) -> None:
        async def work() -> str:
            await asyncio.sleep(0.01)
            return "worked"

        result = await self.loop.create_task(work())
        other = await self.loop.run_in_executor(None, lambda: "in a thread")
        await evt.reply(f"{result}, {other}, {self.before}, {self.order}", markdown=False)
