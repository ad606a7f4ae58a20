"""Reply and receipt stored at the same moment by two who do not see each other: the same result, in every round."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from invy.domain.state import State
from invy.engine.apply import Applier
from invy.engine.hand import Hand
from invy.engine.replay import Unobserved
from invy.meta import webhook
from invy.store.batch import ApplyStore
from invy.store.tables import messages
from tests.adversity.bodies import Piece, body, status
from tests.adversity.stage import Stage, wamid
from tests.making import at, message_id

ROUNDS = 60
AT_ONCE = 4


def applier(stage: Stage) -> Applier:
    return Applier(ApplyStore(stage.house.database), webhook.read, lambda: at(100), Unobserved())


async def apply_all(of: Applier) -> None:
    while await of.step():
        pass


async def journalled(stage: Stage, *pieces: Piece) -> None:
    await stage.house.journal.append([(at(50), body(each)) for each in pieces])


@pytest.fixture
async def idle(stage: Stage) -> Stage:
    """A stage whose own applier is out of the way."""
    stage.service.applier.close()
    await asyncio.sleep(0)
    return stage


async def judged(stage: Stage, numbers: range) -> None:
    async with stage.house.database.read() as connection:
        found = await connection.execute(
            select(messages.c.status, messages.c.wamid).where(
                messages.c.id.in_([message_id(n) for n in numbers])
            )
        )
        assert {(row.status, row.wamid) for row in found} == {("read", wamid(n)) for n in numbers}


async def test_the_reply_and_the_first_receipt_may_be_stored_in_any_order_and_at_once(idle: Stage) -> None:
    numbers = range(1, ROUNDS * AT_ONCE + 1)
    await idle.leased(*numbers)
    for start in range(1, len(numbers) + 1, AT_ONCE):
        group = range(start, start + AT_ONCE)
        await journalled(idle, *(status(wamid(n), "read", 30) for n in group))
        works: list[Callable[[], Awaitable[None]]] = [
            lambda group=group: idle.reply(*group),  # type: ignore[misc]
            lambda: apply_all(applier(idle)),
        ]
        if start % (2 * AT_ONCE) == 1:
            works.reverse()
        await asyncio.gather(*(work() for work in works))

    await judged(idle, numbers)
    assert await idle.house.overview.orphans() == 0
    assert await idle.audited() == []


async def test_two_who_apply_at_once_join_a_nameless_receipt_with_the_echo_of_our_id(idle: Stage) -> None:
    """One reads a receipt with the wamid alone, the other the one that tells whose wamid it is. Both twice."""
    numbers = range(1, ROUNDS + 1)
    await idle.leased(*numbers)
    for n in numbers:
        nameless = [status(wamid(n), "read", 30), status(wamid(n), "read", 30)]
        echo = [status(wamid(n), "sent", 10, biz_opaque_callback_data=message_id(n))]
        await idle.house.journal.append(
            [(at(50 + k), body(each)) for k, each in enumerate((*nameless, *echo, *nameless))]
        )
        await asyncio.gather(*(_one_by_one(idle) for _ in range(3)))

    await judged(idle, numbers)
    assert await idle.house.overview.orphans() == 0
    assert await idle.audited() == []


async def _one_by_one(stage: Stage) -> None:
    hand = Hand(ApplyStore(stage.house.database), webhook.read, lambda: at(100), Unobserved(), most=1)
    while await hand.step():
        pass


async def test_many_who_apply_the_same_receipts_at_once_leave_one_of_each(idle: Stage) -> None:
    numbers = range(1, 41)
    await idle.accepted(*numbers)
    pieces = [status(wamid(n), word, 10) for n in numbers for word in ("sent", "delivered", "read")]
    for heard in range(4):
        await idle.house.journal.append([(at(50 + heard), body(each)) for each in pieces])

    await asyncio.gather(*(_one_by_one(idle) for _ in range(4)))

    await judged(idle, numbers)
    assert len(await idle.evidence(1)) == 5
    assert (await idle.message(1)).folded.last_receipt_at == at(53)
    assert (await idle.message(1)).state is State.READ
    assert await idle.audited() == []
