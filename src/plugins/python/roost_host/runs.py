"""The events in hand: which one a piece of code works for, and when all of its handlers have settled."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any, Callable

current: ContextVar[Handling | None] = ContextVar("current", default=None)
"""The handler that this code runs for; tasks that it starts inherit it."""


class Handling:
    """One handler of one event. Its sends are numbered, so that a repeated run makes none of them twice."""

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.name = name
        self._sends = 0

    def next_key(self) -> str:
        """Names the next send by its place in the handler's run."""
        self._sends += 1
        return f"{self.name}#{self._sends}"


class Run:
    """One event and the handlers that it set going."""

    def __init__(self, number: int, on_settled: Callable[[Run], None]) -> None:
        """`on_settled` is called when nothing of it runs any more."""
        self.number = number
        self.is_over = False
        self.error: BaseException | None = None
        self._names: dict[str, int] = {}
        self._open = 0
        self._on_settled = on_settled
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, handler: Any) -> Handling:
        """A handler is about to run; `end` has to follow."""
        self._open += 1
        name = getattr(handler, "__qualname__", None) or getattr(
            getattr(handler, "__mb_func__", None), "__qualname__", type(handler).__name__
        )
        place = self._names[name] = self._names.get(name, 0) + 1
        return Handling(self, f"{name}/{place}")

    def join(self, task: asyncio.Task[Any]) -> None:
        """The task is cancelled with the run."""
        self._tasks.add(task)

    def end(self, error: BaseException | None = None) -> None:
        """A handler, or the handing out itself, is through."""
        self.error = self.error or error
        self._open -= 1
        if self._open == 0 and not self.is_over:
            self.is_over = True
            self._on_settled(self)

    def cancel(self) -> None:
        """The run's time is up."""
        for task in self._tasks:
            task.cancel()
