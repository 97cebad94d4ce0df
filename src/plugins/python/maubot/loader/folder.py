"""Plugins as the host unpacks them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from ruamel.yaml import YAML

from ..plugin_base import Plugin
from .abc import BasePluginLoader
from .meta import PluginMeta


class FolderPluginLoader(BasePluginLoader):
    """Loads one plugin from a folder that the host has filled from a checked archive."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self.meta = PluginMeta.deserialize(YAML(typ="safe").load(self.sync_read_file("maubot.yaml")))

    @property
    def source(self) -> str:
        """Where the plugin lies."""
        return str(self._folder)

    async def read_file(self, path: str) -> bytes:
        """The content of one of the plugin's files."""
        return self.sync_read_file(path)

    def sync_read_file(self, path: str) -> bytes:
        """The content of one of the plugin's files. Raises KeyError when there is none."""
        try:
            return (self._folder / path).read_bytes()
        except OSError as error:
            raise KeyError(path) from error

    async def list_files(self, directory: str) -> list[str]:
        """The files directly in one of the plugin's folders."""
        return self.sync_list_files(directory)

    def sync_list_files(self, directory: str) -> list[str]:
        """The files directly in one of the plugin's folders."""
        folder = self._folder / directory
        return [str(each.relative_to(self._folder)) for each in sorted(folder.iterdir()) if each.is_file()]

    async def load(self) -> type[Plugin]:
        """Imports the plugin's modules and answers its main class."""
        sys.path.insert(0, str(self._folder))
        for name in self.meta.modules:
            importlib.import_module(name)
        module, _, main_class = self.meta.main_class.rpartition("/")
        plugin = getattr(sys.modules[module or self.meta.modules[-1]], main_class)
        if not isinstance(plugin, type) or not issubclass(plugin, Plugin):
            raise TypeError(f"{main_class}, the main class, is not derived from maubot.Plugin")
        return plugin


ZippedPluginLoader = FolderPluginLoader
