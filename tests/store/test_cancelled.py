"""A transaction whose caller is cancelled, wherever that hits it: nothing is written, and the next one works."""

import asyncio

import pytest

from invy.domain.guest import Event
from invy.domain.ids import EventId
from invy.store.database import Database
from invy.store.guests import GuestStore
from tests.making import T0


@pytest.mark.parametrize("steps", range(0, 40, 2))
async def test_a_cancelled_write_says_so_and_leaves_the_database_usable(
    database: Database, steps: int
) -> None:
    store = GuestStore(database)
    cancelled = asyncio.create_task(store.put_event(Event(EventId("cancelled"), "cancelled", T0)))
    for _ in range(steps):
        await asyncio.sleep(0)
    if cancelled.cancel():
        with pytest.raises(asyncio.CancelledError):
            await cancelled

    async with asyncio.timeout(3):  # less than a locked database would take to give up
        await store.put_event(Event(EventId("next"), "next", T0))

    assert EventId("next") in {event.id for event in await store.events()}
