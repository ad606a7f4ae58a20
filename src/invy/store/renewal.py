"""Backups of earlier revisions, brought to the present one in a throw-away file before anybody reads them.

Such a backup is put into the tables that it was made from, which the migrations build, and these are then migrated like
any database. What an earlier revision looked like is written down nowhere else.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, DateTime, MetaData, Table

from invy.domain.errors import InvalidInput
from invy.store import restore, schema
from invy.store.restore import Progress
from invy.store.scratch import scratch
from invy.store.tables import workers
from invy.store.types import Moment

_NOT_CARRIED: Final = {"alembic_version", workers.name}


@asynccontextmanager
async def renewed(path: Path, folder: Path, progress: Progress) -> AsyncIterator[Path]:
    """A backup of the present revision: this one, or a renewed copy inside `folder` that is gone when the block ends.

    Raises:
        InvalidInput: there is no such file, it is no backup, it is damaged, or a newer Invy made it.
        TryLater: there is no room for the copy.
    """
    revision = await restore.revision_of(path)
    if revision == schema.HEAD:
        yield path
        return
    if not schema.knows(revision):
        raise InvalidInput(
            f"The backup {path} has the database revision {revision}, which this version of Invy does not know.",
            hint=f"A newer Invy made it: restore it with that version. This one works with {schema.HEAD}.",
        )
    async with scratch(folder, revision) as place:
        async with place.read() as connection:
            tables = await connection.run_sync(tables_there)
        await restore.pour(path, place, progress, tables)
        await schema.upgrade(place)
        await place.close()  # so that everything is in the one file
        assert place.sqlite_file is not None
        yield place.sqlite_file


def tables_there(connection: Connection) -> tuple[Table, ...]:
    """The tables that a backup carries, as they are in this database: of whichever revision it is."""
    found = MetaData()
    found.reflect(connection)
    for table in found.tables.values():
        for column in table.columns:
            if isinstance(column.type, DateTime):
                column.type = Moment()
    return tuple(table for table in found.sorted_tables if table.name not in _NOT_CARRIED)
