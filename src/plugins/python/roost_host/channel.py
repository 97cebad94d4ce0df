"""The plugin's end of the line to the host: newline-delimited lists of messages, as src/plugins/channel/protocol.ts has them."""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import socket
import sys
import threading
import time
from collections import deque
from typing import Any, Callable

Message = dict[str, Any]

STAND_IN_SECONDS = 2
"""The host takes a plugin for stuck after three heartbeats of 5 s each."""
READ_BYTES = 262_144


class Refused(Exception):
    """The host declined what was asked; its sentence says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Channel:
    """Reads in the plugin's loop. While a plugin blocks that for seconds, as they do, a thread reads and answers heartbeats."""

    def __init__(self, line: socket.socket, memory: int | None, receive: Callable[[Message], None]) -> None:
        """`memory` is the open file /proc/self/statm; `receive` is called in the loop."""
        self._line = line
        self._memory = memory
        self._receive = receive
        self._reading = threading.Lock()
        self._saying = threading.Lock()
        self._parts: list[bytes] = []
        self._received: deque[Message] = deque()
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._next_call = 1
        self._turns = 0

    def open(self) -> None:
        """Starts reading. The running loop gets what is read."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._line, self._read)
        threading.Thread(target=self._stand_in, args=[loop], name="roost", daemon=True).start()

    def say(self, message: Message) -> None:
        """Tells the host; from any thread."""
        text = json.dumps([message], ensure_ascii=False, separators=(",", ":"), default=str)
        # Lone surrogates, as broken input makes them, are no UTF-8.
        data = text.encode("utf-8", errors="replace") + b"\n"
        with self._saying:
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
        self._take_in()
        self._hand_over()

    def _stand_in(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            time.sleep(STAND_IN_SECONDS)
            self._take_in()
            if self._received:
                try:
                    loop.call_soon_threadsafe(self._hand_over)
                except RuntimeError:
                    os._exit(0)

    def _take_in(self) -> None:
        """Reads what is there without waiting; in any thread."""
        with self._reading:
            try:
                data = self._line.recv(READ_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            if not data:
                # The host is gone, or is done with this plugin.
                os._exit(0)
            first, *others = data.split(b"\n")
            self._parts.append(first)
            for other in others:
                for message in json.loads(b"".join(self._parts)):
                    self._take(message)
                self._parts = [other]

    def _take(self, message: Message) -> None:
        if message["say"] == "ping":
            self.say({"say": "pong", "memoryBytes": self._memory_bytes()})
            return
        if message["say"] == "abort":
            self._watch(self._turns, message["graceMs"] / 1_000)
        self._received.append(message)

    def _hand_over(self) -> None:
        """In the loop."""
        while self._received:
            self._turns += 1
            self._hand_over_one(self._received.popleft())

    def _hand_over_one(self, message: Message) -> None:
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

    def _watch(self, turns: int, grace: float) -> None:
        """A loop that takes up nothing for so many seconds after a handler's time was up is stuck for good."""

        def look() -> None:
            if self._turns == turns:
                print("The plugin's loop is stuck here:", file=sys.stderr, flush=True)
                faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
                os._exit(70)

        timer = threading.Timer(grace, look)
        timer.daemon = True
        timer.start()

    def _memory_bytes(self) -> int:
        """What is this process's own: resident pages without those of files."""
        if self._memory is None:
            return 0
        resident, shared = os.pread(self._memory, 200, 0).split()[1:3]
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
