"""What a loader offers, whatever it reads from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from ..plugin_base import Plugin
from .meta import PluginMeta

PluginClass = TypeVar("PluginClass", bound=Plugin)


class IDConflictError(Exception):
    """Two plugins have one id; the host refuses the second before it is loaded."""


class BasePluginLoader(ABC):
    """A plugin's files."""

    meta: PluginMeta

    @property
    @abstractmethod
    def source(self) -> str:
        """Where the plugin lies."""

    @abstractmethod
    async def read_file(self, path: str) -> bytes:
        """The content of one of the plugin's files."""

    @abstractmethod
    def sync_read_file(self, path: str) -> bytes:
        """The same, at once."""

    @abstractmethod
    async def list_files(self, directory: str) -> list[str]:
        """The files directly in one of the plugin's folders."""

    @abstractmethod
    def sync_list_files(self, directory: str) -> list[str]:
        """The same, at once."""


class MaubotZipImportError(Exception):
    """An archive cannot be loaded; the host refuses such at upload."""


PluginLoader = BasePluginLoader
