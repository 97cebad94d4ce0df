"""What a plugin does later or again and again."""

from __future__ import annotations

import asyncio
import logging
from typing import Awaitable, Callable, Coroutine

from mautrix.util import background_task


class BasicScheduler:
    """Tasks that end with the plugin."""

    def __init__(self, log: logging.Logger) -> None:
        self.log = log
        self.tasks: list[asyncio.Task[None]] = []

    def run_periodically(
        self,
        period: float,
        func: Callable[[], Awaitable[None]],
        run_task_in_background: bool = False,
        catch_errors: bool = True,
    ) -> asyncio.Task[None]:
        """Calls a function every `period` seconds, first after the first period."""
        return self._keep(self._repeat(period, func, run_task_in_background, catch_errors))

    def run_later(
        self, delay: float, coro: Coroutine[None, None, None], catch_errors: bool = True
    ) -> asyncio.Task[None]:
        """Awaits a coroutine once, `delay` seconds from now."""
        return self._keep(self._wait(delay, coro, catch_errors))

    def stop(self) -> None:
        """Cancels everything that is planned."""
        for task in self.tasks:
            task.cancel()
        self.tasks.clear()

    def _keep(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self.tasks.append(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        if task in self.tasks:
            self.tasks.remove(task)

    async def _wait(self, delay: float, coro: Coroutine[None, None, None], catch_errors: bool) -> None:
        try:
            await asyncio.sleep(delay)
        except asyncio.CancelledError:
            coro.close()
            raise
        await self._call(lambda: coro, catch_errors)

    async def _repeat(
        self, period: float, func: Callable[[], Awaitable[None]], in_background: bool, catch_errors: bool
    ) -> None:
        while True:
            await asyncio.sleep(period)
            if in_background:
                background_task.create(self._call(func, catch_errors=True))
            else:
                await self._call(func, catch_errors)

    async def _call(self, func: Callable[[], Awaitable[None]], catch_errors: bool) -> None:
        try:
            await func()
        except Exception:
            if not catch_errors:
                raise
            self.log.exception("Uncaught error in a planned task")
