"""Handlers of web requests under the instance's own path."""

from __future__ import annotations

from typing import Any, Callable

from aiohttp import hdrs, web

WebHandler = Callable[[web.Request], Any]
WebHandlerDecorator = Callable[[WebHandler], WebHandler]


def head(path: str, **kwargs: Any) -> WebHandlerDecorator:
    """Answers HEAD."""
    return handle(hdrs.METH_HEAD, path, **kwargs)


def options(path: str, **kwargs: Any) -> WebHandlerDecorator:
    """Answers OPTIONS."""
    return handle(hdrs.METH_OPTIONS, path, **kwargs)


def get(path: str, **kwargs: Any) -> WebHandlerDecorator:
    """Answers GET."""
    return handle(hdrs.METH_GET, path, **kwargs)


def post(path: str, **kwargs: Any) -> WebHandlerDecorator:
    """Answers POST."""
    return handle(hdrs.METH_POST, path, **kwargs)


def put(path: str, **kwargs: Any) -> WebHandlerDecorator:
    """Answers PUT."""
    return handle(hdrs.METH_PUT, path, **kwargs)


def patch(path: str, **kwargs: Any) -> WebHandlerDecorator:
    """Answers PATCH."""
    return handle(hdrs.METH_PATCH, path, **kwargs)


def delete(path: str, **kwargs: Any) -> WebHandlerDecorator:
    """Answers DELETE."""
    return handle(hdrs.METH_DELETE, path, **kwargs)


def view(path: str, **kwargs: Any) -> WebHandlerDecorator:
    """Answers every method."""
    return handle(hdrs.METH_ANY, path, **kwargs)


def handle(method: str, path: str, **kwargs: Any) -> WebHandlerDecorator:
    """Answers a method at a path, which may hold parameters as aiohttp writes them: `/feed/{id}`."""

    def mark(handler: Any) -> Any:
        handler.__mb_web_handler__ = [*getattr(handler, "__mb_web_handler__", ()), (method, path, kwargs)]
        return handler

    return mark
