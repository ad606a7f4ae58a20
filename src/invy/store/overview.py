"""Looking at messages: one with its evidence, lists by filter, and counts per state. Reads only."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from invy.domain.evidence import Evidence, Phase
from invy.domain.ids import CampaignId, EventId, MessageId, TemplateKey
from invy.domain.message import Message
from invy.domain.state import State
from invy.store import event_page
from invy.store import evidence as evidence_rows
from invy.store import messages as message_rows
from invy.store.database import Database
from invy.store.tables import evidence, messages

# No request left whose outcome could matter, and nothing was ever heard: it failed by a person's word alone.
_CANCELLED = and_(
    messages.c.status == State.FAILED.value,
    messages.c.phase.in_([int(Phase.NONE), int(Phase.DEFERRED)]),
    messages.c.unsure_at.is_(None),
    messages.c.first_receipt_at.is_(None),
)
# Meta refused the request or could not deliver, and the campaign was started again since: the guest counts as not invited
# by this message.
_GIVEN_BACK = and_(
    messages.c.status == State.FAILED.value,
    or_(messages.c.phase == int(Phase.REFUSED), messages.c.first_receipt_at.is_not(None)),
    messages.c.campaign_id.is_not(None),
    messages.c.once_key.is_(None),
)
_again = messages.alias("again")
# A person had it sent again: the newer one counts, unless that was cancelled.
_REPLACED = and_(
    messages.c.status == State.FAILED.value,
    exists().where(
        _again.c.retry_of == messages.c.id,
        or_(_again.c.status != State.FAILED.value, _again.c.attempt > 0),
    ),
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages. Everything given must hold; `since` compares with when the message was made."""

    event_id: EventId | None = None
    states: frozenset[State] = frozenset()
    since: datetime | None = None
    to: str | None = None
    guest_id: str | None = None
    campaign_id: CampaignId | None = None
    ids: frozenset[MessageId] | None = None
    cancelled: bool | None = None
    """Only those that were cancelled before they left; or only those that count, where a guest has no newer try."""

    @property
    def is_broad(self) -> bool:
        """Nothing in it names a few messages, for which there are better ways than through their event."""
        return all(each is None for each in (self.to, self.guest_id, self.campaign_id, self.ids))

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.event_id is not None:
            found.append(messages.c.event_id == self.event_id)
        if self.states:
            found.append(messages.c.status.in_(sorted(state.value for state in self.states)))
        if self.since is not None:
            found.append(messages.c.created_at >= self.since)
        if self.to is not None:
            found.append(messages.c.to_phone == self.to)
        if self.guest_id is not None:
            found.append(messages.c.guest_id == self.guest_id)
        if self.campaign_id is not None:
            found.append(messages.c.campaign_id == self.campaign_id)
        if self.ids is not None:
            found.append(messages.c.id.in_(sorted(self.ids)))
        if self.cancelled is not None:
            found.append(_CANCELLED if self.cancelled else not_(or_(_CANCELLED, _GIVEN_BACK, _REPLACED)))
        return found


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far the messages of one template have come; each stage counts all that came so far or further."""

    template_key: TemplateKey
    queued: int
    """Every message that counts: none that was cancelled before it left, or failed and sent anew."""
    sent: int
    """Accepted by Meta, whatever happened afterwards."""
    delivered: int
    read: int
    answered: int


@dataclass(frozen=True, slots=True)
class Unreached:
    """Messages that have not arrived, counted by what is known about it. `heard` is False where no webhook came at all."""

    template_key: TemplateKey
    state: State
    code: int | None
    subcode: int | None
    title: str | None
    heard: bool
    count: int


class Overview:
    """What the faces show of messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, name: str) -> Message | None:
        """By our id or by wamid."""
        async with self._database.read() as connection:
            return await message_rows.find(connection, name)

    async def under(self, once_key: str) -> MessageId | None:
        """The message that was written under this key, if any."""
        async with self._database.read() as connection:
            found = await connection.execute(select(messages.c.id).where(messages.c.once_key == once_key))
            return found.scalar_one_or_none()

    async def timeline(self, message_id: MessageId) -> Sequence[tuple[datetime, Evidence]]:
        """All evidence of a message with the time it was heard, in the order it was stored."""
        async with self._database.read() as connection:
            return await evidence_rows.of_message(connection, message_id)

    async def payload(self, message_id: MessageId) -> bytes:
        """The request body as it is, or will be, sent."""
        async with self._database.read() as connection:
            found = await connection.execute(select(messages.c.payload).where(messages.c.id == message_id))
            return bytes(found.scalar_one())

    async def page(self, which: Filter, *, after: MessageId | None = None, limit: int = 100) -> list[Message]:
        """Newest first, from the one after `after` on."""
        async with self._database.read() as connection:
            if which.event_id is not None and which.is_broad:
                also = replace(which, event_id=None, states=frozenset()).conditions()
                statement = event_page.newest(which.event_id, which.states, also, after=after, limit=limit)
                return [message_rows.read(row) for row in await connection.execute(statement)]
            return await message_rows.page(connection, which.conditions(), after=after, limit=limit)

    async def all(self, which: Filter, size: int = 1000) -> AsyncIterator[Message]:
        """Every message of a filter, newest first, without holding them all."""
        after: MessageId | None = None
        while True:
            page = await self.page(which, after=after, limit=size)
            for message in page:
                yield message
            if len(page) < size:
                return
            after = page[-1].id

    async def counts(self, which: Filter) -> dict[State, int]:
        """How many messages are in each state; states without messages count 0."""
        statement = (
            select(messages.c.status, func.count()).where(*which.conditions()).group_by(messages.c.status)
        )
        counts = dict.fromkeys(State, 0)
        async with self._database.read() as connection:
            for status, count in await connection.execute(statement):
                counts[State(status)] = count
        return counts

    async def replied(self, which: Filter) -> int:
        """How many messages were answered by their guest."""
        statement = (
            select(func.count())
            .select_from(messages)
            .where(*which.conditions(), messages.c.replied_at.is_not(None))
        )
        async with self._database.read() as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def funnels(self, which: Filter) -> list[Funnel]:
        """One funnel per template, the first one sent first."""
        columns = (
            messages.c.sent_at,
            messages.c.delivered_at,
            messages.c.read_at,
            messages.c.replied_at,
        )
        statement = (
            select(messages.c.template_key, func.count(), *(func.count(column) for column in columns))
            .where(*replace(which, cancelled=False).conditions())
            .group_by(messages.c.template_key)
            .order_by(func.min(messages.c.id))
        )
        async with self._database.read() as connection:
            return [Funnel(*row) for row in await connection.execute(statement)]

    async def unreached(self, which: Filter) -> list[Unreached]:
        """What has not arrived, by template, state and reason; the most frequent first."""
        parts = (
            messages.c.template_key,
            messages.c.status,
            messages.c.error_code,
            messages.c.error_subcode,
            func.min(messages.c.error_title),
            messages.c.first_receipt_at.is_not(None),
            func.count(),
        )
        grouped = (parts[0], parts[1], parts[2], parts[3], parts[5])
        reached = sorted(state.value for state in State if state.reached)
        statement = (
            select(*parts)
            .where(*which.conditions(), messages.c.status.not_in(reached))
            .group_by(*grouped)
            .order_by(func.count().desc(), messages.c.status)
        )
        async with self._database.read() as connection:
            return [
                Unreached(key, State(status), code, subcode, title, bool(heard), count)
                for key, status, code, subcode, title, heard, count in await connection.execute(statement)
            ]

    async def orphans(self) -> int:
        """How many receipts wait for a message we do not know."""
        statement = select(func.count()).select_from(evidence).where(evidence.c.message_id.is_(None))
        async with self._database.read() as connection:
            return int((await connection.execute(statement)).scalar_one())
