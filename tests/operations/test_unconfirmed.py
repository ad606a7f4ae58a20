import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest

from invy.domain.errors import InvalidInput, NotFound, OptedOut, TryLater
from invy.domain.evidence import Decision, Settlement
from invy.domain.ids import MessageId
from invy.domain.message import Message
from invy.domain.phone import from_wa_id
from invy.domain.state import State
from invy.engine.cancel import Cancelling
from invy.engine.settle import Settling
from invy.meta import payload
from invy.store.cancelling import CancelStore
from invy.store.doubts import DoubtStore
from invy.store.guests import GuestStore
from invy.store.overview import Filter, Overview
from tests.making import SENDER, at, chunks, draft, message_id
from tests.operations.living import PHONE, Living, audited, body, preference, status, statuses, wamid


class Desk:
    """An operator at a living database; the clock stands where they put it."""

    def __init__(self, living: Living) -> None:
        self.living = living
        self.now = at(1000)
        self._drawn = 0
        self.settling = Settling(
            DoubtStore(living.database), GuestStore(living.database), self._clock, self._random
        )

    def _clock(self) -> datetime:
        return self.now

    def _random(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count, "big")

    async def listed(self, grace: float = 600) -> list[MessageId]:
        pages = self.settling.unconfirmed(timedelta(seconds=grace))
        return [doubt.message.id async for page in pages for doubt in page]

    async def settle(self, n: int, decision: Decision) -> Message:
        return await self.settling.settle(message_id(n), decision, by="dana", note="asked her")

    async def message(self, name: str) -> Message:
        found = await Overview(self.living.database).find(name)
        assert found is not None
        return found


@pytest.fixture
async def desk(living: Living) -> Desk:
    """Messages 1 to 3 with requests as they are really stored: with our id, also inside a button."""
    await living.begin(0)
    made = [
        replace(
            draft(n),
            to=from_wa_id(PHONE) if n == 3 else draft(n).to,
            payload=msgspec.json.encode(
                {
                    "to": draft(n).to,
                    "button": f"yes:{message_id(n)}",
                    "biz_opaque_callback_data": message_id(n),
                }
            ),
        )
        for n in (1, 2, 3)
    ]
    await living.outbox.enqueue(chunks(made))
    return Desk(living)


async def test_a_message_is_listed_with_its_evidence_after_the_grace_period(desk: Desk) -> None:
    await desk.living.unsure(2, 500)
    await desk.living.unsure(1, 30)
    assert await desk.listed() == [message_id(1)]
    assert await desk.listed(grace=60) == [message_id(1), message_id(2)]
    [[doubt]] = [page async for page in desk.settling.unconfirmed()]
    assert [getattr(fact, "note", "") for _, fact in doubt.evidence] == [None, "No answer"]


async def test_any_echo_takes_a_message_off_the_list(desk: Desk) -> None:
    await desk.living.unsure(1)
    await desk.living.hear(statuses(status(1, "sent", 40)))
    assert await desk.listed() == []


@pytest.mark.parametrize(
    ("decision", "state"), [(Decision.SENT, State.SENT), (Decision.NOT_SENT, State.FAILED)]
)
async def test_a_decision_is_evidence_with_its_author(desk: Desk, decision: Decision, state: State) -> None:
    await desk.living.unsure(1)
    assert (await desk.settle(1, decision)).state is state
    assert (await desk.message(message_id(1))).state is state
    timeline = await Overview(desk.living.database).timeline(message_id(1))
    assert timeline[-1][1] == Settlement(decision, at(1000), "dana", "asked her")
    assert await desk.listed() == []
    assert await audited(desk.living.database) == []


async def test_a_later_report_outranks_a_decision(desk: Desk) -> None:
    await desk.living.unsure(1)
    await desk.settle(1, Decision.NOT_SENT)
    await desk.living.hear(statuses(status(1, "delivered", 40)))
    assert (await desk.message(message_id(1))).state is State.DELIVERED


async def test_only_what_is_unconfirmed_can_be_settled(desk: Desk) -> None:
    await desk.living.accepted(1)
    with pytest.raises(InvalidInput, match="is sent"):
        await desk.settle(1, Decision.NOT_SENT)
    with pytest.raises(InvalidInput, match="is queued"):
        await desk.settle(2, Decision.SENT)
    with pytest.raises(NotFound):
        await desk.settle(9, Decision.SENT)
    await desk.living.unsure(3)
    await desk.settle(3, Decision.SENT)
    with pytest.raises(InvalidInput):
        await desk.settle(3, Decision.NOT_SENT)


