import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from invy.domain.evidence import Attempt, Phase
from invy.domain.hold import Hold, Scope
from invy.domain.ids import EventId, MessageId, TemplateKey, Wamid
from invy.domain.message import Lease, Leased, Message, Posted, once_key
from invy.domain.state import State
from invy.store.database import Database
from invy.store.holds import HoldStore
from invy.store.outbox import Outbox
from invy.store.overview import Filter, Overview
from invy.store.tables import opt_outs, senders
from tests.making import SENDER, at, chunks, draft, message_id, phone

FAST = 1000.0


async def lease(
    outbox: Outbox, seconds: float, limit: int = 100, rate: float = FAST, owner: str = "me"
) -> Lease:
    return await outbox.lease(SENDER, now=at(seconds), limit=limit, rate=rate, owner=owner, lease_s=60)


def posted(name: MessageId, phase: Phase, number: int = 1, seconds: float = 2, **more: object) -> Posted:
    wamid = Wamid(f"wamid.{name}") if phase is Phase.ACCEPTED else None
    return Posted(name, Attempt(number, phase, at(seconds), wamid=wamid), **more)  # type: ignore[arg-type]


async def state_of(database: Database, n: int) -> State:
    return (await show(database, n)).state


async def show(database: Database, n: int) -> Message:
    found = await Overview(database).find(message_id(n))
    assert found is not None
    return found


async def test_a_leased_message_is_not_leased_again(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1), draft(2)]))
    first = await lease(outbox, 1)
    assert [each.id for each in first.messages] == [message_id(1), message_id(2)]
    assert [each.attempt for each in first.messages] == [1, 1]
    assert (await lease(outbox, 2)).messages == ()
    assert await state_of(database, 1) is State.SENDING


async def test_the_intent_is_evidence_before_any_request_leaves(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await lease(outbox, 1)
    [(heard_at, fact)] = await Overview(database).timeline(message_id(1))
    assert fact == Attempt(1, Phase.STARTED, at(1))
    assert heard_at == at(1)


async def test_two_senders_never_get_the_same_message(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(n) for n in range(60)]))
    leases = await asyncio.gather(*(lease(outbox, 1 + n / 10, limit=10, owner=str(n)) for n in range(8)))
    got = [each.id for one in leases for each in one.messages]
    assert len(got) == len(set(got))


async def test_one_guest_is_invited_once(database: Database) -> None:
    outbox = Outbox(database)
    assert await outbox.enqueue(chunks([draft(1, once_key="k"), draft(2, once_key="k")], [draft(3)])) == 2
    assert await outbox.enqueue(chunks([draft(4, once_key="k")])) == 0
    assert await outbox.unfinished() == 2


async def test_a_campaign_is_written_whole_or_not_at_all(database: Database) -> None:
    async def breaks() -> object:
        yield [draft(1)]
        raise RuntimeError

    outbox = Outbox(database)
    with pytest.raises(RuntimeError):
        await outbox.enqueue(breaks())  # type: ignore[arg-type]
    assert await outbox.unfinished() == 0


async def test_the_pace_holds_for_all_processes_together(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(n) for n in range(100)]))
    sent = 0
    for step in range(100):  # one second in steps of ten milliseconds, two processes asking in turn
        for owner in ("a", "b"):
            sent += len((await lease(outbox, 1 + step / 100, rate=20, owner=owner)).messages)
    assert 20 <= sent <= 23  # twenty a second, and the burst of a tenth of a second at the start


async def test_when_nothing_may_go_the_lease_says_how_long_to_wait(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(n) for n in range(5)]))
    assert len((await lease(outbox, 1, rate=2)).messages) == 1
    after = await lease(outbox, 1.1, rate=2)
    assert after.messages == ()
    assert after.wait_s == pytest.approx(0.4)


