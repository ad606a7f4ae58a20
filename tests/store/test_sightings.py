"""What was seen at Meta is kept, the newest of each kind and subject, and looks are taken in turn. On both databases."""

import asyncio
from datetime import timedelta

import pytest

from invy.diagnose.health import Ability
from invy.diagnose.sighting import (
    Address,
    Fact,
    Health,
    Number,
    Sighting,
    Subscription,
    Template,
    template_subject,
)
from invy.store.database import Database
from invy.store.sightings import SightingStore
from invy.store.tables import sightings
from tests.making import SENDER, at

FACTS: list[Fact] = [
    Number(display="+1 555-0100", quality="GREEN", override=Address(url="https://a.example/", ours=True)),
    Health(ability=Ability.BLOCKED, reason="נעול"),
    Subscription(account_id="1", subscribed=False),
    Template(status="APPROVED", category="MARKETING", lifetime_s=-1),
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.kind)
async def test_a_fact_comes_back_as_it_was_kept(database: Database, fact: Fact) -> None:
    store, seen = SightingStore(database), Sighting(SENDER, at(5), fact)
    assert await store.last(type(fact), SENDER) is None
    await store.keep([seen])
    assert await store.last(type(fact), SENDER) == seen
    assert await store.last(type(fact), "another") is None


async def test_the_newest_wins_whichever_is_kept_first(database: Database) -> None:
    store = SightingStore(database)
    older, newer = (Sighting(SENDER, at(n), Number(quality=word)) for n, word in ((1, "RED"), (2, "GREEN")))
    await store.keep([newer])
    await store.keep([older])
    assert await store.last(Number, SENDER) == newer
    await store.keep([newer, older])
    assert await store.last(Number, SENDER) == newer


async def test_many_templates_are_kept_at_once(database: Database) -> None:
    store = SightingStore(database)
    await store.keep([Sighting(f"t{n}/he", at(1), Template(status="APPROVED")) for n in range(1200)])
    assert await store.last(Template, "t1199/he") is not None


def test_a_template_is_one_thing_however_its_language_is_spelt() -> None:
    assert template_subject("a", "en-US") == template_subject("a", "en_us") != template_subject("a", "en")


async def test_a_row_that_cannot_be_read_was_never_seen(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(
            sightings.insert().values(kind="health", subject=SENDER, at=at(1), fact=b'{"ability":"FLYING"}')
        )
    assert await SightingStore(database).last(Health, SENDER) is None


async def test_whoever_looks_is_alone_for_a_while(database: Database) -> None:
    store, gap = SightingStore(database), timedelta(minutes=5)
    assert await store.may_look(SENDER, at(0), gap)
    assert not await store.may_look(SENDER, at(299), gap)
    assert await store.may_look("another", at(299), gap)
    assert await store.may_look(SENDER, at(300), gap)
    assert not await store.may_look(SENDER, at(400), gap)


async def test_of_many_who_want_to_look_at_once_one_may(database: Database) -> None:
    store = SightingStore(database)
    for moment in (0, 1000):
        asked = [store.may_look(SENDER, at(moment), timedelta(minutes=5)) for _ in range(8)]
        assert sorted(await asyncio.gather(*asked)) == [False] * 7 + [True]


async def test_a_clock_that_was_ahead_does_not_end_all_looking(database: Database) -> None:
    store = SightingStore(database)
    assert await store.may_look(SENDER, at(1_000_000), timedelta(minutes=5))
    assert await store.may_look(SENDER, at(0), timedelta(minutes=5))
