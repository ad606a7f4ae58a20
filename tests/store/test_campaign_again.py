"""Starting a campaign again invites those whom Meta refused for something that can be changed, and nobody twice."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from invy.domain.errors import InvalidInput
from invy.domain.evidence import Attempt, Phase, Receipt, Told
from invy.domain.failure import Failure
from invy.domain.guest import Event, Guest
from invy.domain.ids import EventId, GuestId, MessageId, SenderId, TemplateKey, Wamid
from invy.domain.message import Message, Posted
from invy.domain.state import State
from invy.engine.again import again as failures
from invy.engine.campaign import Campaigns
from invy.engine.cancel import Cancelling
from invy.engine.compose import Composer
from invy.meta import registry
from invy.store import telling
from invy.store.campaigns import CampaignStore
from invy.store.cancelling import CancelStore
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
PICTURE, STOPPED, CROWDED = 131053, 131050, 131049
"""Reported after Meta took a message: no picture there, the guest wants no more, and too much marketing for today."""


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


async def started(campaigns: Campaigns, *again: int) -> tuple[int, int]:
    told = await campaigns.preview(EVENT, TEMPLATE, PARAMS, again=again)
    planned = await campaigns.start(EVENT, TEMPLATE, PARAMS, again=again)
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


async def undelivered(database: Database, *codes: int | None, round_: int = 0) -> list[MessageId]:
    """Meta takes as many messages as there are codes, and reports that they failed; or, without a code, delivered."""
    wamids = [Wamid(f"wamid.{round_}.{n}") for n, _ in enumerate(codes)]
    names = await leave(database, *(Attempt(1, Phase.ACCEPTED, at(6), wamid=wamid) for wamid in wamids))
    for name, wamid, code in zip(names, wamids, codes, strict=True):
        failure = None if code is None else Failure(code)
        word = "delivered" if code is None else "failed"
        await tell(database, name, Receipt(wamid, word, at(7), at(8), failure=failure))
    return names


async def tell(database: Database, name: MessageId, fact: Receipt | Attempt) -> None:
    async with database.write() as connection:
        await telling.tell(connection, database, [Told(fact, message_id=name)])


async def test_those_to_whom_meta_could_not_deliver_are_invited_again_for_the_cause_that_was_mended(
    database: Database, campaigns: Campaigns
) -> None:
    await started(campaigns)
    failed, *_ = await undelivered(database, PICTURE, CROWDED, None, STOPPED)
    campaign = (await CampaignStore(database).of_event(EVENT))[0]

    assert await started(campaigns) == (
        0,
        GUESTS - 1,
    )  # never by itself: Meta took those messages; one has stopped us
    assert await campaigns.undelivered(campaign.id) == {PICTURE: 1, CROWDED: 1}
    assert await started(campaigns, PICTURE) == (1, GUESTS - 2)
    assert await started(campaigns, PICTURE) == (0, GUESTS - 1)  # an impatient user
    assert await campaigns.undelivered(campaign.id) == {CROWDED: 1}

    found = await messages(database)
    [new] = [each for each in found if each.state is State.QUEUED]
    [old] = [each for each in found if each.id == failed]
    assert (new.retry_of, new.to, new.guest_id) == (old.id, old.to, old.guest_id)
    counts = await Overview(database).counts(Filter(event_id=EVENT, cancelled=False))
    assert sum(counts.values()) == GUESTS


async def test_where_meta_wants_a_day_to_pass_nobody_is_invited_again_before(
    database: Database, campaigns: Campaigns
) -> None:
    await started(campaigns)
    await undelivered(database, CROWDED)
    day = 86_400
    store = CampaignStore(database)
    campaign = (await store.of_event(EVENT))[0]

    for now, meant in ((at(7 + day - 1), 0), (at(7 + day), 1)):
        again = failures([CROWDED], now)
        found = await store.undelivered_among(campaign.id, [phone(n) for n in range(GUESTS)], again)
        assert len(found) == meant


async def test_nobody_is_invited_again_after_what_would_fail_as_before(campaigns: Campaigns) -> None:
    await started(campaigns)
    with pytest.raises(InvalidInput, match="131050"):
        await campaigns.start(EVENT, TEMPLATE, PARAMS, again=[PICTURE, STOPPED])
    with pytest.raises(InvalidInput, match="131050"):
        await campaigns.preview(EVENT, TEMPLATE, PARAMS, again=[STOPPED])


async def test_a_message_that_arrived_after_all_or_may_yet_is_not_followed_by_another(
    database: Database, campaigns: Campaigns
) -> None:
    await started(campaigns)
    names = await undelivered(database, PICTURE, PICTURE, PICTURE)
    await tell(database, names[0], Receipt(Wamid("wamid.0.0"), "delivered", at(9), at(10)))

    assert await started(campaigns, PICTURE) == (2, GUESTS - 2)
    second = await leave(database, Attempt(1, Phase.UNSURE, at(11), note="timeout"), refused(BLOCKED))
    assert await started(campaigns, PICTURE) == (0, GUESTS)
    assert len(second) == 2


async def test_whose_second_try_failed_too_is_invited_a_third_time_for_its_cause(
    database: Database, campaigns: Campaigns
) -> None:
    await started(campaigns)
    await undelivered(database, *[PICTURE] * GUESTS)
    assert await started(campaigns, PICTURE) == (GUESTS, 0)
    await undelivered(database, CROWDED, PICTURE, round_=1)

    assert await started(campaigns, PICTURE) == (1, GUESTS - 1)
    by_id = {each.id: each for each in await messages(database)}
    [third] = [each for each in by_id.values() if each.retry_of and by_id[each.retry_of].retry_of]
    assert third.state is State.QUEUED


async def test_whose_second_try_was_cancelled_counts_as_not_invited(
    database: Database, campaigns: Campaigns
) -> None:
    await started(campaigns)
    await undelivered(database, PICTURE)
    assert await started(campaigns, PICTURE) == (1, GUESTS - 1)
    campaign = (await CampaignStore(database).of_event(EVENT))[0]
    await Cancelling(CancelStore(database), lambda: at(12)).campaign(campaign.id, by="me", note=None)

    assert await started(campaigns) == (
        GUESTS,
        0,
    )


async def test_two_who_start_it_again_at_once_invite_nobody_twice(
    database: Database, campaigns: Campaigns
) -> None:
    await started(campaigns)
    await undelivered(database, PICTURE, PICTURE, PICTURE, PICTURE)

    both = await asyncio.gather(
        *(campaigns.start(EVENT, TEMPLATE, PARAMS, again=[PICTURE]) for _ in range(2))
    )

    assert sum(each.new for each in both) == GUESTS
    queued = [each.to for each in await messages(database) if each.state is State.QUEUED]
    assert len(queued) == len(set(queued)) == GUESTS
