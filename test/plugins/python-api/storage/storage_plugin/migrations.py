"""Three steps of a database's life."""
from mautrix.util.async_db import Connection, Scheme, UpgradeTable

upgrade_table = UpgradeTable()


@upgrade_table.register(description="Begin")
async def upgrade_v1(conn: Connection) -> None:
    await conn.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, text TEXT NOT NULL)")


@upgrade_table.register(description="Mark what is done")
async def upgrade_v2(conn: Connection, scheme: Scheme) -> None:
    default = "false" if scheme == Scheme.POSTGRES else "0"
    await conn.execute(f"ALTER TABLE note ADD COLUMN done BOOLEAN NOT NULL DEFAULT {default}")


@upgrade_table.register(description="Tags of notes")
async def upgrade_v3(conn: Connection) -> None:
    await conn.execute(
        "CREATE TABLE tag (note INTEGER REFERENCES note(id) ON DELETE CASCADE, name TEXT, PRIMARY KEY (note, name))"
    )
