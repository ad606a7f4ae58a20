"""Who is at work on this database.

SQLite: one service or worker at a time, by a lock on a file beside the database that the operating system releases
when the process ends, however it ends. PostgreSQL: any number, each with a heartbeat.
"""

import fcntl
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select

from invy.domain.errors import TryLater
from invy.store.database import Database
from invy.store.tables import workers

LOOKS, LOOK_AGAIN_S = 5, 0.02

STALE = timedelta(seconds=20)
"""A worker that has not been heard of for so long is dead."""


class AnotherAtWork(TryLater):
    """A second service or worker on one SQLite file."""

    kind = "another-at-work"


@dataclass(frozen=True, slots=True)
class Worker:
    id: str
    role: str
    host: str
    pid: int
    started_at: datetime
    beat_at: datetime

    @property
    def gone(self) -> bool:
        """Whether it ran on this machine and its process is no more: then its last beat tells nothing."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


class Workplace:
    """The register of working processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def occupy(self) -> Iterator[None]:
        """Be the one service on an SQLite file; on PostgreSQL there is room for many.

        Raises:
            AnotherAtWork: someone holds the place.
        """
        path = self._lock_file
        if path is None:
            yield
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="ascii") as file:
            if not _taken(file.fileno()):
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise AnotherAtWork(
                    f"Another process of Invy works on this SQLite database (process {holder}).",
                    hint="Stop it first if it is a service; if it sends a campaign, wait until that has finished. "
                    "Or use PostgreSQL, where several may work together.",
                )
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    async def occupied(self, now: datetime) -> bool:
        """Whether a service or worker is sending for this database right now."""
        path = self._lock_file
        if path is not None:
            if not path.exists():
                return False
            with path.open("a+", encoding="ascii") as file:
                return not _lock(file.fileno(), fcntl.LOCK_SH)
        return any(worker.beat_at > now - STALE for worker in await self.all())

    @asynccontextmanager
    async def alone(self, now: datetime) -> AsyncIterator[None]:
        """Be the only one at work, on either database: for a task that must not meet a service.

        Raises:
            AnotherAtWork: a service or worker is there.
        """
        with self.occupy():
            if self._lock_file is None:
                for worker in await self.all():
                    if worker.beat_at > now - STALE:
                        raise AnotherAtWork(
                            f"A {worker.role} works on this database (process {worker.pid} on {worker.host}).",
                            hint="Stop it first. One that was killed counts as gone after "
                            f"{STALE.seconds} seconds.",
                        )
            yield

    async def beat(self, worker_id: str, role: str, started_at: datetime, now: datetime) -> None:
        """Say that this process is alive; forget the dead."""
        statement = self._database.upsert(workers, ["id"], ["beat_at"])
        row = {
            "id": worker_id,
            "role": role,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": started_at,
            "beat_at": now,
        }
        async with self._database.write() as connection:
            await connection.execute(statement, row)
            await connection.execute(delete(workers).where(workers.c.beat_at < now - 10 * STALE))

    async def leave(self, worker_id: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(workers).where(workers.c.id == worker_id))

    async def all(self) -> list[Worker]:
        async with self._database.read() as connection:
            found = await connection.execute(select(workers).order_by(workers.c.started_at))
            return [Worker(r.id, r.role, r.host, r.pid, r.started_at, r.beat_at) for r in found]

    @property
    def _lock_file(self) -> Path | None:
        file = self._database.sqlite_file
        return file.with_name(file.name + ".lock") if file else None


def _taken(descriptor: int) -> bool:
    """Take the place. Someone who only looks holds the lock for microseconds, so one refusal is not believed."""
    for _ in range(LOOKS):
        if _lock(descriptor, fcntl.LOCK_EX):
            return True
        time.sleep(LOOK_AGAIN_S)
    return False


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
