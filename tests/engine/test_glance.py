"""The glance at Meta: few questions, none too often, and what is not answered stays as it was."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import pytest

from invy.app import checkup
from invy.app.house import House
from invy.diagnose.health import Ability
from invy.diagnose.sighting import (
    Address,
    Health,
    Number,
    Sighting,
    Subscription,
    Template,
    template_subject,
)
from invy.domain.ids import SenderId
from invy.engine.glance import AT_MOST_EVERY, MOST_QUESTIONS, Glance, Outcome, Whom, look
from invy.gateway.graph import Graph
from invy.store import schema
from invy.store.database import Database
from invy.store.sightings import SightingStore
from tests.adversity.stage import until
from tests.engine.doctor.odd_meta import ACCOUNT, APP, NUMBER, Answer, OddMeta, error, odd_meta
from tests.engine.doctor.patients import settings
from tests.engine.doctor.test_silence import sent
from tests.making import at

HOOK = "https://invy.example/whatsapp/webhook"
TEMPLATE = {"name": "t", "language": "he", "status": "APPROVED", "message_send_ttl_seconds": 43_200}


def apps(**more: object) -> dict[str, object]:
    return {"data": [{"whatsapp_business_api_data": {"id": APP, "name": "ours"}, **more}]}


def number(query: Mapping[str, str]) -> Answer:
    """Two questions go to the number: its facts and its health."""
    if query["fields"] == "health_status":
        entities = [
            {
                "entity_type": "PHONE_NUMBER",
                "id": NUMBER,
                "can_send_message": "LIMITED",
                "additional_info": ["low"],
            },
            {"entity_type": "WABA", "id": ACCOUNT, "can_send_message": "AVAILABLE"},
            {"entity_type": "MESSAGE_TEMPLATE", "id": "1", "can_send_message": "BLOCKED"},
            {"entity_type": "SPACESHIP", "id": "1", "can_send_message": "BLOCKED"},
        ]
        return {"health_status": {"can_send_message": "BLOCKED", "entities": entities}}
    return {"display_phone_number": "+1 555-0100", "quality_rating": "green"}


FINE: Mapping[str, Answer] = {
    NUMBER: number,
    f"{ACCOUNT}/subscribed_apps": apps(),
    f"{ACCOUNT}/message_templates": {"data": [TEMPLATE]},
}


@dataclass
class Post:
    """A glance at an odd Meta, on a database, at a time that the test moves."""

    session: Graph
    store: SightingStore
    meta: OddMeta
    now: datetime
    told: list[Outcome] = field(default_factory=list)

    @cached_property
    def glance(self) -> Glance:
        whom = Whom(sender_id=SenderId(NUMBER), account_id=ACCOUNT, app_id=APP, webhook_url=HOOK)
        return Glance(self.session, self.store, whom, lambda: self.now, self.told.append)


@asynccontextmanager
async def post(url: str, answers: Mapping[str, Answer]) -> AsyncIterator[Post]:
    database = Database.open(url)
    await schema.upgrade(database)
    async with odd_meta(answers) as (base, meta), graph(base) as session:
        yield Post(session, SightingStore(database), meta, at(0))
    await database.close()


def graph(base: str) -> Graph:
    return Graph(base_url=base, version="v25.0", token="EAAtest", connections=4)


async def test_a_look_sees_number_health_subscription_and_templates(sqlite_url: str) -> None:
    async with post(sqlite_url, FINE) as there:
        assert await there.glance.round()
        kept = there.store
        assert await kept.last(Number, NUMBER) == Sighting(
            NUMBER, at(0), Number(display="+1 555-0100", quality="GREEN")
        )
        health = await kept.last(Health, NUMBER)
        assert health is not None
        assert health.fact == Health(ability=Ability.LIMITED, reason="low"), "the template's block is its own"
        subscription = await kept.last(Subscription, NUMBER)
        assert subscription is not None
        assert subscription.fact == Subscription(account_id=ACCOUNT, subscribed=True)
        template = await kept.last(Template, template_subject("t", "he"))
        assert template is not None
        assert template.fact == Template(status="APPROVED", lifetime_s=43_200)
        assert len(there.meta.asked) == 4


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"data": []}, Subscription(account_id=ACCOUNT, subscribed=False)),
        (
            {
                "data": [
                    {
                        "whatsapp_business_api_data": {"id": "999"},
                        "override_callback_uri": "https://x.example",
                    }
                ]
            },
            Subscription(account_id=ACCOUNT, subscribed=False),
        ),
        (
            apps(override_callback_uri=HOOK),
            Subscription(account_id=ACCOUNT, subscribed=True, override=Address(url=HOOK, ours=True)),
        ),
        (
            apps(override_callback_uri="https://old.example/hook?token=secret"),
            Subscription(
                account_id=ACCOUNT,
                subscribed=True,
                override=Address(url="https://old.example/hook?…", ours=False),
            ),
        ),
    ],
)
async def test_the_subscription_is_that_of_our_app_and_addresses_are_kept_without_their_secrets(
    sqlite_url: str, answer: Answer, expected: Subscription
) -> None:
    async with post(sqlite_url, {**FINE, f"{ACCOUNT}/subscribed_apps": answer}) as there:
        await there.glance.round()
        seen = await there.store.last(Subscription, NUMBER)
        assert seen is not None
        assert seen.fact == expected


ODD: list[Answer] = [
    (403, error(10, "Application does not have permission for this action")),
    (400, error(190, "Error validating access token")),
    (500, b"<html>oops</html>"),
    b"",
    b"[]",
    b'{"data":{"not":"a list"},"health_status":7,"quality_rating":[]}',
    {"data": [None, 7, {"name": 5}]},
]


@pytest.mark.parametrize("odd", ODD)
async def test_what_is_not_answered_or_oddly_stays_as_it_was_seen(sqlite_url: str, odd: Answer) -> None:
    answers = dict(FINE)
    async with post(sqlite_url, answers) as there:
        there.meta.answers = FINE
        await there.glance.round()
        there.meta.answers = dict.fromkeys(FINE, odd)
        there.now = at(3600)
        assert await there.glance.round()
        health = await there.store.last(Health, NUMBER)
        template = await there.store.last(Template, template_subject("t", "he"))
        facts = await there.store.last(Number, NUMBER)
        assert health is not None
        assert template is not None
        assert facts is not None
        assert [each.at for each in (facts, health, template)] == [at(0)] * 3
        assert (facts.fact.quality, there.told[-1].unread != ()) == ("GREEN", True)


async def test_without_an_answer_nothing_more_is_asked_and_it_is_told_once(sqlite_url: str) -> None:
    async with post(sqlite_url, {}) as there:
        gone = Graph(base_url="http://127.0.0.1:9", version="v25.0", token="EAAtest", connections=1)
        async with gone:
            seen = await look(gone, Whom(sender_id=SenderId(NUMBER), account_id=ACCOUNT, app_id=APP), at(0))
        assert seen.facts == []
        assert len(seen.unread) == 1
        assert seen.unread[0].startswith("the number: ")
        for n in range(3):
            there.now = at(3600 * n)
            assert await there.glance.round()
        assert len(there.told) == 1
        there.meta.answers = FINE
        there.now = at(36_000)
        await there.glance.round()
        assert [bool(outcome.unread) for outcome in there.told] == [True, False]


async def test_a_list_without_an_end_does_not_use_up_more_than_the_budget(sqlite_url: str) -> None:
    endless = {"data": [TEMPLATE], "paging": {"next": "https://x", "cursors": {"after": "A"}}}
    async with post(sqlite_url, {**FINE, f"{ACCOUNT}/message_templates": endless}) as there:
        await there.glance.round()
        assert len(there.meta.asked) <= MOST_QUESTIONS


async def test_an_older_meta_without_the_time_to_live_still_tells_the_status(sqlite_url: str) -> None:
    def old(query: Mapping[str, str]) -> Answer:
        for name in ("message_send_ttl_seconds", "previous_category"):
            if name in query["fields"].split(","):
                return (400, error(100, f"(#100) Tried accessing nonexisting field ({name})"))
        return {"data": [{"name": "t", "language": "he", "status": "PAUSED"}]}

    async with post(sqlite_url, {**FINE, f"{ACCOUNT}/message_templates": old}) as there:
        await there.glance.round()
        seen = await there.store.last(Template, template_subject("t", "he"))
        assert seen is not None
        assert seen.fact == Template(status="PAUSED")


async def test_nobody_looks_soon_after_somebody_did(sqlite_url: str) -> None:
    async with post(sqlite_url, FINE) as there:
        assert await there.glance.round()
        assert not await there.glance.round()
        there.now += AT_MOST_EVERY - timedelta(seconds=1)
        assert not await there.glance.round()
        there.now += timedelta(seconds=1)
        assert await there.glance.round()


async def test_it_looks_when_it_starts_and_when_it_is_woken_until_it_is_closed(sqlite_url: str) -> None:
    async with post(sqlite_url, FINE) as there:
        running = asyncio.create_task(there.glance.run())

        async def looks(times: int) -> None:
            async def looked() -> bool:
                return len(there.meta.asked) >= 4 * times

            await until(looked)

        await looks(1)
        there.now += timedelta(minutes=6)
        there.glance.wake()
        await looks(2)
        there.glance.close()
        await asyncio.wait_for(running, 5)


async def test_the_watch_wakes_whoever_glances_once_when_webhooks_fall_silent(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database.open(sqlite_url)
    await schema.upgrade(database)
    now, woken = at(0), list[bool]()
    house = House(settings(tmp_path, INVY_DATABASE_URL=sqlite_url), database, clock=lambda: now)
    vigil = checkup.vigil(house, lambda: woken.append(True))
    await sent(database, 1, 2, 3)
    await vigil.step()
    assert not woken
    for seconds in (300, 330):
        now = at(seconds)
        await vigil.step()
        assert woken == [True]
    await database.close()
