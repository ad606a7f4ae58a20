"""The two databases behind one door. Every difference between SQLite and PostgreSQL is written in this file.

SQLite: WAL, `synchronous=FULL` (a commit has reached the disk), every writing transaction opens with BEGIN IMMEDIATE
(under a plain BEGIN, read-then-write transactions of several processes fail with "database is locked" most of the
time), and the writers of one process queue for one connection. PostgreSQL: asyncpg, READ COMMITTED, row locks.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiosqlite
import asyncpg
from sqlalchemy import ColumnElement, Table, event, extract, func, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Select

from invy.domain.errors import ConfigurationError, Crossed, StoreUnavailable
from invy.store import trouble

BUSY_S = 4.0
"""How long a writer waits for its turn before it gives up; below the 5 s in which a webhook must be answered."""

GOODBYE_S = 1.0
"""How long a connection to PostgreSQL may take to close in good order."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long PostgreSQL may leave us without an answer. None waits for ever. SQLite has no server that could."""

    statement_s: float | None
    """Then a statement has failed: StoreUnavailable, and no connection that was open by then is used again."""

    idle_s: float | None
    """A transaction that says nothing for so long is ended by the server: a line can fall silent in the middle of one, and
    its locks would stop everybody else until the server's system gives the line up, after hours."""

    transaction_s: float | None
    """So is one that takes longer, by PostgreSQL 17 and newer: between the parts of a statement no other limit holds."""


SERVICE: Final = Limits(statement_s=20.0, idle_s=60.0, transaction_s=600.0)
"""For parts that work unwatched: they go on by themselves when the database does."""

COMMAND: Final = Limits(statement_s=300.0, idle_s=None, transaction_s=None)
"""For a person who waits and can press Ctrl-C: a statement over ten million rows is let finish."""

UNLIMITED: Final = Limits(statement_s=None, idle_s=None, transaction_s=None)
"""For what takes as long as it takes: migrations, and a restore, which is one transaction."""

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
    url = url.set(drivername=driver)
    return url if url.get_backend_name() == "sqlite" else _for_asyncpg(url)


def _for_asyncpg(url: URL) -> URL:
    """The options after the question mark as asyncpg takes them: providers hand out libpq's `sslmode`."""
    strange = sorted(set(url.query) - _OPTIONS)
    if strange:
        raise ConfigurationError(
            f"The database URL has options that Invy does not know: {', '.join(strange)}.",
            hint="Take them out of INVY_DATABASE_URL; sslmode=require, for one, may stay.",
        )
    options = dict(url.query)
    if "sslmode" in options:
        options["ssl"] = options.pop("sslmode")
    return url.set(query=options)


_OPTIONS = frozenset(
    {"host", "passfile", "port", "prepared_statement_cache_size", "ssl", "sslmode", "target_session_attrs"}
)


