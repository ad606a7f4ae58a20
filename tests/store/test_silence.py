"""Whose turn it is to ask Meta about a message: one asker for each, one question a second, so many an hour."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from invy.domain.silence import Budget, NoTurn, Turn
from invy.store import schema
from invy.store.database import Database
from invy.store.outbox import Outbox
from invy.store.silence import SilenceStore
from invy.store.tables import messages, sightings
from tests.making import at, chunks, draft, message_id

MESSAGES = 12
BUDGET = Budget(per_hour=5, gap_s=1.0)
NOW = at(1000)
LONG_AGO = at(0)


@pytest.fixture
async def store(database: Database) -> SilenceStore:
    await Outbox(database).enqueue(chunks([draft(n) for n in range(1, MESSAGES + 1)]))
    return SilenceStore(database)


@pytest.fixture
async def processes(postgresql_url: str) -> AsyncIterator[list[SilenceStore]]:
    """Four askers on one PostgreSQL, each with connections of its own, as processes have them."""
    async with AsyncExitStack() as stack:
        databases = []
        for _ in range(4):
            databases.append(Database.open(postgresql_url))
            stack.push_async_callback(databases[-1].close)
        await schema.upgrade(databases[0])
        await Outbox(databases[0]).enqueue(chunks([draft(n) for n in range(1, MESSAGES + 1)]))
        yield [SilenceStore(each) for each in databases]


async def all_turns(processes: list[SilenceStore], budget: Budget) -> list[Turn]:
    """What they are given who all want to ask about every message at once, each beginning with another one."""

    async def one(store: SilenceStore, first: int) -> list[Turn | NoTurn]:
        order = [1 + (first + n) % MESSAGES for n in range(MESSAGES)]
        return [await store.take_turn(message_id(n), NOW, LONG_AGO, budget) for n in order]

    given = await asyncio.gather(*(one(store, 3 * n) for n, store in enumerate(processes)))
    return [turn for each in given for turn in each if isinstance(turn, Turn)]


async def asked_at(database: Database, n: int) -> datetime | None:
    async with database.read() as connection:
        found = await connection.execute(select(messages.c.asked_at).where(messages.c.id == message_id(n)))
        moment: datetime | None = found.scalar_one()
        return moment


async def test_simultaneous_askers_share_one_hour_one_pace_and_no_message(
    processes: list[SilenceStore],
) -> None:
    turns = await all_turns(processes, BUDGET)
    assert len(turns) == BUDGET.per_hour
    assert len({turn.id for turn in turns}) == len(turns)
    assert sorted(turn.wait_s for turn in turns) == [0.0, 1.0, 2.0, 3.0, 4.0]


async def test_simultaneous_askers_never_ask_about_the_same_message(processes: list[SilenceStore]) -> None:
    plenty = Budget(per_hour=1000, gap_s=1.0)
    turns = await all_turns(processes, plenty)
    assert sorted(turn.id for turn in turns) == [message_id(n) for n in range(1, MESSAGES + 1)]
    waits = sorted(turn.wait_s for turn in turns)
    assert all(later - sooner >= plenty.gap_s for sooner, later in pairwise(waits))


async def test_a_message_that_was_just_asked_about_is_left_to_whoever_asked(store: SilenceStore) -> None:
    assert isinstance(await store.take_turn(message_id(1), NOW, LONG_AGO, BUDGET), Turn)
    assert await store.take_turn(message_id(1), NOW, LONG_AGO, BUDGET) is NoTurn.TAKEN
    later = NOW + timedelta(hours=6)
    assert isinstance(await store.take_turn(message_id(1), later, NOW, BUDGET), Turn)


async def test_every_question_counts_also_when_they_are_all_about_one_message(store: SilenceStore) -> None:
    turns = [await store.take_turn(message_id(1), at(n), at(n), BUDGET) for n in range(100, 107)]
    assert [isinstance(each, Turn) for each in turns] == [True] * 5 + [False] * 2
    assert turns[-1] is NoTurn.SPENT
    assert isinstance(await store.take_turn(message_id(2), at(3701), LONG_AGO, BUDGET), Turn)


async def test_a_question_given_back_frees_its_message_and_not_the_budget(
    store: SilenceStore, database: Database
) -> None:
    first = await store.take_turn(message_id(1), at(100), LONG_AGO, BUDGET)
    again = await store.take_turn(message_id(1), at(200), at(150), BUDGET)
    assert isinstance(first, Turn)
    assert isinstance(again, Turn)
    await store.give_back(first)  # somebody has asked since: theirs stays
    assert await asked_at(database, 1) == at(200)
    await store.give_back(again)
    assert await asked_at(database, 1) == at(100)
    rest = [await store.take_turn(message_id(n), at(300), LONG_AGO, BUDGET) for n in range(2, 6)]
    assert [isinstance(each, Turn) for each in rest] == [True] * 3 + [False]


async def test_a_clock_that_ran_ahead_stops_nobody_from_asking(store: SilenceStore) -> None:
    tomorrow = NOW + timedelta(days=1)
    assert isinstance(await store.take_turn(message_id(1), tomorrow, LONG_AGO, BUDGET), Turn)
    turn = await store.take_turn(message_id(2), NOW, LONG_AGO, BUDGET)
    assert isinstance(turn, Turn)
    assert turn.wait_s == 0


async def test_a_ledger_that_another_version_wrote_counts_as_empty(
    store: SilenceStore, database: Database
) -> None:
    await store.take_turn(message_id(1), NOW, LONG_AGO, BUDGET)
    async with database.write() as connection:
        await connection.execute(update(sightings).values(fact=b'{"asked": "often"}'))
    assert isinstance(await store.take_turn(message_id(2), NOW, LONG_AGO, BUDGET), Turn)
