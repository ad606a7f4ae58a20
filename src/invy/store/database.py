"""The two databases behind one door. Every difference between SQLite and PostgreSQL is written in this file.

SQLite: WAL, `synchronous=FULL` (a commit has reached the disk), every writing transaction opens with BEGIN IMMEDIATE
(under a plain BEGIN, read-then-write transactions of several processes fail with "database is locked" most of the
time), and the writers of one process queue for one connection. PostgreSQL: asyncpg, READ COMMITTED, row locks.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Table, event, extract, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql import Select

from invy.domain.errors import ConfigurationError, StoreUnavailable

BUSY_S = 4.0
"""How long a writer waits for its turn before it gives up; below the 5 s in which a webhook must be answered."""

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


def engine_url(plain: str) -> URL:
    """`sqlite:///path` or `postgresql://…` as the async engine wants it.

    Raises:
        ConfigurationError: the URL is not one of the two kinds.
    """
    try:
        url = make_url(plain)
    except ArgumentError as error:
        raise ConfigurationError(
            "The database URL cannot be read.",
            hint="Write it as sqlite:///path/to/invy.db or postgresql://user:password@host/database.",
        ) from error
    driver = _DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:
        raise ConfigurationError(
            f"The database kind {url.drivername!r} is not supported.",
            hint="Invy works on sqlite:///path and postgresql://….",
        )
    return url.set(drivername=driver)


class Database:
    """An engine and how to read and write through it. `owned` engines are closed with the database."""

    def __init__(self, engine: AsyncEngine, *, owned: bool) -> None:
        self.engine = engine
        self._owned = owned
        self.turn = asyncio.Lock()
        """SQLite's writers of this process wait here for each other instead of in SQLite's busy loop."""

    @classmethod
    def open(cls, plain_url: str) -> "Database":
        """Open by plain URL. Nothing is connected yet; a folder missing for SQLite is made."""
        url = engine_url(plain_url)
        if url.get_backend_name() == "sqlite":
            if url.database and url.database != ":memory:":
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_async_engine(url, connect_args={"timeout": BUSY_S})
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        else:
            engine = create_async_engine(
                url,
                pool_size=10,
                max_overflow=10,
                pool_timeout=BUSY_S,
                pool_pre_ping=False,
                connect_args={"timeout": BUSY_S, "server_settings": {"application_name": "invy"}},
            )
            event.listen(engine.sync_engine, "connect", _watch_line)
        return cls(engine, owned=True)

    @classmethod
    def over(cls, engine: AsyncEngine) -> "Database":
        """Use an engine that belongs to somebody else (the library face)."""
        return cls(engine, owned=False)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def sqlite_file(self) -> Path | None:
        """The file of an SQLite database, if it is one."""
        name = self.engine.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    async def close(self) -> None:
        if self._owned:
            await self.engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; sees one consistent state on SQLite, committed rows on PostgreSQL."""
        async with _speaking_plainly(), self.engine.connect() as connection:
            yield connection
            await connection.rollback()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading at length: everything is seen as it stood when the block began. Blocks nobody.

        Both databases take the snapshot with the first statement, so one is made here.
        """
        async with _speaking_plainly(), self.engine.connect() as connection:
            if self.is_sqlite:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.exec_driver_sql("BEGIN")
                try:
                    await connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
                    yield connection
                finally:
                    await connection.exec_driver_sql("ROLLBACK")
            else:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                await connection.exec_driver_sql("SELECT 1")
                yield connection
                await connection.rollback()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed when the block ends, rolled back when it raises.

        Raises:
            StoreUnavailable: locked, full, unreachable. Nothing was written.
        """
        async with _speaking_plainly():
            if self.is_sqlite:
                async with self.turn, self._sqlite_transaction() as connection:
                    yield connection
            else:
                async with self.engine.begin() as connection:
                    yield connection

    @asynccontextmanager
    async def _sqlite_transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self.engine.connect() as connection:
            immediate = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await immediate.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield immediate
                await immediate.exec_driver_sql("COMMIT")
            except BaseException:
                # A statement that was cancelled half way has closed its connection, which rolls back too.
                if not immediate.invalidated:
                    raw = await immediate.get_raw_connection()
                    if raw.driver_connection is not None and raw.driver_connection.in_transaction:
                        await immediate.exec_driver_sql("ROLLBACK")
                raise

    def for_update(self, select: Select[Any], *, skip_locked: bool = False) -> Select[Any]:
        """Lock the rows that are read. SQLite's writer is alone already."""
        return select if self.is_sqlite else select.with_for_update(skip_locked=skip_locked)

    def tens_of_seconds(self, moment: ColumnElement[Any]) -> ColumnElement[Any]:
        """The same for moments within the same ten seconds, to group by. SQLite has times as text, by the character."""
        return func.substr(moment, 1, 18) if self.is_sqlite else func.floor(extract("epoch", moment) / 10)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """INSERT that can say what to do with rows that are there already; both databases spell it alike."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def insert_new(
        self, table: Table, on: Sequence[str], where: ColumnElement[bool] | None = None
    ) -> sqlite.Insert | postgresql.Insert:
        """INSERT that leaves rows alone which are there already.

        Judged by the unique index on the columns `on`; `where` is that index's condition when it is partial.
        """
        if self.is_sqlite:
            return sqlite.insert(table).on_conflict_do_nothing(index_elements=list(on), index_where=where)
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=list(on), index_where=where)

    def upsert(
        self, table: Table, on: Sequence[str], update: Sequence[str], newer: str | None = None
    ) -> sqlite.Insert | postgresql.Insert:
        """INSERT that overwrites the columns `update` of rows which are there already.

        With `newer`, only where that column of the new row is not before the one stored.
        """
        statement: Any = sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)
        done: sqlite.Insert | postgresql.Insert = statement.on_conflict_do_update(
            index_elements=list(on),
            set_={name: statement.excluded[name] for name in update},
            where=statement.excluded[newer] >= table.c[newer] if newer else None,
        )
        return done


def _prepare_sqlite(connection: Any, _record: ConnectionPoolEntry) -> None:
    """Pragmas, outside any transaction: inside one, SQLite ignores the switch to WAL."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={int(BUSY_S * 1000)}",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _watch_line(connection: Any, _record: ConnectionPoolEntry) -> None:
    """A server that vanished without a word (its machine, or the network) is found out in half a minute, not never."""
    transport = getattr(connection.driver_connection, "_transport", None)
    line = transport.get_extra_info("socket") if transport is not None else None
    if line is None or line.family == getattr(socket, "AF_UNIX", None):
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _LINE.items():
        if hasattr(socket, name):  # not every system has each of them
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


