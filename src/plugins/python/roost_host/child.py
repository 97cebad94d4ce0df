"""The process of one instance, from the fork to its end."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import Any

from .channel import Channel
from .confinement import Confinement, confine, end_with_parent
from .instance import Instance


def run(order: dict[str, Any]) -> None:
    """Connects to the host, gives up all rights that the order does not name, and runs the instance until it is stopped."""
    os.setsid()
    end_with_parent()
    line = _connect(order, "line")
    output = _connect(order, "output")
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    os.chdir(order["folder"])
    os.environ.update(HOME=order["folder"], TMPDIR=order["folder"])
    memory = _open_memory()
    confine(Confinement([order["folder"]], [*_libraries(), *order["readOnly"]], order["network"]))
    asyncio.run(_serve(line, memory))


async def _serve(line: socket.socket, memory: int | None) -> None:
    instance = Instance()
    instance.channel = Channel(line, memory, instance.receive)
    instance.channel.open()
    await asyncio.Event().wait()


def _connect(order: dict[str, Any], purpose: str) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.connect(order["socket"])
    found.sendall(f"{order['token']} {purpose}\n".encode())
    return found


def _open_memory() -> int | None:
    """/proc cannot be read later on."""
    try:
        return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _libraries() -> list[str]:
    """Where the interpreter and its packages lie."""
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sys.path}
    return sorted(os.path.realpath(each) for each in places if each and each != "/" and os.path.exists(each))
