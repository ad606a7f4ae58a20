"""Putting a backup into a database: read whole and checked before anything is touched, then written in one transaction."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import aiosqlite
from sqlalchemy import Table, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from invy.domain.errors import InvalidInput
from invy.domain.hold import RESTORED, Hold, Scope
from invy.store import archive, holds, schema
from invy.store.archive import CARRIED, ArchiveReader
from invy.store.database import Database
from invy.store.tables import journal, messages

_SQLITE_MAGIC = b"SQLite format 3\0"
_PAGE = 1000

Progress = Callable[[str, int], None]


class Backup(Protocol):
    """A backup of either kind, open for reading."""

    @property
    def revision(self) -> str: ...
    def chunks(
        self, carried: Sequence[Table] = CARRIED
    ) -> AsyncIterator[tuple[Table, Sequence[Mapping[str, Any]]]]:
        """All rows of all tables; `carried` are the tables of its revision."""


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Backup]:
    """A backup of any revision, whose kind is told by its first bytes. That it can be used is `check`'s to say.

    Raises:
        InvalidInput: there is no such file, or it is no backup.
    """
    head = await asyncio.to_thread(_head, path)
    if head.startswith(_SQLITE_MAGIC):
        revision = await asyncio.to_thread(_examine, path)
        engine = create_async_engine(
            "sqlite+aiosqlite://",
            hide_parameters=True,
            poolclass=NullPool,
            async_creator=lambda: aiosqlite.connect(_read_only(path), uri=True),
        )
        try:
            async with engine.connect() as connection:
                yield _FromSqlite(connection, revision)
        finally:
            await engine.dispose()
    elif head.startswith(archive.MAGIC):
        with ArchiveReader(path) as reader:
            yield _FromArchive(reader)
    else:
        raise _not_a_backup(path)


async def revision_of(path: Path) -> str:
    """Of which revision a backup is; little of it is read.

    Raises:
        InvalidInput: there is no such file, or it is no backup.
    """
    head = await asyncio.to_thread(_head, path)
    if head.startswith(_SQLITE_MAGIC):
        return await asyncio.to_thread(_examine, path, whole=False)
    async with opened(path) as backup:
        return backup.revision


async def check(path: Path, progress: Progress) -> dict[str, int]:
    """Read the whole backup; returns how many rows each table has.

    Raises:
        InvalidInput: it is truncated, changed, or no backup.
    """
    counts = {table.name: 0 for table in CARRIED}
    async with opened(path) as backup:
        _require_revision(path, backup.revision)
        async for table, rows in backup.chunks():
            counts[table.name] += len(rows)
            progress(table.name, counts[table.name])
    return counts


async def occupied(database: Database) -> str | None:
    """What is in a database that should be empty, in words; None when nothing is."""
    async with database.read() as connection:
        for table in CARRIED:
            if (await connection.execute(select(table).limit(1))).first() is not None:
                counts = [
                    (await connection.execute(select(func.count()).select_from(each))).scalar_one()
                    for each in (messages, journal)
                ]
                return f"{counts[0]:,} messages and {counts[1]:,} webhooks, among other things"
    return None


async def pour(path: Path, place: Database, progress: Progress, carried: Sequence[Table] = CARRIED) -> None:
    """Put a backup into an empty throw-away database whose tables are those of its revision.

    In many transactions, so that the file which SQLite writes ahead stays small: what fails half way is thrown away.

    Raises:
        InvalidInput: the backup cannot be used.
    """
    done = {table.name: 0 for table in carried}
    async with opened(path) as backup:
        async for table, rows in backup.chunks(carried):
            if rows:
                async with place.write() as connection:
                    await connection.execute(insert(table), [dict(row) for row in rows])
            done[table.name] += len(rows)
            progress(table.name, done[table.name])


async def load(
    path: Path, database: Database, *, called: str, now: datetime, progress: Progress
) -> list[str]:
    """Replace everything in the database by the backup, in one transaction.

    Senders whose messages still wait are held from now on, and returned: what the backup shows as waiting may have been
    sent after it was made. People know the backup by the name `called`.

    Raises:
        InvalidInput: the backup cannot be used; nothing was changed.
        StoreUnavailable: the database is full or went away; nothing was changed.
    """
    async with opened(path) as backup, database.write() as connection:
        _require_revision(path, backup.revision)
        for table in CARRIED:
            await connection.execute(delete(table))
        done: dict[str, int] = {}
        async for table, rows in backup.chunks():
            if rows:
                await connection.execute(insert(table), [dict(row) for row in rows])
            done[table.name] = done.get(table.name, 0) + len(rows)
            progress(table.name, done[table.name])
        if not database.is_sqlite:
            await _count_on(connection)
        return await _hold(connection, database, called, now)


async def _count_on(connection: AsyncConnection) -> None:
    """PostgreSQL's row numbers go on after the restored ones; SQLite's do so by themselves."""
    for table in CARRIED:
        if table.autoincrement_column is not None:
            await connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608 - our own names
                    f"greatest((SELECT max(id) FROM {table.name}), 1), (SELECT max(id) FROM {table.name}) IS NOT NULL)"
                )
            )


async def _hold(connection: AsyncConnection, database: Database, called: str, now: datetime) -> list[str]:
    waiting = await connection.execute(
        select(messages.c.sender_id).where(messages.c.status == "queued").distinct()
    )
    senders = sorted(row.sender_id for row in waiting)
    for sender_id in senders:
        reason = f"{RESTORED} {called}: what was sent after that backup was made would be sent again."
        await holds.place(connection, database, Hold(Scope.SENDER, sender_id, reason, now))
    return senders


def _require_revision(path: Path, revision: str) -> None:
    if revision != schema.HEAD:
        msg = f"{path} has the revision {revision}: it should have been renewed to {schema.HEAD} first"
        raise ValueError(msg)


class _FromArchive:
    def __init__(self, reader: ArchiveReader) -> None:
        self._reader = reader
        self.revision = reader.revision

    async def chunks(
        self, carried: Sequence[Table] = CARRIED
    ) -> AsyncIterator[tuple[Table, Sequence[Mapping[str, Any]]]]:
        for table, rows in self._reader.chunks(carried):
            yield table, rows


class _FromSqlite:
    def __init__(self, connection: AsyncConnection, revision: str) -> None:
        self._connection = connection
        self.revision = revision

    async def chunks(
        self, carried: Sequence[Table] = CARRIED
    ) -> AsyncIterator[tuple[Table, Sequence[Mapping[str, Any]]]]:
        for table in carried:
            async with self._connection.stream(select(table)) as result:
                async for rows in result.mappings().partitions(_PAGE):
                    yield table, [dict(row) for row in rows]


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise InvalidInput(
            f"The backup {path} cannot be read: {error.strerror}.", hint="Check its path and its permissions."
        ) from error


def _read_only(path: Path) -> str:
    """As a file that nobody changes: no lock, no file beside it."""
    return f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"


def _examine(path: Path, *, whole: bool = True) -> str:
    """The revision of a backup in an SQLite file, once the file is known to be whole."""
    try:
        with closing(sqlite3.connect(_read_only(path), uri=True)) as connection:
            pages, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
            )
            if path.stat().st_size != pages * size:
                raise sqlite3.DatabaseError("its last page is not whole")
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0] if whole else "ok"
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            names = {
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
            if "alembic_version" not in names or messages.name not in names:
                raise _not_a_backup(path)
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise InvalidInput(
            f"The backup {path} is damaged: {error}.",
            hint="Nothing was changed. Use another backup, or copy this one again.",
        ) from error
    if revision is None:
        raise _not_a_backup(path)
    return str(revision[0])


def _not_a_backup(path: Path) -> InvalidInput:
    return InvalidInput(f"{path} is not a backup of Invy.", hint="Give a file that invy backup has made.")
