"""The store is away, full, locked or silent while webhooks arrive: 503 in time, nothing lost, no restart needed."""

import asyncio
import os
import signal
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from invy.domain.errors import StoreUnavailable
from invy.domain.state import State
from invy.engine import ingest
from invy.store import schema
from invy.store.database import SERVICE, Database, Limits
from invy.store.overview import Filter
from tests.adversity.bodies import body, status
from tests.adversity.stage import Stage, living, send, settings, staged, until, wamid
from tests.flows.world import World
from tests.making import phone
from tests.postgres import PostgresServer

PROMISED_S = 5.0

SHORT = Limits(statement_s=0.5, idle_s=1.0, transaction_s=3.0)
"""As the service's own, for tests that wait for them to pass."""


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
    """A network between Invy and its database that can fall silent: everything is taken, and nothing arrives."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._still: int | None = None
        self.swallowed = asyncio.Event()
        """Something was said into the silence."""

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

    def fall_silent(self, after: int = 0) -> None:
        """At once, or when so many more packets have gone to the database: in the middle of a transaction, perhaps."""
        self._still = after
        if not after:
            self._open.clear()

    def come_back(self) -> None:
        """For new connections. Those that were open when it fell silent stay silent for ever."""
        self._still = None
        self._open = asyncio.Event()
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        is_open = self._open
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(
                self._carry(reader, back, is_open, out=True), self._carry(there, writer, is_open, out=False)
            )
        for each in (writer, back):
            each.transport.abort()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_open: asyncio.Event, *, out: bool
    ) -> None:
        while data := await reader.read(65536):
            if out and self._still is not None:
                self._still -= 1
                if self._still < 0:
                    is_open.clear()
                    self.swallowed.set()
            await is_open.wait()
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.mark.slow
@pytest.mark.parametrize("after", [0, 5, 9])
async def test_t03_a_database_that_takes_all_and_answers_nothing_is_answered_503_and_left_behind(
    postgresql_url: str, tmp_path: Path, after: int
) -> None:
    """Wherever in a transaction it falls silent, and though the connections of that time are never heard of again."""
    line = Line(postgresql_url)
    async with line as url, staged(settings(url, tmp_path), limits=SHORT) as stage:
        await stage.accepted(1)
        await stage.hear(body(status(wamid(1), "sent")))
        line.fall_silent(after)
        more = [body(status(wamid(1), "delivered", n)) for n in range(20)]
        began = time.monotonic()
        answers = await asyncio.gather(*(stage.post(each) for each in more))
        assert set(answers) <= ({200, 503} if after else {503})
        assert time.monotonic() - began < PROMISED_S
        await line.swallowed.wait()
        line.come_back()

        last = body(status(wamid(1), "read", 30))
        again = [each for each, answer in zip(more, answers, strict=True) if answer == 503]
        await redelivered(stage, *again, last)

        assert (await stage.message(1)).state is State.READ
        assert await stage.audited() == []
        assert all(stage.service.parts().values())


@pytest.mark.slow
@pytest.mark.parametrize("after", [0, 8])
async def test_a_database_that_falls_silent_while_messages_leave_makes_no_guest_get_two(
    postgresql_url: str, tmp_path: Path, world: World, after: int
) -> None:
    guests = [str(phone(n)) for n in range(1, 61)]
    line = Line(postgresql_url)
    async with line as url:
        known = settings(
            url, tmp_path, world, INVY_SEND_RATE="30", INVY_SEND_TIMEOUT_S="1", INVY_LEASE_SECONDS="2"
        )
        async with living(known, world, limits=SHORT) as stage:
            asked = await send(stage, guests[:30])
            line.fall_silent(after)
            await line.swallowed.wait()
            line.come_back()

            async def taken() -> bool:
                with suppress(StoreUnavailable):
                    asked.extend(await send(stage, guests[30:]))
                    return True
                return False

            await until(taken, 20)

            async def calm() -> bool:
                await asyncio.to_thread(world.settle)
                return await stage.house.outbox.unfinished() + await stage.house.journal.waiting() == 0

            await until(calm, 40)
            accepted = Counter(each["to"] for each in world.messages())
            assert set(accepted.values()) == {1}
            counts = await stage.house.overview.counts(Filter())
            assert sum(counts.values()) == len(set(asked)) == 60
            assert counts.get(State.UNCONFIRMED, 0) == 60 - len(accepted)
            assert await stage.audited() == []
            now = stage.house.clock()

            async def beats() -> bool:
                return any(each.beat_at > now for each in await stage.house.workplace.all())

            await until(beats)


@pytest.mark.slow
async def test_a_service_that_is_told_to_end_while_the_database_says_nothing_ends(
    postgresql_url: str, tmp_path: Path, world: World
) -> None:
    line = Line(postgresql_url)
    async with line as url:
        known = settings(url, tmp_path, world, INVY_SEND_TIMEOUT_S="1", INVY_LEASE_SECONDS="2")
        async with living(known, world, limits=SHORT) as stage:
            await send(stage, [str(phone(n)) for n in range(1, 11)])

            async def posted() -> bool:
                return bool(await asyncio.to_thread(world.messages))

            await until(posted)
            line.fall_silent()
            began = time.monotonic()
        assert time.monotonic() - began < 30


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """The server and all its processes stand still; the system goes on taking what is sent to them."""
    family = [server.pid]
    os.kill(server.pid, signal.SIGSTOP)  # first, so that it has no more children while they are counted
    try:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == server.pid:
                    family.append(int(stat.parent.name))
                    os.kill(family[-1], signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(family):
            with suppress(ProcessLookupError):  # it was about to end
                os.kill(pid, signal.SIGCONT)


@pytest.mark.slow
async def test_t03_a_server_that_is_frozen_is_waited_for_and_work_goes_on_when_it_thaws(
    private_postgres: PostgresServer, tmp_path: Path
) -> None:
    async with staged(settings(private_postgres.url(), tmp_path), limits=SHORT) as stage:
        await stage.accepted(*range(1, 6))
        lost = [body(status(wamid(n), "read", 30)) for n in range(1, 6)]
        for _ in range(2):
            with frozen(private_postgres):
                await refused(stage, *lost)
                with pytest.raises(StoreUnavailable, match="in time"):  # what a reader of the API is told
                    await stage.message(1)
        await redelivered(stage, *lost)

        assert {(await stage.message(n)).state for n in range(1, 6)} == {State.READ}
        assert await stage.audited() == []


async def test_connections_as_old_as_a_silent_one_are_not_tried_one_after_the_other(
    postgresql_url: str,
) -> None:
    line = Line(postgresql_url)
    async with line as url:
        database = Database.open(url, SHORT)
        async with AsyncExitStack() as stack:
            for _ in range(4):
                await stack.enter_async_context(database.read())
        line.fall_silent()
        with pytest.raises(StoreUnavailable, match="in time"):
            await schema.state(database)
        line.come_back()

        assert (await schema.state(database)).current is None

        await database.close()


async def test_a_transaction_that_the_database_heard_no_more_of_gives_its_locks_back(
    postgresql_url: str,
) -> None:
    line = Line(postgresql_url)
    lock = text("LOCK TABLE events IN EXCLUSIVE MODE")
    await schema.upgrade_at(postgresql_url)
    async with line as url:
        database = Database.open(url, SHORT)

        async def locked_for_ever() -> None:
            async with database.write() as connection:
                await connection.execute(lock)
                line.fall_silent()

        with pytest.raises(StoreUnavailable, match="in time"):
            await locked_for_ever()
        line.come_back()

        async def free() -> bool:
            with suppress(StoreUnavailable):
                async with database.write() as connection:
                    await connection.execute(lock)
                return True
            return False

        await until(free)
        await database.close()


async def test_what_works_unwatched_has_limits_and_they_reach_the_server(postgresql_url: str) -> None:
    database = Database.open(postgresql_url, SERVICE)
    async with database.read() as connection:
        for limit, value in (
            ("idle_in_transaction_session_timeout", "1min"),
            ("transaction_timeout", "10min"),
        ):
            shown = await connection.execute(text(f"SHOW {limit}"))
            assert shown.scalar_one() == value
        with pytest.raises(StoreUnavailable, match="in time"):
            async with Database.open(postgresql_url, Limits(0.2, None, None)).read() as hurried:
                await hurried.execute(text("SELECT pg_sleep(30)"))
    await database.close()


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
