"""The manifest of a plugin, as plugins may read it. mautrix reads the types below, so they cannot be left for later."""

from typing import List

import attr
from attr import dataclass
from mautrix.types import ExtensibleEnum, SerializableAttrs


class DatabaseType(ExtensibleEnum):
    """How a plugin sees its database."""

    SQLALCHEMY = "sqlalchemy"
    ASYNCPG = "asyncpg"


@dataclass
class PluginMeta(SerializableAttrs):
    """`maubot.yaml`; the host has checked it."""

    id: str
    version: str
    modules: List[str]
    main_class: str

    maubot: str = "0.6.0"
    database: bool = False
    database_type: DatabaseType = DatabaseType.SQLALCHEMY
    config: bool = False
    webapp: bool = False
    license: str = ""
    extra_files: List[str] = attr.Factory(list)
    dependencies: List[str] = attr.Factory(list)
    soft_dependencies: List[str] = attr.Factory(list)
