"""The parent of all Python plugins: loads the libraries once, and forks a child that runs one instance whenever the host asks.

It gets lines of JSON on descriptor 3: `{"fork": n, "socket": path, "token": text, "folder": path, "readOnly": [paths], "network": bool}`,
and answers `{"forked": n, "pid": p}` and `{"ended": p, "status": code}` (negative: the signal). A child connects to the socket
twice: for the protocol, and for what it prints. The parent holds no settings and no secrets: a child gets its own from the host.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from typing import Any

from .confinement import end_with_parent, landlock_version

Order = dict[str, Any]


def main() -> None:
    """Serves until the host closes the line."""
    end_with_parent()
    _load_libraries()
    line = socket.socket(fileno=3)
    ended, note = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(note, warn_on_full_buffer=False)
    # What is there now is shared by all children; the collector is not to touch its pages again.
    gc.collect()
    gc.freeze()
    _tell(line, {"ready": True, "confines": landlock_version() > 0, "version": sys.version.split()[0]})
    buffer = b""
    while True:
        ready, _, _ = select.select([line, ended], [], [])
        if ended in ready:
            os.read(ended, 1_000)
            _tell_ended(line)
        if line in ready:
            data = line.recv(65_536)
            if data == b"":
                sys.exit(0)
            *lines, buffer = (buffer + data).split(b"\n")
            for each in lines:
                _fork(line, json.loads(each), (ended, note))


def _load_libraries() -> None:
    import commonmark  # noqa: F401
    import maubot.handlers  # noqa: F401
    import maubot.loader  # noqa: F401
    import mautrix.client  # noqa: F401
    import mautrix.util.async_db  # noqa: F401

    from . import child  # noqa: F401
    from .attachments import provide_attachments

    # After mautrix.client, which then does without encryption.
    provide_attachments()


def _fork(line: socket.socket, order: Order, own: tuple[int, int]) -> None:
    pid = os.fork()
    if pid != 0:
        _tell(line, {"forked": order["fork"], "pid": pid})
        return
    status = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in own:
            os.close(each)
        line.close()
        from .child import run

        run(order)
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(status)


def _tell_ended(line: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _tell(line, {"ended": pid, "status": os.waitstatus_to_exitcode(status)})


def _tell(line: socket.socket, message: Order) -> None:
    line.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
