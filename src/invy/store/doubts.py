"""Unconfirmed messages with their evidence, which of them wait for a decision, and one at a time for a person's decision."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, insert, not_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.doubt import Doubt, Doubtful
from invy.domain.errors import TryLater
from invy.domain.evidence import Decision, Settlement, Told
from invy.domain.ids import MessageId
from invy.domain.message import Draft, Message
from invy.store import evidence as evidence_rows
from invy.store import messages as message_rows
from invy.store import telling
from invy.store.database import Database
from invy.store.tables import evidence, messages

PAGE = 100


class DoubtStore:
    """Fits the port of settling."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unconfirmed(self, before: datetime) -> AsyncIterator[Sequence[Doubt]]:
        """Those that have been unconfirmed since before then, oldest message first."""
        after = MessageId("")
        while True:
            async with self._database.read() as connection:
                rows = (
                    await connection.execute(
                        message_rows.selection()
                        .where(
                            messages.c.status == "unconfirmed",
                            messages.c.unsure_at <= before,
                            messages.c.id > after,
                        )
                        .order_by(messages.c.id)
                        .limit(PAGE)
                    )
                ).all()
                found = [await _doubt(connection, message_rows.read(row)) for row in rows]
            if not found:
                return
            yield found
            after = found[-1].message.id

    async def undecided(self, which: Doubtful) -> Sequence[MessageId]:
        """Those that are unconfirmed, oldest message first."""
        return await self._ids(which, messages.c.status == "unconfirmed")

    async def resendable(self, which: Doubtful, *, may_arrive_twice: bool) -> Sequence[MessageId]:
        """Those settled as not sent and not sent again; with `may_arrive_twice` also those still unconfirmed."""
        settled = exists().where(
            evidence.c.message_id == messages.c.id,
            evidence.c.kind == "settlement",
            evidence.c.word == Decision.NOT_SENT.value,
        )
        again = messages.alias("again")
        resent = exists().where(
            again.c.retry_of == messages.c.id, not_(and_(again.c.status == "failed", again.c.attempt == 0))
        )
        may = and_(messages.c.status == "failed", settled)
        if may_arrive_twice:
            may = or_(may, messages.c.status == "unconfirmed")
        return await self._ids(which, and_(may, not_(resent)))

    async def _ids(self, which: Doubtful, condition: ColumnElement[bool]) -> Sequence[MessageId]:
        statement = (
            select(messages.c.id)
            .where(condition, messages.c.unsure_at <= which.before)
            .order_by(messages.c.id)
        )
        if which.event_id is not None:
            statement = statement.where(messages.c.event_id == which.event_id)
        async with self._database.read() as connection:
            return [MessageId(row.id) for row in await connection.execute(statement)]

    @asynccontextmanager
    async def case(self, name: str) -> AsyncIterator["Case | None"]:
        """One message in a transaction of its own; committed when the block ends without an error."""
        async with self._database.write() as connection:
            known = await message_rows.find(connection, name)
            if known is None:
                yield None
                return
            locked = select(messages.c.payload).where(messages.c.id == known.id)
            row = (await connection.execute(self._database.for_update(locked))).one()
            message = await message_rows.find(
                connection, known.id
            )  # as it is now that nobody else may move it
            assert message is not None
            yield Case(connection, self._database, await _doubt(connection, message), bytes(row.payload))


class Case:
    """One message that is being decided about, locked."""

    def __init__(self, connection: AsyncConnection, database: Database, doubt: Doubt, payload: bytes) -> None:
        self._connection = connection
        self._database = database
        self.doubt = doubt
        self.payload = payload

    async def settle(self, settlement: Settlement) -> Message:
        """Store the decision as evidence; returns the message as it stands then."""
        message = self.doubt.message
        told = await telling.tell(self._connection, self._database, [Told(settlement, message_id=message.id)])
        return replace(message, folded=told.after[message.id])

    async def enqueue(self, draft: Draft) -> None:
        """Write the message that sends this one again.

        Raises:
            TryLater: somebody else wrote one in this very moment.
        """
        try:
            await self._connection.execute(insert(messages), message_rows.row_of(draft))
        except IntegrityError as error:
            raise TryLater(
                "Someone is sending this message again right now.",
                hint=f"Look at it: invy message {self.doubt.message.id}",
            ) from error


_CANCELLED = and_(messages.c.status == "failed", messages.c.attempt == 0)
"""It was taken out of the queue before anything was sent, so it is as if it had never been."""


async def _doubt(connection: AsyncConnection, message: Message) -> Doubt:
    again = await connection.execute(
        select(messages.c.id)
        .where(messages.c.retry_of == message.id, not_(_CANCELLED))
        .order_by(messages.c.id)
        .limit(1)
    )
    timeline = await evidence_rows.of_message(connection, message.id)
    return Doubt(message, timeline, again.scalar_one_or_none())
