"""Replaying: the messages and our own send log are copied to a throw-away database, the journal is read into it again.

What is taken as given: which messages there are, and the evidence that no webhook brought (attempts, settlements, what
message_history told), together with evidence whose raw bytes are no longer in the journal. Everything else is made
anew by the applier itself. The database that is replayed is only read here.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.difference import Difference
from invy.domain.evidence import Evidence
from invy.domain.fold import EMPTY, fold, wamids
from invy.domain.hold import Hold
from invy.domain.ids import JournalId, MessageId, Wamid
from invy.domain.journal import Closing, Entry, Outcome
from invy.store import evidence as evidence_rows
from invy.store import folded as columns
from invy.store import messages as message_rows
from invy.store import telling
from invy.store.batch import Batch
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.likeness import faults
from invy.store.tables import evidence, journal, messages, other_wamids

_COPIED = (
    "id",
    "to_phone",
    "template_name",
    "template_key",
    "template_language",
    "event_id",
    "guest_id",
    "campaign_id",
    "sender_id",
    "created_at",
)
"""What the scratch needs of a message row; the rest is folded or of no concern to the applier."""


def from_journal() -> ColumnElement[bool]:
    """Evidence that the journal can bring again."""
    return evidence.c.journal_id.in_(select(journal.c.id))


def kept() -> ColumnElement[bool]:
    """Evidence that is taken as given."""
    return or_(evidence.c.journal_id.is_(None), evidence.c.journal_id.not_in(select(journal.c.id)))


class Replay:
    """From `source`, read over `connection`, into `scratch`. Fits the applier's port."""

    def __init__(
        self, connection: AsyncConnection, scratch: Database, found: Callable[[Difference], None]
    ) -> None:
        """`found` is told of evidence that is taken as given and is not what was stored: it is not believed."""
        self._source = connection
        self._found = found
        self._faulty: set[int] = set()
        self._scratch = scratch
        self._read_to = JournalId(0)
        self._last = JournalId(0)

    async def prepare(self, progress: Callable[[int], None]) -> int:
        """Copy what is taken as given; returns how many journal entries there are to read."""
        newest = await self._source.execute(select(func.max(journal.c.id)))
        self._last = JournalId(newest.scalar_one() or 0)
        await self._copy_messages(progress)
        await self._copy_evidence()
        count = await self._source.execute(
            select(func.count()).select_from(journal).where(journal.c.outcome != Outcome.WAITING.value)
        )
        return int(count.scalar_one())

    async def _copy_messages(self, progress: Callable[[int], None]) -> None:
        after, done = MessageId(""), 0
        while True:
            rows = (
                await self._source.execute(
                    select(*(messages.c[name] for name in _COPIED))
                    .where(messages.c.id > after)
                    .order_by(messages.c.id)
                    .limit(CHUNK)
                )
            ).all()
            if not rows:
                return
            after = rows[-1].id
            about: dict[MessageId, list[Evidence]] = defaultdict(list)
            doubtful: set[MessageId] = set()
            for row in await self._source.execute(
                select(evidence).where(evidence.c.message_id.in_([row.id for row in rows]), kept())
            ):
                if self._is_faulty(row):
                    doubtful.add(row.message_id)
                else:
                    about[row.message_id].extend(evidence_rows.hearings(row))
            folds = {row.id: fold(about[row.id]) for row in rows}
            others = {
                (wamid, message_id)
                for message_id, folded in folds.items()
                for wamid in wamids(about[message_id])
                if wamid != folded.wamid
            }
            made = {
                row.id: {name: getattr(row, name) for name in _COPIED}
                | columns.values(folds[row.id])
                | {"payload": b""}
                for row in rows
            }
            if doubtful:
                others |= await self._as_written(sorted(doubtful), made)
            await self._put(made, others)
            done += len(rows)
            progress(done)

    def _is_faulty(self, row: Row[Any]) -> bool:
        """Tell what is wrong with evidence that nothing can bring again, once; the rows are remembered."""
        found = faults(row)
        for each in found:
            self._found(each)
        if found:
            self._faulty.add(row.id)
        return bool(found)

    async def _as_written(
        self, doubtful: Sequence[MessageId], made: Mapping[MessageId, dict[str, Any]]
    ) -> set[tuple[Wamid, MessageId]]:
        """Messages whose own evidence is not believed stand as their rows say: nothing else knows of our attempts."""
        names = columns.values(EMPTY).keys()
        rows = select(messages.c.id, *(messages.c[name] for name in names)).where(messages.c.id.in_(doubtful))
        for row in await self._source.execute(rows):
            made[row.id].update({name: getattr(row, name) for name in names})
        others = select(other_wamids).where(other_wamids.c.message_id.in_(doubtful))
        return {(row.wamid, row.message_id) for row in await self._source.execute(others)}

    async def _put(
        self, made: Mapping[MessageId, dict[str, Any]], others: set[tuple[Wamid, MessageId]]
    ) -> None:
        """Write messages into the scratch. Where two of them claim one wamid, the later has it beside its row."""
        try:
            async with self._scratch.write() as connection:
                await connection.execute(insert(messages), list(made.values()))
                await message_rows.also_named(connection, self._scratch, others)
        except IntegrityError:
            async with self._scratch.write() as connection:
                for message_id, values in made.items():
                    taken = select(messages.c.id).where(messages.c.wamid == values["wamid"])
                    if (await connection.execute(taken)).first() is not None:
                        others = others | {(values["wamid"], message_id)}
                        values["wamid"] = None
                    await connection.execute(insert(messages), [values])
                await message_rows.also_named(connection, self._scratch, others)

    async def _copy_evidence(self) -> None:
        after = 0
        names = [column.name for column in evidence.c if column.name != "id"]
        while True:
            rows = (
                await self._source.execute(
                    select(evidence).where(kept(), evidence.c.id > after).order_by(evidence.c.id).limit(CHUNK)
                )
            ).all()
            if not rows:
                return
            after = rows[-1].id
            rows = [
                row
                for row in rows
                if row.id not in self._faulty and not (row.message_id is None and self._is_faulty(row))
            ]
            if not rows:
                continue
            waiting = [row.wamid for row in rows if row.message_id is None and row.wamid is not None]
            async with self._scratch.write() as connection:
                await connection.execute(
                    insert(evidence), [{name: getattr(row, name) for name in names} for row in rows]
                )
                await telling.adopt(connection, self._scratch, waiting)

    @property
    def at_once(self) -> int:
        """One: entries are read in the order in which they came."""
        return 1

    @asynccontextmanager
    async def applying(self, limit: int, max_bytes: int) -> AsyncIterator["ReplayBatch"]:
        """The next entries that the service has read, in the order in which they came."""
        async with self._scratch.write() as connection:
            entries = await self._next(limit, max_bytes)
            yield ReplayBatch(connection, self._scratch, entries, more=bool(entries))
        if entries:
            self._read_to = entries[-1].id

    async def adopt(self, wamids: Sequence[Wamid]) -> Sequence[Hold]:
        """Nobody else writes to the scratch, so nothing can have crossed."""
        del wamids
        return ()

    async def spread(self, reached: Collection[str]) -> None:
        """For the same reason there is nothing to find."""

    async def adopt_known(self) -> tuple[int, Sequence[Hold]]:
        """For the same reason there is nothing to find."""
        return 0, ()

    async def spread_stops(self) -> int:
        """Nor here."""
        return 0

    async def _next(self, limit: int, max_bytes: int) -> list[Entry]:
        ahead = (
            select(journal.c.id, func.length(journal.c.body).label("size"))
            .where(
                journal.c.id > self._read_to,
                journal.c.id <= self._last,
                journal.c.outcome != Outcome.WAITING.value,
            )
            .order_by(journal.c.id)
            .limit(limit)
        )
        taken: list[int] = []
        total = 0
        for row in await self._source.execute(ahead):
            total += row.size
            if taken and total > max_bytes:
                break
            taken.append(row.id)
        bodies = await self._source.execute(
            select(journal.c.id, journal.c.received_at, journal.c.body)
            .where(journal.c.id.in_(taken))
            .order_by(journal.c.id)
        )
        return [Entry(JournalId(row.id), row.received_at, row.body) for row in bodies]


class ReplayBatch(Batch):
    """A batch of the applier whose journal entries live in another database."""

    async def close(self, closings: Sequence[Closing], at: datetime) -> None:
        if not closings:
            return
        received = {entry.id: entry.received_at for entry in self.entries}
        rows: list[dict[str, Any]] = [
            {
                "id": each.id,
                "received_at": received[each.id],
                "body": b"",
                "outcome": each.outcome.value,
                "note": evidence_rows.plain(each.note),
                "applied_at": at,
            }
            for each in closings
        ]
        await self._connection.execute(insert(journal), rows)