async def test_a_message_settled_as_not_sent_is_sent_again_as_a_new_one(desk: Desk) -> None:
    await desk.living.unsure(1)
    await desk.settle(1, Decision.NOT_SENT)
    made = await desk.settling.resend(message_id(1))
    fresh = await desk.message(made.id)
    assert (fresh.state, fresh.retry_of, fresh.to) == (State.QUEUED, message_id(1), draft(1).to)
    assert (fresh.event_id, fresh.guest_id) == (draft(1).event_id, draft(1).guest_id)
    request = await Overview(desk.living.database).payload(made.id)
    assert msgspec.json.decode(request) == {
        "to": draft(1).to,
        "button": f"yes:{made.id}",
        "biz_opaque_callback_data": made.id,
    }
    lease = await desk.living.outbox.lease(SENDER, now=at(2000), limit=10, rate=100, owner="me", lease_s=60)
    assert made.id in {each.id for each in lease.messages}
    assert message_id(1) not in {each.id for each in lease.messages}


async def test_sending_again_on_a_guess_needs_the_words(desk: Desk) -> None:
    await desk.living.unsure(1)
    with pytest.raises(InvalidInput, match="may bring it twice") as refused:
        await desk.settling.resend(message_id(1))
    assert "--not-sent" in refused.value.hint
    made = await desk.settling.resend(message_id(1), may_arrive_twice=True)
    assert (await desk.message(made.id)).retry_of == message_id(1)


@pytest.mark.parametrize("words", [False, True])
async def test_what_arrived_or_may_still_leave_is_never_sent_again_here(desk: Desk, words: bool) -> None:
    await desk.living.accepted(1)
    await desk.living.unsure(2)
    await desk.settle(2, Decision.NOT_SENT)
    await desk.living.hear(statuses(status(2, "delivered", 50)))
    for n in (1, 2, 3):
        with pytest.raises(InvalidInput, match="only an unconfirmed one"):
            await desk.settling.resend(message_id(n), may_arrive_twice=words)
    with pytest.raises(NotFound):
        await desk.settling.resend("nothing", may_arrive_twice=words)


async def test_a_message_is_sent_again_once_however_often_it_is_asked_for(desk: Desk) -> None:
    await desk.living.unsure(1)
    await desk.settle(1, Decision.NOT_SENT)
    asked = [desk.settling.resend(message_id(1)) for _ in range(5)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert len(refused) == 4
    assert all(isinstance(each, InvalidInput | TryLater) for each in refused)
    with pytest.raises(InvalidInput, match="has been sent again already"):
        await desk.settling.resend(message_id(1), may_arrive_twice=True)
    assert len(await Overview(desk.living.database).page(Filter(states=frozenset({State.QUEUED})))) == 3


async def test_a_resend_that_was_cancelled_before_it_left_may_be_asked_for_again(desk: Desk) -> None:
    await desk.living.unsure(1)
    await desk.settle(1, Decision.NOT_SENT)
    first = await desk.settling.resend(message_id(1))
    await Cancelling(CancelStore(desk.living.database), lambda: desk.now).message(first.id, by="dana")
    second = await desk.settling.resend(message_id(1))
    assert (await desk.message(second.id)).state is State.QUEUED
    with pytest.raises(InvalidInput, match="has been sent again already"):
        await desk.settling.resend(message_id(1))
    assert await audited(desk.living.database) == []


async def test_a_message_is_found_by_its_other_wamid_too(desk: Desk) -> None:
    await desk.living.unsure(1)
    for twin in ("", "~"):
        await desk.living.hear(statuses(status(1, "mystery", 40, twin=twin)))
    with pytest.raises(InvalidInput, match=message_id(1)):
        await desk.settling.resend(wamid(1, "~"))


async def test_a_message_sent_again_may_itself_be_settled_and_sent_again(desk: Desk) -> None:
    await desk.living.unsure(1)
    first = await desk.settling.resend(message_id(1), may_arrive_twice=True)
    assert [doubt.resent_as async for page in desk.settling.unconfirmed() for doubt in page] == [first.id]
    await desk.living.outbox.lease(SENDER, now=at(1000), limit=9, rate=100, owner="me", lease_s=60)
    await desk.living.outbox.expire(at(1100))
    desk.now = at(3000)
    await desk.settling.settle(first.id, Decision.NOT_SENT, by="dana", note=None)
    second = await desk.settling.resend(first.id)
    assert (await desk.message(second.id)).retry_of == first.id


async def test_a_guest_who_stopped_marketing_meanwhile_is_not_written_to_again(desk: Desk) -> None:
    await desk.living.unsure(3)
    await desk.living.hear(body("user_preferences", user_preferences=[preference("stop", 50)]))
    with pytest.raises(OptedOut):
        await desk.settling.resend(message_id(3), may_arrive_twice=True)
    await desk.settling.resend(message_id(3), may_arrive_twice=True, force=True)


def test_a_request_without_our_id_is_not_sent_again() -> None:
    with pytest.raises(InvalidInput, match="does not carry its id"):
        payload.again(b"{}", "a", "b")
