"""A plugin's web routes."""

from __future__ import annotations

import functools
from typing import Any, Callable

from aiohttp import hdrs, web

Middleware = Callable[..., Any]


class PluginWebApp(web.UrlDispatcher):
    """Routes under the instance's own path; they may be added at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.app = web.Application()
        self._middlewares: list[Middleware] = []

    def add_middleware(self, middleware: Middleware) -> None:
        """Puts a middleware, as aiohttp has them, around all routes."""
        self._middlewares.append(middleware)

    def remove_middleware(self, middleware: Middleware) -> None:
        """Takes it away again."""
        self._middlewares.remove(middleware)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers one request by the route that it names."""
        match = await self.resolve(request)
        match.add_app(self.app)
        match.freeze()
        request._match_info = match
        if request.headers.get(hdrs.EXPECT):
            response = await match.expect_handler(request)
            if response is not None:
                return response
        handler = match.handler
        for middleware in reversed(self._middlewares):
            handler = functools.partial(middleware, handler=handler)
        return await handler(request)

    def clear(self) -> None:
        """Takes all routes and middlewares away."""
        self._middlewares.clear()
        self._resources = []
        self._named_resources = {}
        self._resource_index = {}
        self._matched_sub_app_resources = []
