"""The plugin's log lines, on their way to the host's log."""

from __future__ import annotations

import logging
import traceback

from mautrix.util.logging import TraceLogger

from .channel import Channel


class HostHandler(logging.Handler):
    """Tells the host every record, with the chain of causes of its exception."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: a record that cannot be told is not worth an instance."""
        try:
            error = record.exc_info[1] if record.exc_info else None
            self._channel.say(
                {
                    "say": "log",
                    "severity": _severity(record.levelno),
                    "message": record.getMessage()[:50_000],
                    "context": {"logger": record.name},
                    "causes": causes(error) if error is not None else [],
                }
            )
        except Exception:
            self.handleError(record)


def open_logs(channel: Channel, instance: str) -> TraceLogger:
    """Sends what is logged to the host; answers the plugin's own logger."""
    logging.setLoggerClass(TraceLogger)
    root = logging.getLogger()
    root.handlers[:] = [HostHandler(channel)]
    root.setLevel(logging.INFO)
    own = logging.getLogger(f"maubot.instance.{instance}")
    own.setLevel(logging.DEBUG)
    # Every request is one DEBUG record there, which the host would have to throw away.
    logging.getLogger("mau.http").setLevel(logging.WARNING)
    return own


def causes(error: BaseException) -> list[str]:
    """The exception with the place in the plugin where it arose, then what caused it, outermost first."""
    found: list[str] = []
    at: BaseException | None = error
    while at is not None and len(found) < 10:
        frames = traceback.extract_tb(at.__traceback__)
        place = f" ({frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name})" if frames else ""
        found.append(f"{type(at).__name__}: {at}{place}"[:2_000])
        at = at.__cause__ or at.__context__
    return found


def _severity(level: int) -> str:
    if level >= logging.CRITICAL:
        return "CRITICAL"
    if level >= logging.ERROR:
        return "ERROR"
    if level >= logging.WARNING:
        return "WARN"
    return "INFO" if level >= logging.INFO else "DEBUG"
