"""An event's pages are the same as if all its messages were sorted, newest first."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import insert, update

from invy.domain.guest import Event
from invy.domain.ids import EventId, MessageId
from invy.domain.silence import Silence
from invy.domain.state import State
from invy.store import messages as message_rows
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.overview import Filter, Overview
from invy.store.silence import SilenceStore
from invy.store.tables import messages
from tests.making import T0, at, draft, message_id

WEDDING = EventId("wedding")


@pytest.fixture
async def states(database: Database) -> dict[MessageId, State]:
    """Sixty messages of an event in all states, by id; beside them as many of another event and of none."""
    chance = Random(11)
    found = {message_id(n): chance.choice(list(State)) for n in range(60)}
    rows = []
    for n, (name, state) in enumerate(found.items()):
        for event_id, far in ((WEDDING, 0), (EventId("other"), 100), (None, 200)):
            made = replace(draft(n + far), event_id=event_id)
            rows.append(message_rows.row_of(made) | {"status": state.value, "wamid": f"wamid.{n + far}"})
        assert rows[-3]["id"] == name
    async with database.write() as connection:
        await connection.execute(insert(messages), rows)
        await connection.execute(update(messages).values(sent_at=messages.c.created_at))
    await GuestStore(database).put_event(Event(WEDDING, "The wedding", T0))
    return found


@pytest.mark.parametrize("wanted", [(), (State.FAILED,), (State.SENT, State.READ, State.QUEUED)])
async def test_pages_lead_through_all_of_an_event_newest_first(
    database: Database, states: dict[MessageId, State], wanted: tuple[State, ...]
) -> None:
    overview = Overview(database)
    which = Filter(event_id=WEDDING, states=frozenset(wanted))
    expected = sorted((each for each, state in states.items() if state in (wanted or State)), reverse=True)
    for size in (1, 7, 100):
        assert [each.id async for each in overview.all(which, size)] == expected


async def test_another_condition_narrows_the_page(database: Database, states: dict[MessageId, State]) -> None:
    since = T0 + timedelta(milliseconds=40)
    found = await Overview(database).page(Filter(event_id=WEDDING, since=since), limit=500)
    assert [each.id for each in found] == [message_id(n) for n in range(59, 39, -1)]
    to = found[3].to
    [one] = await Overview(database).page(Filter(event_id=WEDDING, to=to))
    assert one.id == found[3].id
    assert len(states) == 60


async def test_what_is_stuck_is_found_in_every_event_and_in_none(
    database: Database, states: dict[MessageId, State]
) -> None:
    store = SilenceStore(database)
    sent = [n for n in range(60) if states[message_id(n)] is State.SENT]
    stuck = await store.stuck(Silence(before=at(60), asked_before=at(0)), 500)
    assert {each.id for each in stuck} == {message_id(n + far) for n in sent for far in (0, 100, 200)}
    first = await store.stuck(Silence(before=at(60), asked_before=at(0)), 1)
    assert [each.id for each in first] == [message_id(sent[0])]
    async with database.write() as connection:
        await connection.execute(messages.delete())
    assert await store.stuck(Silence(before=at(60), asked_before=at(0)), 500) == []