async def test_an_accepted_message_has_its_wamid_and_is_sent(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await lease(outbox, 1)
    await outbox.record([posted(message_id(1), Phase.ACCEPTED)])
    message = await show(database, 1)
    assert message.state is State.SENT
    assert message.folded.wamid == f"wamid.{message_id(1)}"
    assert message.folded.accepted_at == at(2)


async def test_a_deferred_message_returns_and_waits_until_it_is_due(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await lease(outbox, 1)
    await outbox.record([posted(message_id(1), Phase.DEFERRED, due_at=at(30))])
    assert await state_of(database, 1) is State.QUEUED
    assert (await lease(outbox, 29)).messages == ()
    [again] = (await lease(outbox, 31)).messages
    assert again.attempt == 2


async def stop(database: Database, n: int, seconds: float) -> None:
    """The guest asks for no more marketing messages."""
    async with database.write() as connection:
        await connection.execute(insert(opt_outs).values(phone=phone(n), stopped=True, at=at(seconds)))


async def test_what_a_guest_has_stopped_while_it_was_queued_is_not_leased_and_may_be_written_anew(
    database: Database,
) -> None:
    outbox = Outbox(database)
    key = once_key(EventId("wedding"), TemplateKey("t"), phone(1))
    await outbox.enqueue(chunks([draft(1, once_key=key), draft(2)]))
    await stop(database, 1, seconds=1)

    found = await lease(outbox, 2)

    assert [each.id for each in found.messages] == [message_id(2)]
    assert found.left_out == (message_id(1),)
    message = await show(database, 1)
    assert (message.state, message.folded.phase) == (State.FAILED, Phase.NONE)
    assert message.folded.failed is not None
    assert "no more marketing messages" in (message.folded.failed.failure.message or "")
    assert await outbox.known([key]) == set()


async def test_where_everything_was_stopped_the_next_look_comes_at_once(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1), draft(2)]))
    await stop(database, 1, seconds=1)
    assert await lease(outbox, 2, limit=1) == Lease((), 0.0, left_out=(message_id(1),))
    assert [each.id for each in (await lease(outbox, 3, limit=1)).messages] == [message_id(2)]


async def test_a_message_written_after_the_stop_was_forced_and_leaves(database: Database) -> None:
    outbox = Outbox(database)
    await stop(database, 1, seconds=-1)
    await outbox.enqueue(chunks([draft(1)]))
    assert [each.id for each in (await lease(outbox, 2)).messages] == [message_id(1)]


async def test_a_rest_stops_the_sender_for_everyone(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1), draft(2)]))
    await lease(outbox, 1, limit=1)
    await outbox.record([posted(message_id(1), Phase.DEFERRED, rest_until=at(20), sender_id=SENDER)])
    resting = await lease(outbox, 10, owner="another")
    assert resting.messages == ()
    assert resting.wait_s >= 10
    assert len((await lease(outbox, 21)).messages) == 1


async def rested(database: Database) -> Outbox:
    """Six messages: one was sent, and a rest that followed ends at the tenth second."""
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(n) for n in range(1, 7)]))
    await lease(outbox, 1, limit=1)
    await outbox.record([posted(message_id(1), Phase.UNSURE, rest_until=at(10), sender_id=SENDER)])
    return outbox


async def probe(outbox: Outbox, seconds: float) -> Leased:
    [alone] = (await lease(outbox, seconds, owner="the one that goes ahead")).messages
    return alone


def answer(message: Leased, phase: Phase, seconds: float, **more: object) -> Posted:
    return posted(message.id, phase, message.attempt, seconds, sender_id=SENDER, probed=True, **more)


async def test_after_a_rest_one_message_goes_ahead_and_the_others_wait_for_its_answer(
    database: Database,
) -> None:
    outbox = await rested(database)
    alone = await probe(outbox, 11)
    assert alone.rested_s == pytest.approx(9, abs=0.1)
    for seconds in (11, 20, 70):
        waiting = await lease(outbox, seconds, owner="another")
        assert (waiting.messages, waiting.idle) == ((), True)

    await outbox.record([answer(alone, Phase.ACCEPTED, 12)])
    [*others] = (await lease(outbox, 12.1)).messages
    assert [each.rested_s for each in others] == [None] * 4


async def test_whoever_went_ahead_in_vain_sends_everybody_back_to_rest(database: Database) -> None:
    outbox = await rested(database)
    alone = await probe(outbox, 11)
    await outbox.record([answer(alone, Phase.UNSURE, 12, rest_until=at(30))])
    assert (await lease(outbox, 29)).messages == ()
    again = await probe(outbox, 31)
    assert again.rested_s == pytest.approx(19, abs=0.1)