class Database:
    """An engine and how to read and write through it. `owned` engines are closed with the database."""

    def __init__(self, engine: AsyncEngine, *, owned: bool, precious: bool = True) -> None:
        self.engine = engine
        self._owned = owned
        self._precious = precious
        self.turn = asyncio.Lock()
        """SQLite's writers of this process wait here for each other instead of in SQLite's busy loop."""

    @classmethod
    def open(cls, plain_url: str, limits: Limits = UNLIMITED, *, precious: bool = True) -> "Database":
        """Open by plain URL. Nothing is connected yet; a folder missing for SQLite is made.

        For an SQLite file that is not `precious` nothing waits for the disk.
        """
        url = engine_url(plain_url)
        if url.get_backend_name() == "sqlite":
            if url.database and url.database != ":memory:":
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_async_engine(
                url,
                hide_parameters=True,  # an error is logged and noted, and a row may hold a phone number
                connect_args={"timeout": BUSY_S, "async_creator_fn": _open_sqlite},
            )
        else:
            engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=10,
                max_overflow=10,
                pool_timeout=BUSY_S,
                pool_pre_ping=False,
                connect_args={
                    "timeout": BUSY_S,
                    "command_timeout": limits.statement_s,
                    "server_settings": {"application_name": "invy"},
                    "async_creator_fn": partial(_open_postgres, limits),
                },
            )
            event.listen(engine.sync_engine, "handle_error", _distrust)
        return cls(engine, owned=True, precious=precious)

    @classmethod
    def over(cls, engine: AsyncEngine) -> "Database":
        """Use an engine that belongs to somebody else (the library face), with the limits that they gave it."""
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
    async def write(self, *, repeatable: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed when the block ends, rolled back when it raises.

        With `repeatable`, everything in it would be done again by itself if the power failed, so the commit does not
        wait for the disk: it is whole or absent afterwards, and there with whatever is made durable after it.

        Raises:
            StoreUnavailable: locked, full, unreachable. Nothing was written.
        """
        async with _speaking_plainly():
            if self.is_sqlite:
                async with self.turn, self._sqlite_transaction(repeatable=repeatable) as connection:
                    yield connection
            else:
                async with self.engine.begin() as connection:
                    if repeatable:
                        await connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                    yield connection

    @asynccontextmanager
    async def _sqlite_transaction(self, *, repeatable: bool) -> AsyncIterator[AsyncConnection]:
        async with self.engine.connect() as connection:
            immediate = await connection.execution_options(isolation_level="AUTOCOMMIT")
            level = "OFF" if not self._precious else "NORMAL" if repeatable else "FULL"
            async with self._synchronous(immediate, level):
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

    @asynccontextmanager
    async def _synchronous(self, connection: AsyncConnection, level: str) -> AsyncIterator[None]:
        """How far SQLite waits for the disk: said before each transaction, for within one it is ignored.

        A connection of somebody else's engine gets its own level back.
        """
        asked = "PRAGMA synchronous"
        before = None if self._owned else (await connection.exec_driver_sql(asked)).scalar_one()
        await connection.exec_driver_sql(f"{asked}={level}")
        try:
            yield
        finally:
            if before is not None and not connection.invalidated:
                await connection.exec_driver_sql(f"{asked}={before}")

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
        self, table: Table, on: Sequence[str], update: Sequence[str], newer: Sequence[str] = ()
    ) -> sqlite.Insert | postgresql.Insert:
        """INSERT that overwrites the columns `update` of rows which are there already.

        With `newer`, only where these columns of the new row, compared in this order, are not before those stored.
        """
        statement: Any = sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)
        done: sqlite.Insert | postgresql.Insert = statement.on_conflict_do_update(
            index_elements=list(on),
            set_={name: statement.excluded[name] for name in update},
            where=tuple_(*(statement.excluded[name] for name in newer))
            >= tuple_(*(table.c[name] for name in newer))
            if newer
            else None,
        )
        return done


async def _open_sqlite(*where: Any, **options: Any) -> aiosqlite.Connection:
    """A connection with its pragmas set, outside any transaction: inside one, SQLite ignores the switch to WAL.

    A file that cannot be opened, or is no database, leaves no thread behind: one that outlives the event loop would
    print a traceback of its own.
    """
    connection = aiosqlite.connect(*where, **options, isolation_level=None)
    thread = connection._thread  # noqa: SLF001 - SQLAlchemy reaches for it too: aiosqlite has no other way
    thread.daemon = True  # a process that ends does not wait for a connection that nobody closed
    try:
        await connection
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={int(BUSY_S * 1000)}",
            "foreign_keys=ON",
        ):
            await (await connection.execute(f"PRAGMA {pragma}")).close()
    except BaseException:
        await connection.close()  # does nothing when it was never open; then the thread is ending by itself
        await asyncio.to_thread(thread.join)
        raise
    return connection


class _Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types of its own
    """Closed without waiting long for a server that says nothing: it finds out by itself that nobody is there."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's own signature
        del timeout
        with suppress(TimeoutError):  # it is broken off then
            await super().close(timeout=GOODBYE_S)


async def _open_postgres(limits: Limits, *where: Any, **options: Any) -> Any:
    """A connection whose line is watched, and whose transactions do not outlive it."""
    connection = await asyncpg.connect(*where, **options, connection_class=_Connection)
    try:
        _watch_line(connection)
        kept = {"idle_in_transaction_session_timeout": limits.idle_s}
        if connection.get_server_version().major >= _TRANSACTION_LIMIT_SINCE:
            kept["transaction_timeout"] = limits.transaction_s
        # Not among the server settings of the greeting: connection poolers refuse those they do not know.
        said = [f"SET {name} = {int(limit * 1000)}" for name, limit in kept.items() if limit is not None]
        if said:
            await connection.execute("; ".join(said), timeout=BUSY_S)
    except BaseException:
        connection.terminate()
        raise
    return connection


_TRANSACTION_LIMIT_SINCE = 17


def _distrust(context: ExceptionContext) -> None:
    """A statement was not answered in time. SQLAlchemy closes that connection, without a rollback that nobody would answer.

    Those that lie in the pool are as silent as this one, for all we know: none of them is tried, one after the other.
    """
    if isinstance(context.original_exception, TimeoutError):
        context.invalidate_pool_on_disconnect = True


def _watch_line(connection: Any) -> None:
    """A server that vanished without a word (its machine, or the network) is found out in half a minute, not never."""
    transport = getattr(connection, "_transport", None)
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
    except TimeoutError as error:
        raise StoreUnavailable("The database did not answer in time.", hint=trouble.AWAY.hint) from error
    except (PoolTimeout, OSError) as error:
        raise StoreUnavailable(f"The database did not answer: {error}", hint=trouble.AWAY.hint) from error
    except DBAPIError as error:
        found = trouble.of(error)
        if found is None:
            raise
        kind = Crossed if trouble.is_crossing(error) else StoreUnavailable
        raise kind(f"{found.what}: {error.orig}", hint=found.hint) from error
