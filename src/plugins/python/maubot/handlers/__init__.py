"""Decorators that make methods of a plugin answer commands, events and web requests."""

from . import command, event, web

__all__ = ["command", "event", "web"]
