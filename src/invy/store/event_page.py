"""One page of an event's messages, read off the index (event_id, status, id) however large the event is.

The index has the messages of each state in order, not those of the event; so a page is taken of each state and the
newest of these are the page. Sorting the event instead would take a second for every million messages, on every page.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select, union_all

from invy.domain.ids import EventId, MessageId
from invy.domain.state import State
from invy.store.messages import selection
from invy.store.tables import messages


def newest(
    event_id: EventId,
    states: Collection[State],
    also: Sequence[ColumnElement[bool]],
    *,
    after: MessageId | None,
    limit: int,
) -> Select[Any]:
    """Select the newest messages of an event in these states, or in any when none is named, from `after` on."""
    conditions = [messages.c.event_id == event_id, *also]
    if after is not None:
        conditions.append(messages.c.id < after)
    found = select(messages.c.id).where(*conditions).order_by(messages.c.id.desc()).limit(limit)
    parts = [found.where(messages.c.status == state.value).subquery() for state in sorted(states or State)]
    ids = union_all(*(select(part.c.id) for part in parts)).subquery()
    page = select(ids.c.id).order_by(ids.c.id.desc()).limit(limit)
    return selection().where(messages.c.id.in_(page)).order_by(messages.c.id.desc())
