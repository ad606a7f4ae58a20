"""Bundles: messages of an event that nothing in their rows tells apart, so that one verdict serves for all of them.

A campaign of a million has a million unreached messages while it runs, and a few hundred bundles. Times are told apart
to ten seconds. Messages whose verdict needs more than their row (what a deferred attempt said, what a person decided,
what Meta's history told) are in no bundle and are judged one by one.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.ids import EventId, MessageId
from invy.domain.state import State
from invy.store import opt_outs
from invy.store.database import Database
from invy.store.tables import messages

_later = messages.alias("later")

NEWEST: Final = ~exists().where(
    _later.c.to_phone == messages.c.to_phone,
    _later.c.event_id == messages.c.event_id,
    _later.c.template_key == messages.c.template_key,
    _later.c.delivered_at.is_not(None) | (_later.c.id > messages.c.id),
)
"""Of several messages of one template to one number only the newest, and none where one of them arrived."""

_UNTRIED: Final = and_(
    messages.c.status == State.QUEUED.value,
    messages.c.attempt == 0,
    messages.c.due_at.is_(None),
    not_(opt_outs.perhaps(messages.c.to_phone)),
)
_SILENT: Final = and_(
    messages.c.status == State.SENT.value, messages.c.accepted_at.is_not(None), messages.c.asked_at.is_(None)
)
_FAILED: Final = and_(messages.c.status == State.FAILED.value, messages.c.error_code.is_not(None))

_ALIKE: Final = or_(_UNTRIED, _SILENT, _FAILED)
UNLIKE: Final[ColumnElement[bool]] = not_(_ALIKE)


async def of_event(
    connection: AsyncConnection, database: Database, event_id: EventId
) -> dict[MessageId, int]:
    """For each bundle of unreached messages one of them, and how many there are."""
    found: dict[MessageId, int] = {}
    for state, which, apart in _kinds(database):
        statement = (
            select(func.max(messages.c.id), func.count())
            .where(messages.c.event_id == event_id, messages.c.status == state.value, which, NEWEST)
            .group_by(*_COMMON, *apart)
        )
        found.update({MessageId(name): count for name, count in await connection.execute(statement)})
    return found


_COMMON: Final = (
    messages.c.template_key,
    messages.c.template_name,
    messages.c.template_language,
    messages.c.sender_id,
)
_Kind = tuple[State, ColumnElement[bool], Sequence[ColumnElement[Any]]]


def _kinds(database: Database) -> Sequence[_Kind]:
    """For each kind of bundle its messages, and what tells one bundle from another beside `_COMMON`."""
    tens = database.tens_of_seconds
    said, code, subcode = messages.c.message_status, messages.c.error_code, messages.c.error_subcode
    times = (messages.c.accepted_at, messages.c.sent_receipt_at, messages.c.last_receipt_at)
    return (
        (State.QUEUED, _UNTRIED, (messages.c.campaign_id, tens(messages.c.created_at))),
        (State.SENT, _SILENT, (said, *map(tens, times))),
        (State.FAILED, _FAILED, (said, code, subcode, messages.c.retry_of.is_not(None))),
    )
