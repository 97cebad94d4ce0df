"""The plugin's end of the line to the host: newline-delimited lists of messages, as src/plugins/protocol.ts has them."""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import socket
import sys
import threading
from typing import Any, Callable

Message = dict[str, Any]

STUCK_SECONDS = 15
"""A loop that takes up nothing for so long after a handler's time was up is stuck for good."""


class Refused(Exception):
    """The host declined what was asked; its sentence says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Channel:
    """Reads in a thread of its own, which also answers heartbeats: plugins do block their loop for seconds."""

    def __init__(self, line: socket.socket, memory: int | None, receive: Callable[[Message], None]) -> None:
        """`memory` is the open file /proc/self/statm; `receive` is called in the loop."""
        self._line = line
        self._memory = memory
        self._receive = receive
        self._lock = threading.Lock()
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._next_call = 1
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns = 0

    def open(self) -> None:
        """Starts reading. The running loop gets what is read."""
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, name="roost", daemon=True).start()

    def say(self, message: Message) -> None:
        """Tells the host; from any thread."""
        text = json.dumps([message], ensure_ascii=False, separators=(",", ":"), default=str)
        # Lone surrogates, as broken input makes them, are no UTF-8.
        data = text.encode("utf-8", errors="replace") + b"\n"
        with self._lock:
            self._line.sendall(data)

    async def ask(self, request: Message) -> Any:
        """Asks the host and waits for its answer. Raises Refused."""
        call = self._next_call
        self._next_call += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls[call] = answer
        self.say({"say": "call", "call": call, **request})
        try:
            return await answer
        finally:
            self._calls.pop(call, None)

    def _read(self) -> None:
        with self._line.makefile("rb") as lines:
            for line in lines:
                for message in json.loads(line):
                    self._take(message)
        # The host is gone, or is done with this plugin.
        os._exit(0)

    def _take(self, message: Message) -> None:
        assert self._loop is not None
        said = message["say"]
        if said == "ping":
            self.say({"say": "pong", "memoryBytes": self._memory_bytes()})
            return
        if said == "abort":
            self._watch(self._turns)
        try:
            self._loop.call_soon_threadsafe(self._hand_over, message)
        except RuntimeError:
            os._exit(0)

    def _hand_over(self, message: Message) -> None:
        self._turns += 1
        if message["say"] not in ("answer", "refuse"):
            self._receive(message)
            return
        call = self._calls.get(message["call"])
        if call is None or call.done():
            return
        if message["say"] == "answer":
            call.set_result(message.get("value"))
        else:
            call.set_exception(Refused(message["error"]["code"], message["error"]["message"]))

    def _watch(self, turns: int) -> None:
        def look() -> None:
            if self._turns == turns:
                print("The plugin's loop is stuck here:", file=sys.stderr, flush=True)
                faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
                os._exit(70)

        timer = threading.Timer(STUCK_SECONDS, look)
        timer.daemon = True
        timer.start()

    def _memory_bytes(self) -> int:
        """What is this process's own: resident pages without those of files."""
        if self._memory is None:
            return 0
        resident, shared = os.pread(self._memory, 200, 0).split()[1:3]
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