async def test_when_the_one_that_went_ahead_dies_another_goes_in_its_place(database: Database) -> None:
    outbox = await rested(database)
    first = await probe(outbox, 11)
    assert (await lease(outbox, 70)).messages == ()
    assert (await probe(outbox, 72)).id != first.id


async def test_an_answer_from_before_the_rest_does_not_end_it(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(n) for n in range(1, 4)]))
    await lease(outbox, 1, limit=2)
    await outbox.record([posted(message_id(1), Phase.UNSURE, rest_until=at(10), sender_id=SENDER)])
    await outbox.record([posted(message_id(2), Phase.ACCEPTED, sender_id=SENDER)])
    assert (await lease(outbox, 9)).messages == ()


async def test_what_meta_wants_less_of_for_one_number_waits_for_that_number_alone(database: Database) -> None:
    outbox = Outbox(database)
    twin = replace(draft(3), to=phone(1))
    await outbox.enqueue(chunks([draft(1), draft(2), twin, draft(4)]))
    assert len((await lease(outbox, 1, limit=2)).messages) == 2
    await outbox.record(
        [posted(message_id(1), Phase.DEFERRED, due_at=at(8), sender_id=SENDER, pair=phone(1))]
    )
    assert [each.id for each in (await lease(outbox, 7)).messages] == [message_id(4)]
    assert [each.id for each in (await lease(outbox, 9)).messages] == [message_id(1), message_id(3)]


@pytest.mark.parametrize("column", ["next_slot", "rest_until"])
async def test_a_clock_that_was_a_day_ahead_for_a_moment_stops_nobody(
    database: Database, column: str
) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1), draft(2)]))
    await lease(outbox, 86_400, limit=1)
    async with database.write() as connection:
        await connection.execute(update(senders).values({column: at(86_400).timestamp()}))
    assert [each.id for each in (await lease(outbox, 1)).messages] == [message_id(2)]


@pytest.mark.parametrize(
    ("scope", "subject", "free"),
    [(Scope.SENDER, SENDER, 0), (Scope.TEMPLATE, "a", 1), (Scope.CAMPAIGN, "c1", 1)],
)
async def test_what_is_held_is_not_leased_until_released(
    database: Database, scope: Scope, subject: str, free: int
) -> None:
    outbox, holds = Outbox(database), HoldStore(database)
    await outbox.enqueue(
        chunks([draft(1, template="a", campaign="c1"), draft(2, template="b", campaign="c2")])
    )
    await holds.place(Hold(scope, subject, "because", at(0), code=190))
    await holds.place(Hold(scope, subject, "a second reason", at(1)))
    assert [hold.reason for hold in await holds.active()] == ["because"]
    assert len((await lease(outbox, 2)).messages) == free
    assert await holds.release(scope, subject, at(3))
    assert not await holds.release(scope, subject, at(3))
    assert len((await lease(outbox, 4)).messages) == 2 - free


async def test_a_dead_lease_becomes_unconfirmed_and_is_never_sent_again(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await lease(outbox, 1)
    assert await outbox.expire(at(60)) == []
    assert await outbox.expire(at(62)) == [message_id(1)]
    assert await outbox.expire(at(63)) == []
    assert await state_of(database, 1) is State.UNCONFIRMED
    assert (await lease(outbox, 1000)).messages == ()


async def test_an_outcome_that_comes_after_the_lease_ran_out_still_counts(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await lease(outbox, 1)
    await outbox.expire(at(62))
    await outbox.record([posted(message_id(1), Phase.ACCEPTED, seconds=70)])
    assert await state_of(database, 1) is State.SENT


async def test_counts_and_pages(database: Database) -> None:
    outbox, overview = Outbox(database), Overview(database)
    await outbox.enqueue(chunks([draft(n) for n in range(25)]))
    await lease(outbox, 1, limit=5)
    counts = await overview.counts(Filter(event_id=draft(0).event_id))
    assert (counts[State.QUEUED], counts[State.SENDING], counts[State.READ]) == (20, 5, 0)
    seen = [message.id async for message in overview.all(Filter(), size=10)]
    assert seen == [message_id(n) for n in reversed(range(25))]
    assert len(await overview.page(Filter(states=frozenset({State.SENDING})))) == 5
    assert await overview.page(Filter(event_id=None, to="+440000000000")) == []
