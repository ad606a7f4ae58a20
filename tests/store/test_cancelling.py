"""Cancelling a queued message and leasing it exclude each other, and the written state stays the fold of the evidence."""

import asyncio
from datetime import datetime

import pytest

from invy.app.proof import audit
from invy.domain.errors import InvalidInput, NotFound
from invy.domain.evidence import Attempt, Phase, Settlement
from invy.domain.ids import CampaignId, EventId, TemplateKey
from invy.domain.message import Posted, once_key
from invy.domain.state import State
from invy.engine.cancel import NOTE, Cancelling
from invy.store.cancelling import CancelStore
from invy.store.database import Database
from invy.store.outbox import Outbox
from invy.store.overview import Filter, Overview
from tests.making import SENDER, at, chunks, draft, message_id, phone

CAMPAIGN = CampaignId("c-1")


def clock() -> datetime:
    return at(100)


@pytest.fixture
def desk(database: Database) -> Cancelling:
    return Cancelling(CancelStore(database), clock)


@pytest.fixture
async def outbox(database: Database) -> Outbox:
    """Ten invitations of a campaign, and one message beside it."""
    made = Outbox(database)
    invitations = [
        draft(n, campaign=CAMPAIGN, once_key=once_key(EventId("wedding"), TemplateKey("t"), phone(n)))
        for n in range(10)
    ]
    await made.enqueue(chunks([*invitations, draft(50, once_key="\x1fkey\x1ftoken\x1fmine")]))
    return made


async def lease(outbox: Outbox, limit: int) -> int:
    taken = await outbox.lease(SENDER, now=at(50), limit=limit, rate=1000, owner="o", lease_s=60)
    return len(taken.messages)


async def clean(database: Database) -> bool:
    return (await audit(database, lambda _: None, lambda _: None)).differences == 0


async def test_a_cancelled_campaign_sends_nothing_more_and_what_has_left_is_untouched(
    database: Database, outbox: Outbox, desk: Cancelling
) -> None:
    assert await lease(outbox, 3) == 3
    assert await desk.campaign(CAMPAIGN, by="dana", note="the wrong date") == 7
    counts = await Overview(database).counts(Filter(campaign_id=CAMPAIGN))
    assert (counts[State.SENDING], counts[State.FAILED], counts[State.QUEUED]) == (3, 7, 0)
    assert await lease(outbox, 100) == 1  # the one beside the campaign
    [(_, fact)] = await Overview(database).timeline(message_id(9))
    assert isinstance(fact, Settlement)
    assert (fact.by, fact.note, fact.at) == ("dana", "the wrong date", at(100))
    assert await desk.campaign(CAMPAIGN, by="dana") == 0
    assert await clean(database)


async def test_a_cancelled_guest_can_be_invited_anew_and_only_once(
    database: Database, outbox: Outbox, desk: Cancelling
) -> None:
    key = once_key(EventId("wedding"), TemplateKey("t"), phone(3))
    assert not await outbox.enqueue_one(draft(60, once_key=key))
    await desk.campaign(CAMPAIGN, by="dana")
    assert await outbox.enqueue_one(draft(61, once_key=key))
    assert not await outbox.enqueue_one(draft(62, once_key=key))
    [funnel] = await Overview(database).funnels(Filter(event_id=EventId("wedding")))
    assert funnel.queued == 2


async def test_one_message_is_cancelled_by_its_id_and_keeps_a_key_that_is_no_invitation(
    database: Database, outbox: Outbox, desk: Cancelling
) -> None:
    cancelled = await desk.message(message_id(50), by="dana")
    assert cancelled.state is State.FAILED
    assert cancelled.folded.failed is not None
    assert cancelled.folded.failed.failure.message == NOTE
    assert not await outbox.enqueue_one(draft(51, once_key="\x1fkey\x1ftoken\x1fmine"))
    with pytest.raises(InvalidInput, match="only a queued one"):
        await desk.message(message_id(50), by="dana")
    with pytest.raises(NotFound):
        await desk.message("nobody", by="dana")
    assert await clean(database)


async def test_what_is_leaving_is_not_cancelled(outbox: Outbox, desk: Cancelling) -> None:
    assert await lease(outbox, 1) == 1
    with pytest.raises(InvalidInput, match="is sending"):
        await desk.message(message_id(0), by="dana")


async def test_what_meta_asked_to_send_later_can_be_cancelled(
    database: Database, outbox: Outbox, desk: Cancelling
) -> None:
    assert await lease(outbox, 1) == 1
    later = Attempt(1, Phase.DEFERRED, at(51), note="slow down")
    await outbox.record([Posted(message_id(0), later, due_at=at(500))])
    assert (await desk.message(message_id(0), by="dana")).state is State.FAILED
    assert len(await Overview(database).page(Filter(cancelled=True))) == 1
    assert await lease(outbox, 100) == 10
    assert await clean(database)


async def test_a_sender_and_a_person_at_the_same_time_never_both_have_a_message(
    database: Database, outbox: Outbox, desk: Cancelling
) -> None:
    taken = await asyncio.gather(
        *(lease(outbox, 2) for _ in range(4)), desk.campaign(CAMPAIGN, by="dana"), lease(outbox, 2)
    )
    counts = await Overview(database).counts(Filter())
    assert counts[State.SENDING] == sum(taken) - taken[4]
    assert counts[State.FAILED] == taken[4]
    assert counts[State.SENDING] + counts[State.FAILED] + counts[State.QUEUED] == 11
    assert (await Overview(database).counts(Filter(campaign_id=CAMPAIGN)))[State.QUEUED] == 0
    assert await clean(database)
