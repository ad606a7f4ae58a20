"""What surrounds a message: how its sender, its template and the other messages are doing. Reads only.

Each question is put to the database once for as many messages as it answers, so a list of a million costs hardly more
questions than one message. One `Surroundings` serves one look, at one moment.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.diagnose.health import (
    SETTLE_S,
    WINDOW_S,
    Others,
    Queue,
    SenderHealth,
    TemplateHealth,
    Webhooks,
)
from invy.diagnose.neighbours import Around, Neighbour, around, in_time
from invy.diagnose.notices import (
    ACCOUNT,
    NUMBER_QUALITY,
    TEMPLATE_STATUS,
    account_ability,
    number_quality,
    template_status,
)
from invy.diagnose.seen import with_ability, with_quality, with_route, with_sighting
from invy.diagnose.sighting import Health, Number, Sighting, Subscription, Template, template_subject
from invy.domain import self_test
from invy.domain.errors import EvidenceDamaged
from invy.domain.hold import Hold, Scope
from invy.domain.ids import SenderId
from invy.domain.message import Message
from invy.domain.notice import Notice
from invy.store import holds as hold_rows
from invy.store import pulse, sightings
from invy.store.outbox import resting_until
from invy.store.tables import messages, notices, refusals, workers

GRID_S: Final = 10
"""Messages accepted within so many seconds are compared with the same others."""

NEAREST: Final = 50
"""At most so many are compared before, at the beginning, at the end and after; more say nothing new."""

COUNTED: Final = 1000
"""Unanswered messages are counted up to here."""

SEVERAL: Final = 3
"""So many bodies that look like Meta's, turned away for their signature, are no stranger's whim."""

_CELLS: Final = 64
_LOOK_BACK: Final = 50
_DAY: Final = timedelta(days=1)
_SENDING_ROLES: Final = ("service", "worker")
_META: Final = b"whatsapp_business_account"

_NOT_HELD: Final = or_(messages.c.message_status.is_(None), messages.c.message_status.not_like("held%"))
"""Without those that Meta holds back for pacing: their silence says nothing about our hearing."""


@dataclass(frozen=True, slots=True)
class _Sender:
    health: SenderHealth
    webhooks: Webhooks


@dataclass(frozen=True, slots=True)
class _Near:
    """Messages accepted at about the same time: whether each was heard of, and whether it arrived."""

    each: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    heard: int = 0
    delivered: int = 0
    late: int = 0
    around: Around = Around.UNCLEAR


class Surroundings:
    """Answers about what messages have in common, each remembered."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._senders: dict[SenderId, _Sender] = {}
        self._templates: dict[tuple[str, str, str], TemplateHealth] = {}
        self._cells: OrderedDict[tuple[SenderId, int], _Near] = OrderedDict()
        self._alike: dict[tuple[SenderId, int], int] = {}
        self._holds: Sequence[Hold] | None = None
        self._looked_at: tuple[datetime | None] | None = None

    async def sender(self, connection: AsyncConnection, sender_id: SenderId) -> SenderHealth:
        return (await self._sender(connection, sender_id)).health

    async def webhooks(self, connection: AsyncConnection, sender_id: SenderId) -> Webhooks:
        return (await self._sender(connection, sender_id)).webhooks

    async def held(self, connection: AsyncConnection, scope: Scope, subject: str | None) -> Hold | None:
        if self._holds is None:
            self._holds = await hold_rows.active(connection)
        return next((h for h in self._holds if h.scope is scope and h.subject == subject), None)

    async def template(self, connection: AsyncConnection, message: Message) -> TemplateHealth:
        key = (message.template_key, message.template_name, message.template_language)
        if key not in self._templates:
            name, language = message.template_name, message.template_language
            told = await _notices(connection, TEMPLATE_STATUS, {name})
            seen = await sightings.last(connection, Template, template_subject(name, language))
            hold = await self.held(connection, Scope.TEMPLATE, message.template_key)
            self._templates[key] = with_sighting(
                TemplateHealth(hold=hold), seen, template_status(told, language)
            )
        return self._templates[key]

    async def queue(self, connection: AsyncConnection, per_second: float | None) -> Queue:
        """The waiting work as every message of it sees it; how many go before one is a question of its own."""
        if self._looked_at is None:
            found = await connection.execute(
                select(func.max(workers.c.beat_at)).where(workers.c.role.in_(_SENDING_ROLES))
            )
            self._looked_at = (found.scalar_one(),)
        return Queue(per_second=per_second, looked_at=self._looked_at[0])

    async def others(
        self, connection: AsyncConnection, message: Message, *, since: datetime | None, code: int | None
    ) -> Others:
        """`since` is given for a message that is silent, `code` for one that failed."""
        near = _Near() if since is None else await self._near(connection, message.sender_id, since)
        own_heard, own_delivered = near.each.get(message.id, (False, False))
        return Others(
            accepted=len(near.each) - (message.id in near.each),
            with_receipt=near.heard - own_heard,
            delivered=near.delivered - own_delivered,
            late=near.late,
            around=near.around,
            failing_alike=0 if code is None else await self._failing(connection, message, code),
        )

    async def _sender(self, connection: AsyncConnection, sender_id: SenderId) -> _Sender:
        if sender_id not in self._senders:
            number = await sightings.last(connection, Number, sender_id)
            subscription = await sightings.last(connection, Subscription, sender_id)
            health = SenderHealth(
                hold=await self.held(connection, Scope.SENDER, sender_id),
                resting_until=await resting_until(connection, sender_id, self._now),
            )
            account_told = account_ability(await _notices(connection, ACCOUNT), self._now)
            health = with_ability(health, await sightings.last(connection, Health, sender_id), account_told)
            health = with_quality(health, number, number_quality(await _about(connection, number)))
            heard = await _webhooks(connection, sender_id, self._now)
            self._senders[sender_id] = _Sender(health, with_route(heard, number, subscription, self._now))
        return self._senders[sender_id]

    async def _near(self, connection: AsyncConnection, sender_id: SenderId, since: datetime) -> _Near:
        cell = int(since.timestamp()) // GRID_S
        key = (sender_id, cell)
        if key in self._cells:
            self._cells.move_to_end(key)
            return self._cells[key]
        start = datetime.fromtimestamp(cell * GRID_S, UTC)
        end = start + timedelta(seconds=GRID_S)
        window = timedelta(seconds=WINDOW_S)
        at = messages.c.accepted_at
        settled = at <= self._now - timedelta(seconds=SETTLE_S)
        parts = (
            _sample(sender_id, at >= start - window, at < start, settled).order_by(at.desc()),
            _sample(sender_id, at >= start, at < end, settled).order_by(at),
            _sample(sender_id, at >= start, at < end, settled).order_by(at.desc()),
            _sample(sender_id, at >= end, at <= end + window, settled).order_by(at),
        )
        rows = {row.id: row for part in parts for row in await connection.execute(part.limit(NEAREST))}
        each = {name: (bool(row.heard), bool(row.delivered)) for name, row in rows.items()}
        neighbours = [
            Neighbour(
                row.accepted_at, in_time(row.accepted_at, row.first_receipt_at, first=bool(row.told_first))
            )
            for row in rows.values()
        ]
        self._cells[key] = _Near(
            each,
            sum(heard for heard, _ in each.values()),
            sum(delivered for _, delivered in each.values()),
            sum(row.heard for row in rows.values()) - sum(each.heard for each in neighbours),
            around(neighbours, start, end),
        )
        if len(self._cells) > _CELLS:
            self._cells.popitem(last=False)
        return self._cells[key]

    async def _failing(self, connection: AsyncConnection, message: Message, code: int) -> int:
        key, since = (message.sender_id, code), self._now - _DAY
        if key not in self._alike:
            found = await connection.execute(
                select(func.count())
                .select_from(messages)
                .where(
                    messages.c.sender_id == message.sender_id,
                    messages.c.error_code == code,
                    messages.c.failed_at > since,
                )
            )
            self._alike[key] = int(found.scalar_one())
        own = message.folded.failed_at
        return max(0, self._alike[key] - (own is not None and own > since))


