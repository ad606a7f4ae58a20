"""Cases seen to fail in well-known systems, on the receiving side. Each name begins with the number of its case."""

import asyncio
import json
import random
from collections.abc import Sequence
from itertools import permutations

import pytest

from invy.domain.evidence import Attempt, Phase, Receipt
from invy.domain.journal import Outcome
from invy.domain.state import State
from invy.store.overview import Filter
from tests.adversity.bodies import Piece, body, change, entries, failed, signature, status, written
from tests.adversity.stage import Stage, wamid
from tests.making import at, message_id

EVERYTHING = Filter()


def three(words: Sequence[str] = ("delivered", "delivered", "read")) -> list[Piece]:
    return [status(wamid(n + 1), word, 20 + n) for n, word in enumerate(words)]


@pytest.mark.parametrize(
    "given",
    [
        body(*three()),
        entries([change([each]) for each in three()]),
        entries(*([change([each])] for each in three())),
    ],
    ids=["statuses", "changes", "entries"],
)
async def test_t01_three_in_one_webhook_are_all_applied(stage: Stage, given: bytes) -> None:
    await stage.accepted(1, 2, 3)

    await stage.hear(given)

    states = [(await stage.message(n)).state for n in (1, 2, 3)]
    assert states == [State.DELIVERED, State.DELIVERED, State.READ]
    assert await stage.audited() == []


async def test_t02_a_failure_without_contacts_recipient_message_or_details_keeps_its_reason(
    stage: Stage,
) -> None:
    await stage.accepted(1, 2, 3, 4)
    bare = [{"code": 131026, "title": "Message undeliverable"}]
    with_text = [{"code": 131049, "title": "Not delivered", "error_data": "plain text"}]

    await stage.hear(
        body(failed(wamid(1), recipient_id=None)),
        body(failed(wamid(2), recipient_id=None, errors=bare)),
        body(failed(wamid(3), errors=[{"code": 131053}])),
        body(failed(wamid(4), errors=with_text)),
    )

    reasons = []
    for n in (1, 2, 3, 4):
        message = await stage.message(n)
        assert message.state is State.FAILED
        assert message.folded.failed is not None
        failure = message.folded.failed.failure
        reasons.append((failure.code, failure.title, failure.details))
    assert reasons == [
        (131026, "Message undeliverable", "No reason given"),
        (131026, "Message undeliverable", None),
        (131053, None, None),
        (131049, "Not delivered", "plain text"),
    ]


async def test_t02_a_failure_without_any_errors_is_still_a_failure(stage: Stage) -> None:
    await stage.accepted(1, 2)

    await stage.hear(body(status(wamid(1), "failed")), body(status(wamid(2), "failed", errors=[])))

    assert {(await stage.message(n)).state for n in (1, 2)} == {State.FAILED}


async def test_t04_the_same_failure_five_times_is_one_failure(stage: Stage) -> None:
    await stage.accepted(1)
    once = failed(wamid(1))

    await stage.hear(body(once))
    await stage.hear(body(once), body(once, once))
    await stage.hear(body(once))

    failures = [fact for fact in await stage.evidence(1) if isinstance(fact, Receipt)]
    assert len(failures) == 1
    counts = await stage.house.overview.counts(EVERYTHING)
    assert counts[State.FAILED] == 1
    assert (await stage.message(1)).folded.failed_at == at(10)
    assert await stage.audited() == []


async def test_t05_read_delivered_and_sent_in_reverse_and_at_once_end_as_read(stage: Stage) -> None:
    await stage.accepted(*range(1, 19))
    words = {"read": 30, "delivered": 20, "sent": 10}
    bodies = [
        body(status(wamid(1 + n + 6 * third), word, words[word]))
        for third in range(3)
        for n, order in enumerate(permutations(words))
        for word in order
    ]

    await stage.hear(*bodies)

    for n in range(1, 19):
        folded = (await stage.message(n)).folded
        assert folded.state is State.READ
        assert (folded.sent_at, folded.delivered_at, folded.read_at) == (at(10), at(20), at(30))
    assert await stage.audited() == []


@pytest.mark.parametrize("named", [True, False], ids=["with-our-id", "by-wamid-only"])
async def test_t06_a_status_before_the_sends_reply_is_stored_is_applied_without_a_human(
    stage: Stage, *, named: bool
) -> None:
    await stage.leased(1)
    opaque = message_id(1) if named else None

    await stage.hear(body(status(wamid(1), "delivered", 20, biz_opaque_callback_data=opaque)))
    assert (await stage.message(1)).state is (State.DELIVERED if named else State.SENDING)
    await stage.reply(1)

    message = await stage.message(1)
    assert (message.state, message.folded.wamid) == (State.DELIVERED, wamid(1))
    assert await stage.house.overview.orphans() == 0
    assert await stage.audited() == []


