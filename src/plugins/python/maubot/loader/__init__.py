"""What plugins ask of the archive that they were loaded from."""

from .abc import BasePluginLoader, IDConflictError, MaubotZipImportError, PluginClass, PluginLoader
from .folder import FolderPluginLoader, ZippedPluginLoader
from .meta import DatabaseType, PluginMeta


__all__ = [
    "BasePluginLoader",
    "DatabaseType",
    "FolderPluginLoader",
    "IDConflictError",
    "MaubotZipImportError",
    "PluginClass",
    "PluginLoader",
    "PluginMeta",
    "ZippedPluginLoader",
]
