"""One transaction of the applier: claimed journal entries, and everything that reading them changes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import blake2b

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.evidence import Told
from invy.domain.hold import Hold
from invy.domain.ids import JournalId, Wamid
from invy.domain.inbound import Inbound, Preference
from invy.domain.journal import Closing, Entry
from invy.domain.notice import Notice
from invy.store import evidence as evidence_rows
from invy.store import journal as journal_rows
from invy.store import telling, trouble, user_ids
from invy.store.database import Database
from invy.store.evidence import plain
from invy.store.tables import inbound, notices
from invy.store.user_ids import Pair


class Batch:
    """What the applier may do inside its transaction. Nothing of it is visible to others before the end.

    Rows of each table are written once and in the order of their keys: Meta repeats itself, and two batches that tell the
    same then wait for each other, and hardly ever in a circle.
    """

    def __init__(
        self, connection: AsyncConnection, database: Database, entries: Sequence[Entry], *, more: bool
    ) -> None:
        self.entries = entries
        self.more = more
        self._connection = connection
        self._database = database

    async def tell(
        self, facts: Sequence[Told], pairs: Collection[Pair] = (), preferences: Sequence[Preference] = ()
    ) -> telling.Telling:
        """See `telling.tell`."""
        return await telling.tell(
            self._connection, self._database, facts, pairs=pairs, preferences=preferences
        )

    async def alone(self, work: Callable[[], Awaitable[None]]) -> str | None:
        """Do a part of the work so that its failure undoes nothing but itself; returns what was wrong, if anything.

        Raises:
            StoreUnavailable: the database is away.
        """
        wrong = None
        await self._connection.exec_driver_sql("SAVEPOINT part")
        try:
            await work()
        except (DBAPIError, ValueError, OverflowError) as error:
            if isinstance(error, DBAPIError) and trouble.of(error) is not None:
                raise
            await self._connection.exec_driver_sql("ROLLBACK TO SAVEPOINT part")
            wrong = type(error).__name__
        await self._connection.exec_driver_sql("RELEASE SAVEPOINT part")
        return wrong

    async def keep_inbound(self, found: Sequence[tuple[JournalId, Inbound]]) -> None:
        """Keep what guests wrote; a redelivered message is kept once."""
        rows = [
            {
                "wamid": plain(each.wamid),
                "from_phone": plain(each.sender),
                "user_id": plain(each.user_id),
                "kind": plain(each.kind),
                "text": plain(each.text),
                "payload": plain(each.payload),
                "context_wamid": plain(each.context),
                "at": each.at,
                "heard_at": each.heard_at,
                "journal_id": journal_id,
            }
            for journal_id, each in sorted(found, key=lambda pair: pair[1].wamid)
        ]
        if rows:
            await self._connection.execute(self._database.insert_new(inbound, ["wamid"]), rows)

    async def keep_notices(self, found: Sequence[tuple[JournalId, Notice]]) -> None:
        rows = [
            {
                "field": plain(each.field),
                "subject": plain(each.subject),
                "word": plain(each.word),
                "at": each.at,
                "journal_id": journal_id,
                "fact": msgspec.json.encode(each),
                "once_key": _digest(each.field, each.at.isoformat(), each.raw),
            }
            for journal_id, each in found
        ]
        if rows:
            rows.sort(key=lambda row: str(row["once_key"]))
            await self._connection.execute(self._database.insert_new(notices, ["once_key"]), rows)

    async def close(self, closings: Sequence[Closing], at: datetime) -> None:
        await journal_rows.close(
            self._connection,
            self._database,
            [Closing(each.id, each.outcome, plain(each.note)) for each in closings],
            at,
        )


class ApplyStore:
    """The applier's door to the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def at_once(self) -> int:
        """Two on PostgreSQL: more gained nothing on two cores. SQLite has one writer."""
        return 1 if self._database.is_sqlite else 2

    @asynccontextmanager
    async def applying(self, limit: int, max_bytes: int) -> AsyncIterator[Batch]:
        """Claim unread entries for one transaction; they are unread again if the block raises, or the power fails."""
        async with self._database.write(repeatable=True) as connection:
            entries, more = await journal_rows.claim(connection, self._database, limit, max_bytes)
            yield Batch(connection, self._database, entries, more=more)

    async def adopt(self, wamids: Sequence[Wamid]) -> Sequence[Hold]:
        """Join waiting receipts of these wamids to messages that are known by now. See `telling.adopt`."""
        async with self._database.write() as connection:
            told = await telling.adopt(connection, self._database, wamids)
        await self.spread(told.reached)
        return told.holds

    async def spread(self, reached: Collection[str]) -> None:
        """Let marketing stops told by these user ids reach all their numbers. See `user_ids.write`.

        Only where two transactions may have crossed, and hardly ever is there anything to write.
        """
        if self._database.is_sqlite:
            return
        ordered = sorted(reached)
        for start in range(0, len(ordered), evidence_rows.CHUNK):
            part = ordered[start : start + evidence_rows.CHUNK]
            async with self._database.read() as connection:
                late = await user_ids.overdue(connection, len(part), part)
            if late:
                async with self._database.write() as connection:
                    await user_ids.spread(connection, self._database, late)

    async def adopt_known(self) -> tuple[int, Sequence[Hold]]:
        """Join some of the orphans whose messages are known; how many there were, and the holds that follow."""
        async with self._database.read() as connection:
            if not await evidence_rows.orphans_known(connection, 1):
                return 0, ()  # as nearly always: nothing to write, so nobody waits for us
        async with self._database.write() as connection:
            return await telling.adopt_known(connection, self._database)

    async def spread_stops(self) -> int:
        """Let marketing stops told by user id alone reach numbers that became known meanwhile; how many there were."""
        async with self._database.read() as connection:
            if not await user_ids.overdue(connection, 1):
                return 0
        async with self._database.write() as connection:
            late = await user_ids.overdue(connection, evidence_rows.CHUNK)
            await user_ids.spread(connection, self._database, late)
            return len(late)


def _digest(*parts: str | bytes) -> str:
    joined = b"\x1f".join(p.encode("utf-8", "surrogatepass") if isinstance(p, str) else p for p in parts)
    return blake2b(joined, digest_size=16).hexdigest()
