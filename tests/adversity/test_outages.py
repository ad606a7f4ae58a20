"""The store is away, full, locked or silent while webhooks arrive: 503 in time, nothing lost, no restart needed."""

import asyncio
import socket
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from invy.domain.state import State
from invy.engine import ingest
from invy.store.database import Database
from tests.adversity.bodies import body, status
from tests.adversity.stage import Stage, settings, staged, until, wamid
from tests.postgres import PostgresServer

PROMISED_S = 5.0


async def refused(stage: Stage, *bodies: bytes) -> None:
    """All of these are answered 503, and none of them later than promised."""
    began = time.monotonic()
    answers = await asyncio.gather(*(stage.post(each) for each in bodies))
    assert set(answers) == {503}
    assert time.monotonic() - began < PROMISED_S


async def redelivered(stage: Stage, *bodies: bytes) -> None:
    """Meta comes again until it hears 200, as it does for days; then all of it is applied."""
    for each in bodies:

        async def taken(given: bytes = each) -> bool:
            return await stage.post(given) == 200

        await until(taken, 20)
    await until(lambda: _nothing_waits(stage), 20)


async def _nothing_waits(stage: Stage) -> bool:
    return await stage.house.journal.waiting() == 0


@pytest.mark.slow
async def test_t03_a_database_that_is_down_is_answered_503_and_the_redelivery_is_applied(
    private_postgres: PostgresServer, tmp_path: Path
) -> None:
    """Killed with `kill -9` while webhooks come; again and again; the service is never restarted."""
    async with staged(settings(private_postgres.url(), tmp_path)) as stage:
        await stage.accepted(*range(1, 31))
        for third, word in enumerate(("sent", "delivered", "read")):
            bodies = [body(status(wamid(n), word, 10 * (third + 1))) for n in range(1, 31)]
            under_way = [asyncio.create_task(stage.post(each)) for each in bodies]
            await asyncio.sleep(0.002 * third)
            await asyncio.to_thread(private_postgres.kill)
            answers = await asyncio.gather(*under_way)
            assert set(answers) <= {200, 503}
            await refused(stage, *bodies)
            await asyncio.to_thread(private_postgres.start)
            again = [each for each, answer in zip(bodies, answers, strict=True) if answer != 200]
            await redelivered(stage, *again, bodies[0])

        for n in range(1, 31):
            folded = (await stage.message(n)).folded
            assert folded.state is State.READ
            assert folded.sent_receipt_at is not None
        assert await stage.audited() == []
        assert all(stage.service.parts().values())


async def test_t03_a_full_disk_is_answered_503_and_recovers_by_itself(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with staged(settings(sqlite_url, tmp_path)) as stage:
        await stage.accepted(1)
        first, second = (body(status(wamid(1), word, padding="x" * 200_000)) for word in ("sent", "read"))
        async with small_disk(tmp_path / "invy.db"):
            await refused(stage, first, second)

        await redelivered(stage, first, second)

        assert (await stage.message(1)).state is State.READ
        assert await stage.audited() == []


@asynccontextmanager
async def small_disk(file: Path) -> AsyncIterator[None]:
    """A file system that is full: nothing more can be written to any file, by a limit on the size of files."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal = file.with_name(file.name + "-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(file.stat().st_size, wal.stat().st_size), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_t03_a_database_locked_by_another_program_is_answered_503_in_time(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with staged(settings(sqlite_url, tmp_path)) as stage:
        await stage.accepted(1)
        other = sqlite3.connect(tmp_path / "invy.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            await refused(stage, *(body(status(wamid(1), word)) for word in ("sent", "delivered", "odd")))
        finally:
            other.execute("ROLLBACK")
            other.close()

        await redelivered(stage, body(status(wamid(1), "read", 30)))

        assert (await stage.message(1)).state is State.READ


class Line:
    """A network between Invy and its database that can fall silent: nothing arrives, nothing is refused."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        netloc = f"{self._target.username}:{self._target.password}@127.0.0.1:{port}"
        return self._target._replace(netloc=netloc).geturl()

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def fall_silent(self) -> None:
        self._open.clear()

    def come_back(self) -> None:
        """For new connections. Those that were open when it fell silent stay silent."""
        self._silent = set(self._tasks)
        self._open = asyncio.Event()
        self._open.set()

    def break_what_is_silent(self) -> None:
        """As the system does when it has waited for an acknowledgement for too long."""
        for task in self._silent:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        is_open = self._open
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(_carry(reader, back, is_open), _carry(there, writer, is_open))
        for each in (writer, back):
            each.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_open: asyncio.Event) -> None:
    while data := await reader.read(65536):
        await is_open.wait()
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.mark.slow
async def test_t03_a_connection_that_falls_silent_is_answered_503_in_time_and_replaced(
    postgresql_url: str, tmp_path: Path
) -> None:
    line = Line(postgresql_url)
    async with line as url, staged(settings(url, tmp_path)) as stage:
        await stage.accepted(1)
        await stage.hear(body(status(wamid(1), "sent")))
        line.fall_silent()
        await refused(stage, *(body(status(wamid(1), "delivered", n)) for n in range(20)))
        line.come_back()

        last = body(status(wamid(1), "read", 30))

        async def taken() -> bool:
            return await stage.post(last) == 200

        await until(taken, 20)  # over a new connection, while the old ones are as silent as before
        direct = Database.open(postgresql_url)
        async with direct.read() as connection:
            found = await connection.execute(text("SELECT body FROM journal ORDER BY id DESC LIMIT 1"))
            assert bytes(found.scalar_one()) == last
        await direct.close()

        line.break_what_is_silent()
        await until(lambda: _nothing_waits(stage), 20)
        assert (await stage.message(1)).state is State.READ


async def test_too_much_at_once_is_answered_503_with_bounded_memory_and_nothing_is_lost(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is busy; what waits in memory is bounded by bytes; whoever is turned away comes again."""
    monkeypatch.setattr(ingest, "WAITING_BYTES", 1_000_000)
    async with staged(settings(sqlite_url, tmp_path)) as stage:
        await stage.accepted(*range(1, 201))
        bodies = [body(status(wamid(n), "read", 30, padding="x" * 20_000)) for n in range(1, 201)]
        other = sqlite3.connect(tmp_path / "invy.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        under_way = [asyncio.create_task(stage.post(each)) for each in bodies]
        await asyncio.sleep(0.3)
        turned_away = [task for task in under_way if task.done()]
        other.execute("ROLLBACK")
        other.close()
        answers = await asyncio.gather(*under_way)

        assert {task.result() for task in turned_away} == {503}
        assert 140 <= answers.count(503) <= 155
        await redelivered(
            stage, *(each for each, answer in zip(bodies, answers, strict=True) if answer == 503)
        )
        states = {(await stage.message(n)).state for n in range(1, 201)}
        assert states == {State.READ}


async def test_a_server_that_vanishes_without_a_word_is_found_out_by_the_system(postgresql_url: str) -> None:
    database = Database.open(postgresql_url)
    async with database.read() as connection:
        raw = await connection.get_raw_connection()
        line = raw.driver_connection._transport.get_extra_info("socket")  # type: ignore[union-attr]
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert 0 < line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000
    await database.close()
