"""Web requests that the host passes on, answered by aiohttp as if they had come over a socket."""

from __future__ import annotations

import asyncio
import base64
import http.client
import io
import socket
from typing import Any

from aiohttp import web
from maubot import Plugin

from .channel import Channel, Message

ANSWER_SECONDS = 60
LARGEST_BODY_BYTES = 100 * 1024 * 1024
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


async def answer(channel: Channel, plugin: Plugin | None, message: Message) -> None:
    """Tells the host the answer to one request; 404 from a plugin without routes."""
    try:
        if plugin is None or plugin.webapp is None:
            status, headers, body = 404, {}, b""
        else:
            status, headers, body = await asyncio.wait_for(_ask(plugin.webapp, message["asked"]), ANSWER_SECONDS)
    except Exception as error:
        if plugin is not None:
            plugin.log.exception("A web request could not be answered", exc_info=error)
        status, headers, body = 500, {}, b""
    told = {"status": status, "headers": headers, "body": base64.b64encode(body).decode("ascii")}
    channel.say({"say": "respond", "request": message["request"], "answer": told})


async def _ask(webapp: Any, asked: Message) -> tuple[int, dict[str, str], bytes]:
    loop = asyncio.get_running_loop()
    server = web.Server(webapp.handle, request_factory=_request, access_log=None)
    own, other = socket.socketpair()
    await loop.connect_accepted_socket(server, sock=other)
    reader, writer = await asyncio.open_connection(sock=own)
    try:
        writer.write(_request_bytes(asked))
        answered = await reader.read()
    finally:
        writer.close()
        await server.shutdown(1)
    return _parse(asked["method"], answered)


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.Request:
    """A request that can hold its route's parameters; the host has looked at its size."""
    loop = asyncio.get_running_loop()
    return web.Request(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_BODY_BYTES)


def _request_bytes(asked: Message) -> bytes:
    body = base64.b64decode(asked.get("body") or "")
    kept = [(name, value) for name, value in asked["headers"].items() if name.lower() not in _HOP_BY_HOP]
    lines = [f"{asked['method']} {asked['path']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in kept]
    lines += ["Connection: close", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


class _Answered:
    """What http.client reads an answer from."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def makefile(self, mode: str) -> io.BytesIO:
        """The only method that is asked of a socket."""
        return self._file


def _parse(method: str, data: bytes) -> tuple[int, dict[str, str], bytes]:
    response = http.client.HTTPResponse(_Answered(data), method=method)  # type: ignore[arg-type]
    response.begin()
    body = response.read()
    headers = {name.lower(): value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
    return response.status, headers, body