def _sample(
    sender_id: SenderId, *when: ColumnElement[bool]
) -> Select[tuple[str, datetime, datetime | None, bool, bool, bool]]:
    return select(
        messages.c.id,
        messages.c.accepted_at,
        messages.c.first_receipt_at,
        or_(messages.c.sent_receipt_at.is_not(None), messages.c.failed_at.is_not(None)).label("told_first"),
        messages.c.first_receipt_at.is_not(None).label("heard"),
        messages.c.delivered_at.is_not(None).label("delivered"),
    ).where(messages.c.sender_id == sender_id, *when, _NOT_HELD)


async def ahead(connection: AsyncConnection, message: Message) -> int:
    """How many messages of its sender stand before a queued one."""
    row = (messages.c.created_at, messages.c.id)
    before = (row[0] < message.created_at) | ((row[0] == message.created_at) & (row[1] < message.id))
    found = await connection.execute(
        select(func.count())
        .select_from(messages)
        .where(messages.c.status == "queued", messages.c.sender_id == message.sender_id, before)
    )
    return int(found.scalar_one())


async def _webhooks(connection: AsyncConnection, sender_id: SenderId, now: datetime) -> Webhooks:
    newest = (
        select(messages.c.last_receipt_at)
        .where(messages.c.sender_id == sender_id, messages.c.last_receipt_at.is_not(None))
        .order_by(messages.c.last_receipt_at.desc())
        .limit(1)
    )
    last_receipt_at: datetime | None = (await connection.execute(newest)).scalar_one_or_none()
    return Webhooks(
        last_heard_at=await pulse.last_genuine(connection),
        last_receipt_at=last_receipt_at,
        unanswered=await _unanswered(connection, sender_id, last_receipt_at, now),
        last_refused_at=await _last_refused(connection, sender_id),
    )


