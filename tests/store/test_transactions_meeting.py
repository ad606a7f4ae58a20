"""On PostgreSQL transactions meet: what one puts back another must not take against a hold, and a circle is ended."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.util import await_only

from invy.domain.errors import Crossed
from invy.domain.evidence import Attempt, Phase
from invy.domain.hold import Hold, Scope
from invy.domain.message import Posted
from invy.domain.state import State
from invy.store import schema
from invy.store.database import Database
from invy.store.outbox import Outbox
from invy.store.overview import Overview
from invy.store.tables import messages
from tests.making import SENDER, at, chunks, draft, message_id


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    opened = Database.open(postgresql_url)
    await schema.upgrade(opened)
    yield opened
    await opened.close()


async def test_what_a_hold_has_put_back_is_not_taken_by_who_looked_before_it(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await outbox.lease(SENDER, now=at(1), limit=1, rate=1000, owner="first", lease_s=60)
    refused = Posted(
        message_id(1),
        Attempt(1, Phase.DEFERRED, at(2), http_status=401),
        hold=Hold(Scope.SENDER, SENDER, "The token has expired", at(2), 190),
    )
    done: list[bool] = []

    def between(*told: Any) -> None:
        """After the other has read the holds, before it takes messages."""
        if "SKIP LOCKED" in told[2] and not done:
            done.append(True)
            await_only(outbox.record([refused]))

    event.listen(database.engine.sync_engine, "before_cursor_execute", between)
    lease = await outbox.lease(SENDER, now=at(3), limit=1, rate=1000, owner="second", lease_s=60)
    event.remove(database.engine.sync_engine, "before_cursor_execute", between)

    assert done
    assert lease.messages == ()
    found = await Overview(database).find(message_id(1))
    assert found is not None
    assert found.state is State.QUEUED
    assert (await outbox.lease(SENDER, now=at(4), limit=1, rate=1000, owner="me", lease_s=60)).idle


async def test_of_two_who_wait_for_each_other_one_goes_on_and_the_other_is_told_what_it_was(
    database: Database,
) -> None:
    await Outbox(database).enqueue(chunks([draft(1), draft(2)]))
    both = asyncio.Barrier(2)

    async def change(first: int, second: int) -> None:
        async with database.write() as connection:
            for n in (first, second):
                row = update(messages).where(messages.c.id == message_id(n))
                await connection.execute(row.values(wa_id=f"{first}"))
                if n == first:
                    await both.wait()

    told = await asyncio.gather(change(1, 2), change(2, 1), return_exceptions=True)

    assert [type(each) for each in told if each is not None] == [Crossed]
    async with database.read() as connection:
        written = {row.wa_id for row in await connection.execute(select(messages.c.wa_id))}
    assert len(written) == 1
