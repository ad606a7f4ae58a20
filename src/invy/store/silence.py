"""Messages that look stuck, the questions asked about them, and the answers as evidence."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update

from invy.domain.evidence import Told
from invy.domain.ids import MessageId
from invy.domain.silence import Budget, NoTurn, Silence, Stuck, Turn
from invy.domain.state import State
from invy.store import questions, telling
from invy.store.database import Database
from invy.store.tables import messages

_STUCK = (messages.c.id, messages.c.wamid, messages.c.sender_id, messages.c.status)


def _of_any_event() -> ColumnElement[bool]:
    """Always true; said so that the index (event_id, status) is used, which leads to the few that are `sent`.

    There is no index by state alone, and that by time leads through every message there is.
    """
    seen = select(func.min(messages.c.event_id).label("id")).cte("seen", recursive=True)
    following = select(func.min(messages.c.event_id)).where(messages.c.event_id > seen.c.id).scalar_subquery()
    seen = seen.union_all(select(following).where(seen.c.id.is_not(None)))
    named = select(seen.c.id).where(seen.c.id.is_not(None))
    return or_(messages.c.event_id.in_(named), messages.c.event_id.is_(None))


_OF_ANY_EVENT = _of_any_event()


class SilenceStore:
    """Fits the port of reconciling. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stuck(self, which: Silence, limit: int) -> Sequence[Stuck]:
        """Those accepted first, first."""
        # The silent ones have an index of their own, by the time of acceptance.
        since = messages.c.accepted_at if which.unheard else messages.c.sent_at
        statement = (
            select(*_STUCK)
            .where(
                messages.c.status == "sent",
                messages.c.wamid.is_not(None),
                since <= which.before,
                or_(messages.c.asked_at.is_(None), messages.c.asked_at <= which.asked_before),
            )
            .order_by(since, messages.c.id)
            .limit(limit)
        )
        if which.after is not None:
            statement = statement.where(since > which.after)
        if which.unheard:
            statement = statement.where(messages.c.first_receipt_at.is_(None))
        if which.event_id is not None:
            statement = statement.where(messages.c.event_id == which.event_id)
        elif not which.unheard:
            statement = statement.where(_OF_ANY_EVENT)
        async with self._database.read() as connection:
            rows = await connection.execute(statement)
            return [Stuck(row.id, row.wamid, row.sender_id, State(row.status)) for row in rows]

    async def take_turn(
        self, message_id: MessageId, now: datetime, asked_before: datetime, budget: Budget
    ) -> Turn | NoTurn:
        """Note that it is asked about now, unless it was asked about since `asked_before` or the budget is spent.

        Whoever wants to ask waits here for each other, so no two are given one message or one moment.
        """
        here = messages.c.id == message_id
        async with self._database.write() as connection:
            slot = await questions.next_slot(connection, self._database, now, budget)
            if slot is None:
                return NoTurn.SPENT
            asked = self._database.for_update(select(messages.c.asked_at).where(here))
            before = (await connection.execute(asked)).scalar_one_or_none()
            if before is not None and before > asked_before:
                return NoTurn.TAKEN
            await connection.execute(update(messages).where(here).values(asked_at=now))
            await questions.note(connection, self._database, now, slot)
        return Turn(message_id, now, before, (slot - now).total_seconds())

    async def give_back(self, turn: Turn) -> None:
        """Meta did not answer this question: the message counts as not asked about. The question stays in the budget."""
        async with self._database.write() as connection:
            await connection.execute(
                update(messages)
                .where(messages.c.id == turn.id, messages.c.asked_at == turn.taken_at)
                .values(asked_at=turn.asked_at)
            )

    async def tell(self, facts: Sequence[Told]) -> telling.Telling:
        async with self._database.write() as connection:
            return await telling.tell(connection, self._database, facts)
