"""The journal's table: append in groups, claim what waits, close what was read."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.ids import JournalId
from invy.domain.journal import Closing, Entry, Line, Lines, Outcome
from invy.store import bulk
from invy.store.appender import Appender, appender
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.tables import evidence, journal, refusals

REFUSALS_KEPT = 100
"""How many refused webhooks are sampled; older ones make room."""

SAMPLE_BYTES = 2048


class JournalStore:
    """What the engine needs of the journal. Every method is its own transaction unless it takes a connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._appender: Appender | None = None

    async def append(self, bodies: Sequence[tuple[datetime, bytes]]) -> None:
        """Write bodies durably, all or none. When this returns they have reached the disk.

        Raises:
            StoreUnavailable: none of them was written.
        """
        if self._appender is None:
            self._appender = appender(self._database)
        await self._appender.append(bodies)

    async def close(self) -> None:
        """Give back what `append` holds."""
        if self._appender is not None:
            await self._appender.close()
            self._appender = None

    async def waiting(self) -> int:
        """How many bodies nobody has read yet."""
        async with self._database.read() as connection:
            found = await connection.execute(select(func.count()).select_from(journal).where(_WAITING))
            return int(found.scalar_one())

    async def oldest_waiting(self) -> datetime | None:
        """When the body came that has waited longest to be read."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(journal.c.received_at).where(_WAITING).order_by(journal.c.id).limit(1)
            )
            return found.scalar_one_or_none()

    async def last_heard(self) -> datetime | None:
        """When the last webhook came."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(journal.c.received_at).order_by(journal.c.id.desc()).limit(1)
            )
            return found.scalar_one_or_none()

    async def refused(self, at: datetime, reason: str, body: bytes) -> None:
        """Keep a sample of a webhook refused for its signature. Bounded: the oldest samples make room."""
        async with self._database.write() as connection:
            await connection.execute(
                insert(refusals).values(at=at, reason=reason, size=len(body), sample=body[:SAMPLE_BYTES])
            )
            newest = select(refusals.c.id).order_by(refusals.c.id.desc()).limit(REFUSALS_KEPT)
            await connection.execute(refusals.delete().where(refusals.c.id.not_in(newest)))

    async def lines(self, which: Lines, limit: int) -> AsyncIterator[Line]:
        """The newest entries first, at most `limit` of them, 0 for all; read in pages."""
        left, before = limit, None
        while True:
            size = CHUNK if not limit else min(CHUNK, left)
            statement = _lines(which).order_by(journal.c.id.desc()).limit(size)
            if before is not None:
                statement = statement.where(journal.c.id < before)
            async with self._database.read() as connection:
                rows = (await connection.execute(statement)).all()
            for row in rows:
                yield _line(row)
            left -= len(rows)
            if len(rows) < size or (limit and not left):
                return
            before = rows[-1].id

    async def find(self, entry_id: JournalId) -> tuple[Line, bytes] | None:
        """One entry with its body as it came."""
        statement = _lines(Lines()).add_columns(journal.c.body).where(journal.c.id == entry_id)
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return (_line(row), bytes(row.body)) if row is not None else None


_WAITING = text("outcome = 0")
"""The very words of the partial index."""


def _lines(which: Lines) -> Select[Any]:
    statement = select(
        journal.c.id,
        journal.c.received_at,
        func.length(journal.c.body).label("size"),
        journal.c.outcome,
        journal.c.applied_at,
        journal.c.note,
    )
    if which.unparsed:
        # Spelt as the partial index is, so that it is used.
        statement = statement.where(journal.c.outcome >= Outcome.UNREADABLE.value)
    if which.orphans:
        waiting = select(evidence.c.journal_id).where(evidence.c.message_id.is_(None))
        statement = statement.where(journal.c.id.in_(waiting))
    return statement


def _line(row: Row[Any]) -> Line:
    return Line(JournalId(row.id), row.received_at, row.size, Outcome(row.outcome), row.applied_at, row.note)


async def claim(
    connection: AsyncConnection, database: Database, limit: int, max_bytes: int
) -> tuple[list[Entry], bool]:
    """Take the oldest unread bodies for this transaction; other processes skip them. At least one, if any waits.

    Also tells whether more may be waiting. How many to fetch is guessed from the oldest one's size: after an outage
    large bodies may wait by the thousand, and most of what is fetched should be used.
    """
    oldest = await connection.execute(
        select(func.length(journal.c.body)).where(_WAITING).order_by(journal.c.id).limit(1)
    )
    size = oldest.scalar_one_or_none()
    if size is None:
        return [], False
    limit = min(limit, max_bytes // max(1, size) + 1)
    waiting = (
        select(journal.c.id, journal.c.received_at, journal.c.body)
        .where(_WAITING)
        .order_by(journal.c.id)
        .limit(limit)
    )
    rows = (await connection.execute(database.for_update(waiting, skip_locked=True))).all()
    taken: list[Entry] = []
    total = 0
    for row in rows:
        total += len(row.body)
        if taken and total > max_bytes:
            break
        taken.append(Entry(JournalId(row.id), row.received_at, row.body))
    return taken, len(taken) < len(rows) or len(rows) == limit


async def close(
    connection: AsyncConnection, database: Database, closings: Sequence[Closing], at: datetime
) -> None:
    """Say what became of entries, in the transaction that applied them."""
    rows: bulk.Columns = {
        "id": [each.id for each in closings],
        "outcome": [each.outcome.value for each in closings],
        "note": [each.note for each in closings],
        "applied_at": [at] * len(closings),
    }
    await bulk.update(connection, database, journal, "id", rows)
