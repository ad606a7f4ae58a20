"""The shape of the database over time: Alembic's migrations, run without a configuration file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text

from invy.domain.errors import SchemaBehind
from invy.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0002"
"""The newest revision; a test compares it with the migrations. Alembic is imported only where it is needed: that takes
a fifth of a second, and every command asks where the database stands."""

_UPGRADE_LOCK = 0x1E7B_0001
"""PostgreSQL advisory lock: two processes started with --upgrade take turns."""


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Where a database stands. `current` is None before the first migration."""

    current: str | None
    head: str

    @property
    def up_to_date(self) -> bool:
        return self.current == self.head


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision there is a migration for."""
    from alembic.script import ScriptDirectory

    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None
    return found


def knows(revision: str) -> bool:
    """Whether this version of Invy has heard of the revision; if not, a newer one made it."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return revision in {script.revision for script in scripts}


async def state(database: Database) -> SchemaState:
    """Read where the database stands.

    Raises:
        StoreUnavailable: it cannot be reached.
    """
    async with database.read() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return SchemaState(None, HEAD)
        found = await connection.execute(text("SELECT version_num FROM alembic_version"))
        return SchemaState(found.scalar_one_or_none(), HEAD)


async def upgrade(database: Database, revision: str = HEAD) -> SchemaState:
    """Bring the database to the newest revision; does nothing when it is there. Safe to run from several processes.

    An earlier `revision` makes a database that is new and empty into one of that time.

    Raises:
        SchemaBehind: a newer Invy has been here.
        StoreUnavailable: it cannot be reached or written.
    """
    from alembic import command

    _refuse_newer(await state(database))
    async with database.write() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), revision))
    return await state(database)


async def upgrade_at(plain_url: str) -> SchemaState:
    """The same by URL, over connections of its own that let a migration take as long as it takes."""
    database = Database.open(plain_url)
    try:
        return await upgrade(database)
    finally:
        await database.close()


async def require_current(database: Database) -> None:
    """Refuse to work on a database of another shape.

    Raises:
        SchemaBehind: with the command that mends it.
    """
    found = await state(database)
    if found.up_to_date:
        return
    _refuse_newer(found)
    raise SchemaBehind(
        "The database is new and empty."
        if found.current is None
        else f"The database is at revision {found.current}; this version of Invy needs {found.head}.",
        hint="Run: invy db upgrade",
    )


def _refuse_newer(found: SchemaState) -> None:
    if found.current is not None and not found.up_to_date and not knows(found.current):
        raise SchemaBehind(
            f"The database is at revision {found.current}, which this version of Invy does not know.",
            hint="It was upgraded by a newer Invy. Install that version, or restore the backup made before.",
        )
