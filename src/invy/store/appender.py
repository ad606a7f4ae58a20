"""Appending webhook bodies as fast as the disk allows: one statement, which is its own transaction, per group.

Both ways bypass the connection pool, because the journal is written hundreds of times a second and everything around
the statement would cost more than the statement: SQLite gets a connection and a thread of its own, PostgreSQL a
connection of its own. A connection that has failed is thrown away and made anew at the next append.
"""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from invy.domain.errors import StoreUnavailable
from invy.store.bulk import moment_text
from invy.store.database import BUSY_S, Database
from invy.store.own_thread import OwnThread

Body = tuple[datetime, bytes]

_Identity = tuple[int, int]
"""Of a file: its device and its number there."""

_ROWS = 10_000
"""Bodies per statement: two parameters each, below SQLite's limit."""

_KEPT_BYTES = 32 * 1024 * 1024
"""SQLite keeps a copy of what a statement was given last until it is run again, and there is a statement for every number
of bodies. Beyond so many bytes of such copies the connection is made anew."""

LONGEST_S = 6.0
"""A statement that takes longer has no server any more; whoever waited for it has been answered by then."""

_HINT = "Check that the database is running and its disk has room; Meta will send the webhook again."

_GONE = "Stop the service, put the database or its last backup back, and start it; Meta sends what was not taken again."


class Appender(Protocol):
    async def append(self, bodies: Sequence[Body]) -> None:
        """Durable, all or none of each statement. Raises StoreUnavailable when it cannot be done."""

    async def close(self) -> None: ...


def appender(database: Database) -> Appender:
    """The one that fits the database."""
    file = database.sqlite_file
    if database.is_sqlite:
        if file is None:
            msg = "a database in memory cannot keep a journal"
            raise ValueError(msg)
        return SqliteAppender(file, database.turn)
    return PostgresAppender(database.engine)


class SqliteAppender:
    """A thread with a connection of its own. `turn` is the queue of this process's writers."""

    def __init__(self, file: Path, turn: asyncio.Lock) -> None:
        self._file = file
        self._turn = turn
        self._thread = OwnThread("invy-journal")
        self._connection: sqlite3.Connection | None = None
        self._log = f"{file}-wal"
        self._there: _Identity | None = None
        self._log_there: _Identity | None = None
        self._kept: dict[int, int] = {}
        self._kept_bytes = 0

    async def append(self, bodies: Sequence[Body]) -> None:
        flat: list[object] = []
        size = 0
        for received_at, body in bodies:
            flat += (moment_text(received_at), body)
            size += len(body)
        async with self._turn:
            await self._thread.do(partial(self._write, flat, size))

    def _write(self, flat: list[object], size: int) -> None:
        self._stand_on_the_same_file()
        try:
            if self._connection is None:
                self._connection = self._open()
            for start in range(0, len(flat), 2 * _ROWS):
                part = flat[start : start + 2 * _ROWS]
                values = ", ".join(["(?, ?)"] * (len(part) // 2))
                self._connection.execute(f"INSERT INTO journal (received_at, body) VALUES {values}", part)  # noqa: S608 - only marks
        except sqlite3.Error as error:
            self._drop()
            raise StoreUnavailable(f"The journal cannot be written: {error}", hint=_HINT) from error
        self._stand_on_the_same_log()
        self._kept_bytes += size - self._kept.get(len(flat), 0)
        self._kept[len(flat)] = size
        if self._kept_bytes > _KEPT_BYTES:
            self._drop()

    def _stand_on_the_same_file(self) -> None:
        """What is written into a file that was deleted or replaced is gone with this process, without any error."""
        found = _identity(self._file)
        if self._there is None:
            self._there = found  # none: never opened, and opening it says what is wrong
        elif found is None:
            raise StoreUnavailable(f"The database file is gone: {self._file}", hint=_GONE)
        elif self._there != found:
            raise StoreUnavailable(f"The database file was replaced by another: {self._file}", hint=_GONE)

    def _stand_on_the_same_log(self) -> None:
        """What was just written stands in SQLite's log, until that is moved into the file; it stays while it is open."""
        found = _identity(self._log)
        if self._log_there is None:
            self._log_there = found
        elif self._log_there != found:
            raise StoreUnavailable(f"The database's own log was deleted or replaced: {self._log}", hint=_GONE)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._kept, self._kept_bytes, self._log_there = {}, 0, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    async def close(self) -> None:
        await self._thread.do(self._drop)
        self._thread.end()


def _identity(path: Path | str) -> _Identity | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - for every group, and pathlib takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino


class PostgresAppender:
    """A connection held outside the pool; asyncpg is spoken to directly."""

    _SQL = "INSERT INTO journal (received_at, body) SELECT * FROM unnest($1::timestamptz[], $2::bytea[])"

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._held: Any = None

    async def append(self, bodies: Sequence[Body]) -> None:
        try:
            if self._held is None:
                self._held = await self._engine.raw_connection()
            await self._held.driver_connection.execute(
                self._SQL,
                [received_at for received_at, _ in bodies],
                [body for _, body in bodies],
                timeout=LONGEST_S,  # a server that has vanished says nothing at all
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            await self.close()
            raise StoreUnavailable(f"The journal cannot be written: {error}", hint=_HINT) from error
        except asyncio.CancelledError:
            # The statement may still be under way on this connection.
            await self.close()
            raise

    async def close(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            with suppress(Exception):
                held.invalidate()
