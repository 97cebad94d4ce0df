"""A plugin's database: one SQLite file, which may have been brought from maubot."""

from __future__ import annotations

from typing import Any

from maubot import Plugin
from maubot.loader import DatabaseType, PluginMeta
from mautrix.util.async_db import Database
from mautrix.util.logging import TraceLogger

from .refusal import PluginRefused


async def open_database(plugin: type[Plugin], meta: PluginMeta, file: str, log: TraceLogger) -> Any:
    """What the manifest asks for: an asyncpg-style database, migrated, or a SQLAlchemy engine. None if it asks for none."""
    if not meta.database:
        return None
    if meta.database_type == DatabaseType.ASYNCPG:
        database = Database.create(
            f"sqlite:{file}", upgrade_table=plugin.get_db_upgrade_table(), log=log.getChild("db")
        )
        await _start(database)
        return database
    import sqlalchemy

    return sqlalchemy.create_engine(f"sqlite:///{file}")


async def _start(database: Database) -> None:
    """Opens and upgrades it; an upgrade that fails is not tried again by itself, unless the file or its disk was to blame."""
    try:
        await database.start()
    except Exception as error:
        name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        if not name.startswith(("SQLITE_ERROR", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH")):
            raise
        sentence = f"The upgrade of its database failed: {type(error).__name__}: {error}"
        raise PluginRefused("migration-failed", sentence[:2_000]) from error


async def close_database(database: Any) -> None:
    """Writes what is left and closes the file."""
    if isinstance(database, Database):
        await database.stop()
    elif database is not None:
        database.dispose()