async def _unanswered(
    connection: AsyncConnection, sender_id: SenderId, after: datetime | None, now: datetime
) -> int:
    at = messages.c.accepted_at
    some = (
        select(messages.c.id)
        .where(messages.c.sender_id == sender_id, at <= now - timedelta(seconds=SETTLE_S), _NOT_HELD)
        .limit(COUNTED)
    )
    if after is not None:
        some = some.where(at > after)
    counted = select(func.count()).select_from(some.subquery())
    return int((await connection.execute(counted)).scalar_one())


async def _last_refused(connection: AsyncConnection, sender_id: SenderId) -> datetime | None:
    """When a body of Meta's about this number was last turned away.

    Anyone may post to any address. Meta names the number we send from in every report; who only pretends to be Meta
    mostly cannot. Where the number is not in the sample of a body, several such bodies count.
    """
    found = await connection.execute(
        select(refusals.c.at, refusals.c.sample).order_by(refusals.c.id.desc()).limit(_LOOK_BACK)
    )
    alike = [row for row in found if _META in row.sample and self_test.nonce_of(row.sample) is None]
    number = f'"{sender_id}"'.encode()
    named = next((row.at for row in alike if number in row.sample), None)
    if named is None and len(alike) >= SEVERAL:
        named = alike[0].at
    at: datetime | None = named
    return at


async def _about(connection: AsyncConnection, number: Sighting[Number] | None) -> list[Notice]:
    """Meta's notices on the quality of a number: they name it as it is displayed, with or without plus and blanks."""
    display = None if number is None else number.fact.display
    if display is None:
        return []
    digits = "".join(mark for mark in display if mark.isdecimal())
    return await _notices(connection, NUMBER_QUALITY, {display, digits, f"+{digits}"})


async def _notices(connection: AsyncConnection, field: str, subjects: Collection[str] = ()) -> list[Notice]:
    """Meta's newest notices of a kind, of these subjects where some are given, the newest first."""
    statement = (
        select(notices.c.id, notices.c.fact)
        .where(notices.c.field == field)
        .order_by(notices.c.at.desc(), notices.c.id.desc())
        .limit(_LOOK_BACK)
    )
    if subjects:
        statement = statement.where(notices.c.subject.in_(sorted(subjects)))
    return [_notice(row.id, row.fact) for row in await connection.execute(statement)]


def _notice(row_id: int, fact: bytes) -> Notice:
    try:
        return msgspec.json.decode(fact, type=Notice)
    except (ValueError, TypeError) as error:
        raise EvidenceDamaged(f"Notice {row_id}", "a template or a number") from error