async def test_t08_an_unknown_wamid_first_in_a_batch_waits_and_its_neighbours_are_applied(
    stage: Stage,
) -> None:
    await stage.accepted(1)

    await stage.hear(body(status("wamid.2", "read"), status(wamid(1), "delivered"), {"id": 7}))

    assert (await stage.message(1)).state is State.DELIVERED
    assert await stage.house.overview.orphans() == 1
    assert await stage.outcomes() == [Outcome.PARTLY]
    await stage.accepted(2)
    assert (await stage.message(2)).state is State.READ
    assert await stage.house.overview.orphans() == 0


async def test_t09_without_a_signature_nothing_is_taken(stage: Stage) -> None:
    assert await stage.post(body(status(wamid(1), "read")), given="") == 401
    assert await stage.post(body(status(wamid(1), "read")), given="sha256=" + "0" * 64) == 403
    assert await stage.bodies() == []


async def test_t10_a_body_written_anew_on_the_way_is_refused(stage: Stage) -> None:
    original = body(status(wamid(1), "read"))
    anew = written(dict(reversed(json.loads(original).items())))

    assert await stage.post(anew, given=signature(original)) == 403
    assert await stage.bodies() == []


async def test_t12_a_status_with_a_business_scoped_user_id_alone_is_applied(stage: Stage) -> None:
    await stage.accepted(1, 2)
    nameless: Piece = {"recipient_id": None, "recipient_user_id": "GB.13491208655302741918"}

    await stage.hear(
        body(status(wamid(1), "delivered", **nameless)),
        body(
            status(
                "wamid.elsewhere",
                "read",
                recipient_id=None,
                recipient_user_id="GB.13491208655302741918",
                biz_opaque_callback_data=message_id(2),
            )
        ),
    )

    assert (await stage.message(1)).state is State.DELIVERED
    assert (await stage.message(2)).state is State.READ
    [fact] = [each for each in await stage.evidence(1) if isinstance(each, Receipt)]
    assert fact.user_id == "GB.13491208655302741918"


async def test_t14_a_failure_after_reading_is_kept_and_the_message_stays_read(stage: Stage) -> None:
    await stage.accepted(1)

    await stage.hear(body(status(wamid(1), "read", 30)))
    await stage.hear(body(failed(wamid(1), seconds=40)))

    message = await stage.message(1)
    assert message.state is State.READ
    assert message.folded.anomalous
    assert message.folded.failed is not None
    assert message.folded.failed.failure.code == 131026


async def test_t17_a_state_never_moves_backwards_however_receipts_race(stage: Stage) -> None:
    """Watched while hundreds of webhooks race: what was seen once is never seen lower again."""
    count = 20
    await stage.accepted(*range(1, count + 1))
    said = {"sent": 10, "delivered": 20, "read": 30}
    pieces = [status(wamid(n), word, said[word]) for n in range(1, count + 1) for word in said] * 3
    random.Random(17).shuffle(pieces)
    backwards: list[tuple[str, State, State]] = []
    over = asyncio.Event()

    async def watch() -> None:
        seen: dict[str, State] = {}
        while not over.is_set():
            async for message in stage.house.overview.all(EVERYTHING):
                before = seen.get(message.id, State.QUEUED)
                if message.state.rank < before.rank:
                    backwards.append((message.id, before, message.state))
                seen[message.id] = message.state

    watching = asyncio.create_task(watch())
    await stage.hear(*(body(each) for each in pieces))
    over.set()
    await watching

    assert backwards == []
    assert {(await stage.message(n)).state for n in range(1, count + 1)} == {State.READ}


async def test_t17_what_is_delivered_is_not_shown_as_failed_whichever_comes_first(stage: Stage) -> None:
    await stage.accepted(1, 2)

    await stage.hear(body(failed(wamid(1), seconds=15)))
    await stage.hear(body(status(wamid(1), "delivered", 20)))
    await stage.hear(body(status(wamid(2), "delivered", 20)))
    await stage.hear(body(failed(wamid(2), seconds=15)))

    for n in (1, 2):
        message = await stage.message(n)
        assert message.state is State.DELIVERED
        assert message.folded.anomalous
    assert await stage.audited() == []


async def test_t13_a_restart_between_the_request_and_its_reply_is_unconfirmed_not_resent(
    stage: Stage,
) -> None:
    """The bookkeeping of it; the crash itself is in test_crashes."""
    await stage.leased(1)

    assert await stage.house.outbox.expire(at(62)) == [message_id(1)]

    message = await stage.message(1)
    assert message.state is State.UNCONFIRMED
    assert [fact.phase for fact in await stage.evidence(1) if isinstance(fact, Attempt)] == [
        Phase.STARTED,
        Phase.UNSURE,
    ]
    lease = await stage.house.outbox.lease(
        message.sender_id, now=at(1000), limit=10, rate=100, owner="next", lease_s=60
    )
    assert lease.messages == ()
