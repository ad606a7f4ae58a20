"""Situations: everything that a verdict is given about a message, read for one and, page by page, for many.

Both ways ask the same questions in the same code; only what people read about one message and nobody reads about a
thousand (how many go before it in the queue, the link of its picture) is asked for one alone.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.diagnose.case import Case
from invy.diagnose.failed import PICTURE
from invy.diagnose.health import GuestRecord
from invy.diagnose.link import link_of, shown
from invy.diagnose.situation import Exhibit, Situation
from invy.domain.hold import Scope
from invy.domain.ids import EventId, MessageId
from invy.domain.message import Message
from invy.domain.phone import E164
from invy.domain.phone_alias import aliases
from invy.domain.state import State
from invy.store import bundles, opt_outs
from invy.store import evidence as evidence_rows
from invy.store import messages as message_rows
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.surroundings import Surroundings, ahead
from invy.store.tables import evidence, guests, messages

UNREACHED: Final = tuple(state for state in State if not state.reached)
MISSED_AFTER: Final = timedelta(days=1)
"""A message that was sent longer ago and has not arrived counts as one that missed its guest."""

_TRIES: Final = 20
"""Longer chains of resends are not followed."""


@dataclass(frozen=True, slots=True)
class _Phone:
    """What is known about one number, this message among its others."""

    reached_at: datetime | None = None
    missed: int = 0


class Situations:
    """`per_second` is the pace at which the sender works, for saying how long a queue takes."""

    def __init__(self, database: Database, *, per_second: float | None = None) -> None:
        self._database = database
        self._per_second = per_second

    async def newest(
        self, *, to: E164 | None = None, guest_id: str | None = None, limit: int
    ) -> Sequence[Message]:
        """The newest messages to a number, under whatever form of it, or to a guest."""
        which = (
            messages.c.guest_id == guest_id if to is None else messages.c.to_phone.in_(sorted(aliases(to)))
        )
        async with self._database.read() as connection:
            return await message_rows.page(connection, [which], after=None, limit=limit)

    async def of(self, name: str, now: datetime) -> Case | None:
        """One message, by our id or by wamid, in its situation."""
        async with self._database.snapshot() as connection:
            message = await message_rows.find(connection, name)
            if message is None:
                return None
            [found] = await self._cases(connection, [message], Surroundings(now), now)
            failed = message.folded.failed
            if failed is not None and failed.failure.code == PICTURE:
                link = await _picture_link(connection, message.id)
                found = replace(found, situation=replace(found.situation, picture_link=link))
            if found.message.state is State.QUEUED:
                queue = replace(found.situation.queue, ahead=await ahead(connection, found.message))
                found = replace(found, situation=replace(found.situation, queue=queue))
            return found

    async def unreached(
        self, event_id: EventId, now: datetime, *, size: int = CHUNK
    ) -> AsyncGenerator[Sequence[Case]]:
        """Every message of an event that has not arrived, a page at a time, as all stood when this began.

        Of several of one template to one number only the newest, and none where one of them arrived.
        """
        surroundings = Surroundings(now)
        async with self._database.snapshot() as connection:
            async for page in _pages(connection, event_id, size):
                yield await self._cases(connection, page, surroundings, now)

    async def bundles(
        self, event_id: EventId, now: datetime, *, size: int = CHUNK
    ) -> AsyncGenerator[Sequence[tuple[Case, int]]]:
        """The same messages for counting: one of each bundle, and how many it stands for (see `bundles`)."""
        surroundings = Surroundings(now)
        async with self._database.snapshot() as connection:
            found = await bundles.of_event(connection, self._database, event_id)
            ids = list(found)
            for start in range(0, len(ids), CHUNK):
                statement = message_rows.selection().where(messages.c.id.in_(ids[start : start + CHUNK]))
                page = [message_rows.read(row) for row in await connection.execute(statement)]
                cases = await self._cases(connection, page, surroundings, now)
                yield [(each, found[each.message.id]) for each in cases]
            async for page in _pages(connection, event_id, size, bundles.UNLIKE):
                yield [(each, 1) for each in await self._cases(connection, page, surroundings, now)]

    async def _cases(
        self,
        connection: AsyncConnection,
        found: Sequence[Message],
        surroundings: Surroundings,
        now: datetime,
    ) -> Sequence[Case]:
        exhibits = await _exhibits(connection, [message.id for message in found])
        records = await _records(connection, found, now)
        tries = await _tries(connection, found)
        names = await _names(connection, found)
        cases: list[Case] = []
        for message in found:
            folded = message.folded
            silent = message.state in (State.SENT, State.UNCONFIRMED)
            since = folded.accepted_at or folded.unsure_at or folded.sent_receipt_at
            situation = Situation(
                now=now,
                created_at=message.created_at,
                exhibits=tuple(exhibits.get(message.id, ())),
                due_at=message.due_at,
                earlier_tries=tries.get(message.id, 0),
                campaign=(message.event_id, message.template_key) if message.event_id else None,
                campaign_hold=await surroundings.held(connection, Scope.CAMPAIGN, message.campaign_id),
                sender=await surroundings.sender(connection, message.sender_id),
                template=await surroundings.template(connection, message),
                webhooks=await surroundings.webhooks(connection, message.sender_id),
                others=await surroundings.others(
                    connection,
                    message,
                    since=since if silent else None,
                    code=folded.failed.failure.code if folded.failed else None,
                ),
                queue=await surroundings.queue(connection, self._per_second),
                guest=records[message.id],
            )
            cases.append(Case(message, situation, names.get(message.guest_id or "")))
        return cases


async def _pages(
    connection: AsyncConnection, event_id: EventId, size: int, *conditions: ColumnElement[bool]
) -> AsyncGenerator[list[Message]]:
    for state in UNREACHED:
        statement = (
            message_rows.selection()
            .where(
                messages.c.event_id == event_id,
                messages.c.status == state.value,
                bundles.NEWEST,
                *conditions,
            )
            .order_by(messages.c.id)
            .limit(size)
        )
        page: list[Message] = []
        while not page or len(page) == size:
            onward = statement.where(messages.c.id > page[-1].id) if page else statement
            page = [message_rows.read(row) for row in await connection.execute(onward)]
            if not page:
                break
            yield page


async def _picture_link(connection: AsyncConnection, message_id: MessageId) -> str | None:
    request = await connection.execute(select(messages.c.payload).where(messages.c.id == message_id))
    link = link_of(bytes(request.scalar_one()))
    return None if link is None else shown(link)


async def _exhibits(
    connection: AsyncConnection, ids: Sequence[MessageId]
) -> Mapping[MessageId, Sequence[Exhibit]]:
    found: dict[MessageId, list[Exhibit]] = {}
    for start in range(0, len(ids), CHUNK):
        rows = await connection.execute(
            select(*evidence_rows.COLUMNS)
            .where(evidence.c.message_id.in_(ids[start : start + CHUNK]))
            .order_by(evidence.c.message_id, evidence.c.id)
        )
        for row in rows:
            facts = evidence_rows.hearings(row)
            found.setdefault(row.message_id, []).extend(Exhibit(row.id, fact) for fact in facts)
    return found


async def _records(
    connection: AsyncConnection, found: Sequence[Message], now: datetime
) -> Mapping[MessageId, GuestRecord]:
    """What other messages and the guests themselves have told about these numbers, under any of their forms.

    For messages that have not arrived; one that has would be taken for another that reached its guest.
    """
    forms = {message.id: aliases(message.to) for message in found}
    asked = sorted(set().union(*forms.values()))
    phones: dict[str, _Phone] = {}
    stopped = await opt_outs.standing(connection, {message.to for message in found})
    for start in range(0, len(asked), CHUNK):
        chunk = asked[start : start + CHUNK]
        missed = or_(
            messages.c.status == State.FAILED.value,
            (messages.c.status == State.SENT.value) & (messages.c.sent_at <= now - MISSED_AFTER),
        )
        told = await connection.execute(
            select(
                messages.c.to_phone,
                func.max(messages.c.delivered_at).label("reached_at"),
                func.sum(case((missed, 1), else_=0)).label("missed"),
            )
            .where(messages.c.to_phone.in_(chunk))
            .group_by(messages.c.to_phone)
        )
        phones.update({row.to_phone: _Phone(row.reached_at, int(row.missed)) for row in told})
    return {
        message.id: GuestRecord(
            opted_out_at=stopped.get(message.to),
            reached_at=max(
                (at for form in forms[message.id] if form in phones and (at := phones[form].reached_at)),
                default=None,
            ),
            missed=sum(phones[form].missed for form in forms[message.id] if form in phones)
            - _missed(message, now),
        )
        for message in found
    }


def _missed(message: Message, now: datetime) -> bool:
    """Whether this very message is among those that missed its guest."""
    sent_at = message.folded.sent_at
    late = message.state is State.SENT and sent_at is not None and sent_at <= now - MISSED_AFTER
    return message.state is State.FAILED or late


async def _tries(connection: AsyncConnection, found: Sequence[Message]) -> Mapping[MessageId, int]:
    """How many messages each of these is a resend of."""
    counts: dict[MessageId, int] = {}
    waiting = {message.id: message.retry_of for message in found if message.retry_of is not None}
    while waiting and max(counts.values(), default=0) < _TRIES:
        for message_id in waiting:
            counts[message_id] = counts.get(message_id, 0) + 1
        asked = sorted(set(waiting.values()))
        earlier: dict[MessageId, MessageId] = {}
        for start in range(0, len(asked), CHUNK):
            rows = await connection.execute(
                select(messages.c.id, messages.c.retry_of).where(
                    messages.c.id.in_(asked[start : start + CHUNK]), messages.c.retry_of.is_not(None)
                )
            )
            earlier.update({row.id: row.retry_of for row in rows})
        waiting = {own: earlier[before] for own, before in waiting.items() if before in earlier}
    return counts


async def _names(connection: AsyncConnection, found: Sequence[Message]) -> Mapping[str, str]:
    ids = sorted({message.guest_id for message in found if message.guest_id is not None})
    names: dict[str, str] = {}
    for start in range(0, len(ids), CHUNK):
        rows = await connection.execute(
            select(guests.c.id, guests.c.name).where(guests.c.id.in_(ids[start : start + CHUNK]))
        )
        names.update({row.id: row.name for row in rows})
    return names
