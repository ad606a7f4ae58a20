"""Making a backup beside whoever is at work: one moment of the whole database, whole on the disk or not there at all.

SQLite is copied by its own online backup: the result is a database file. PostgreSQL, and SQLite on request, become a
portable archive.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import select, tuple_

from invy.domain.errors import InvalidInput
from invy.store import schema
from invy.store.archive import CARRIED, ArchiveWriter, unfinished
from invy.store.database import Database

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup."""

    file: Path
    portable: bool
    size: int
    revision: str
    rows: dict[str, int]


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A file beside `path`, readable by its owner only, that takes the place of `path` when the block ends well.

    Raises:
        InvalidInput: there is something at `path`, or it cannot be written there.
        TryLater: the disk is full.
    """
    if path.exists() and not overwrite:
        raise InvalidInput(f"{path} is there already.", hint="Choose another name, or give --force.")
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InvalidInput(f"{path} is a device, not a file.", hint="Name a file; it is replaced as a whole.")
    partial = path.with_name(path.name + ".partial")
    try:
        partial.unlink(missing_ok=True)  # of an attempt that was killed
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield partial
        _to_disk(partial)
        partial.replace(path)
        _to_disk(path.parent)
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError):
            raise InvalidInput(
                f"The backup cannot be written to {path}: {error.strerror}.", hint="Choose another place."
            ) from error
        raise unfinished(error) from error
    finally:
        for left in (partial, partial.with_name(partial.name + "-journal")):
            left.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def make(
    database: Database,
    path: Path,
    *,
    portable: bool,
    overwrite: bool,
    now: datetime,
    made_by: str,
    progress: Callable[[str, int], None],
) -> Made:
    """Back the database up to `path`.

    Raises:
        InvalidInput: there is something at `path`, or it cannot be written there.
        TryLater: the disk is full, or the database cannot be read now. Nothing is left at `path` that was not there.
    """
    source = database.sqlite_file
    revision = schema.head()
    with new_file(path, overwrite=overwrite) as partial:
        if source is not None and not portable:
            rows = await asyncio.to_thread(_copy, source, partial)
        else:
            file = await asyncio.to_thread(partial.open, "wb")
            try:
                archive = ArchiveWriter(file, revision=revision, made_at=now, made_by=made_by)
                rows = await _dump(database, archive, progress)
            finally:
                await asyncio.to_thread(file.close)
        size = await asyncio.to_thread(lambda: partial.stat().st_size)
    return Made(path, portable or source is None, size, revision, rows)


def _copy(source: Path, target: Path) -> dict[str, int]:
    """In one step: in WAL mode that is one snapshot, and hinders no writer."""
    with (
        closing(sqlite3.connect(f"file:{quote(str(source))}?mode=rw", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("DELETE FROM workers")
        new.commit()
        new.execute("PRAGMA journal_mode=DELETE")  # one file that needs nothing beside it
        [(verdict,)] = new.execute("PRAGMA quick_check(1)").fetchall()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        return {
            table.name: new.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]  # noqa: S608 - our own names
            for table in CARRIED
        }


async def _dump(
    database: Database, archive: ArchiveWriter, progress: Callable[[str, int], None]
) -> dict[str, int]:
    counts: dict[str, int] = {}
    async with database.snapshot() as connection:
        for table in CARRIED:
            writer = archive.table(table)
            key = tuple(table.primary_key.columns)
            page = select(table).order_by(*key).limit(PAGE)
            rows = (await connection.execute(page)).mappings().all()
            while rows:
                writer.add([dict(row) for row in rows])
                progress(table.name, writer.rows)
                further = page.where(tuple_(*key) > tuple(rows[-1][part.name] for part in key))
                rows = (await connection.execute(further)).mappings().all()
            writer.close()
            counts[table.name] = writer.rows
    archive.close()
    return counts
