"""Starting a campaign again invites those whom Meta refused for something that can be changed, and nobody twice."""

import random
from collections.abc import Sequence

import pytest

from invy.domain.evidence import Attempt, Phase, Receipt, Told
from invy.domain.failure import Failure
from invy.domain.guest import Event, Guest
from invy.domain.ids import EventId, GuestId, MessageId, SenderId, TemplateKey, Wamid
from invy.domain.message import Message, Posted
from invy.domain.state import State
from invy.engine.campaign import Campaigns
from invy.engine.compose import Composer
from invy.meta import registry
from invy.store import telling
from invy.store.campaigns import CampaignStore
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.outbox import Outbox
from invy.store.overview import Filter, Overview
from tests.making import SENDER, T0, at, phone

EVENT = EventId("wedding")
TEMPLATE = TemplateKey("hina_invitation")
PARAMS = {"invitation_image_url": "https://images.example.com/1.jpg"}
GUESTS = 4
MISMATCH, BLOCKED = 132000, 131021
"""The number of parameters does not fit the template; and the recipient is the sender, which nothing can change."""


@pytest.fixture
async def campaigns(database: Database) -> Campaigns:
    guests = GuestStore(database)
    listed = [Guest(GuestId(f"g{n}"), EVENT, f"אורח {n}", phone(n), {}, T0) for n in range(GUESTS)]
    await guests.put(Event(EVENT, "Wedding", T0), [listed])
    chance = random.Random(3)
    composer = Composer(
        registry.load(registry.sample(), "templates.toml"), SenderId(SENDER), lambda: at(0), chance.randbytes
    )
    return Campaigns(guests, CampaignStore(database), Outbox(database), composer)


async def started(campaigns: Campaigns) -> tuple[int, int]:
    told = await campaigns.preview(EVENT, TEMPLATE, PARAMS)
    planned = await campaigns.start(EVENT, TEMPLATE, PARAMS)
    assert (told.new, told.already) == (planned.new, planned.already)  # a dry run says what will happen
    return planned.new, planned.already


async def messages(database: Database) -> Sequence[Message]:
    found = [each async for each in Overview(database).all(Filter(event_id=EVENT))]
    return sorted(found, key=lambda each: each.id)


async def leave(database: Database, *answers: Attempt) -> list[MessageId]:
    """Lease as many messages as there are answers, and record these."""
    outbox = Outbox(database)
    lease = await outbox.lease(
        SenderId(SENDER), now=at(5), limit=len(answers), rate=10_000, owner="me", lease_s=60
    )
    posted = [Posted(each.id, answer) for each, answer in zip(lease.messages, answers, strict=True)]
    await outbox.record(posted)
    return [each.id for each in lease.messages]


def refused(code: int | None) -> Attempt:
    return Attempt(1, Phase.REFUSED, at(6), http_status=400, failure=Failure(code, "Refused"))


async def test_those_whom_meta_refused_are_invited_again_once_it_was_mended(
    database: Database, campaigns: Campaigns
) -> None:
    assert await started(campaigns) == (GUESTS, 0)
    accepted = Attempt(1, Phase.ACCEPTED, at(6), wamid=Wamid("wamid.1"))
    again, *_ = await leave(database, refused(MISMATCH), accepted, refused(BLOCKED), refused(None))

    assert await started(campaigns) == (1, 3)
    assert await started(campaigns) == (0, 4)  # an impatient user

    counts = await Overview(database).counts(Filter(event_id=EVENT, cancelled=False))
    assert {state: count for state, count in counts.items() if count} == {
        State.QUEUED: 1,
        State.SENT: 1,
        State.FAILED: 2,
    }
    new = [each for each in await messages(database) if each.state is State.QUEUED]
    old = [each for each in await messages(database) if each.id == again]
    assert [each.to for each in new] == [each.to for each in old]


@pytest.mark.parametrize(
    "doubt",
    [
        Told(Attempt(1, Phase.UNSURE, at(6), note="timeout")),
        Told(Receipt(Wamid("wamid.1"), "sent", at(7), at(8)), wamid=Wamid("wamid.1")),
        Told(
            Receipt(Wamid("wamid.1"), "failed", at(7), at(8), failure=Failure(MISMATCH)),
            wamid=Wamid("wamid.1"),
        ),
    ],
)
async def test_whoever_may_have_been_sent_something_is_not_invited_again(
    database: Database, campaigns: Campaigns, doubt: Told
) -> None:
    await started(campaigns)
    [name, *_] = await leave(database, refused(MISMATCH))
    async with database.write() as connection:
        fact = Told(doubt.fact, message_id=name)
        await telling.tell(connection, database, [fact])

    assert await started(campaigns) == (0, GUESTS)