_LINE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 25_000}


@asynccontextmanager
async def _speaking_plainly() -> AsyncIterator[None]:
    """Turn the drivers' ways of saying "not now" into one error of ours."""
    try:
        yield
    except (PoolTimeout, OSError) as error:
        raise StoreUnavailable(f"The database did not answer: {error}", hint=_HINT) from error
    except DBAPIError as error:
        if _is_about_availability(error):
            raise StoreUnavailable(f"The database cannot be used now: {error.orig}", hint=_HINT) from error
        raise


_HINT = "Check that the database is running, that its disk has room, and try again: nothing was lost."


def _is_about_availability(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    if code is not None:
        return str(code)[:2] in _AWAY or str(code) in _UNUSABLE
    words = str(error.orig).lower()
    return any(word in words for word in _UNAVAILABLE)


_AWAY = {"08", "40", "53", "55", "57", "58"}
"""Classes of SQLSTATE: connection, serialisation, resources (disk full), not available, shut down, input and output."""

_UNUSABLE = {"25006", "42501", "42703", "42P01"}
"""Read-only (a primary that was demoted), no permission, no such column or table: nothing about what was to be written."""

_UNAVAILABLE = (
    "no such table",
    "no such column",
    "malformed",
    "locked",
    "busy",
    "full",
    "disk i/o",
    "unable to open",
    "readonly",
    "read-only",
    "connection is closed",
    "connection was closed",
    "connection does not exist",
)
