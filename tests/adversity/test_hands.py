"""Two hands at one journal, on PostgreSQL: one reads on while the other waits, neither dies unheard, none waits in a circle."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from invy.domain.evidence import Receipt, Told
from invy.domain.ids import Wamid
from invy.domain.state import State
from invy.engine.apply import Applier
from invy.engine.hand import BATCH_BYTES
from invy.engine.replay import Unobserved
from invy.meta import webhook
from invy.store import telling
from invy.store.batch import ApplyStore, Batch
from invy.store.database import Database
from invy.store.journal import JournalStore
from invy.store.tables import evidence, messages
from tests.adversity.bodies import body, status
from tests.adversity.stage import Stage, settings, staged, until, wamid
from tests.making import at, message_id

PER_BATCH = 16
BATCHES = 6
LEADING = 2
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
ROUNDS, AT_ONCE = 10, 500


def heavy(name: str) -> bytes:
    """A body with one status, so large that about `PER_BATCH` of them are a batch."""
    return body(status(name, "read", 30, padding="x" * (BATCH_BYTES // PER_BATCH - 400)))


@pytest.fixture
async def stage(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(settings(postgresql_url, tmp_path)) as made:
        yield made


async def test_while_one_hand_waits_for_a_message_that_somebody_holds_the_other_reads_to_the_end(
    stage: Stage,
) -> None:
    await stage.accepted(1)
    names = [f"wamid.stranger-{n}" for n in range(BATCHES * PER_BATCH)]
    names[2 * PER_BATCH] = wamid(1)
    async with stage.house.database.write() as elsewhere:
        await elsewhere.execute(select(messages.c.id).where(messages.c.id == message_id(1)).with_for_update())
        await stage.house.journal.append([(at(50), heavy(name)) for name in names])
        stage.service.applier.wake()

        async def the_rest_is_read() -> bool:
            return await stage.house.journal.waiting() < 2 * PER_BATCH

        await until(the_rest_is_read)
        assert await stage.house.journal.waiting() > 0
        assert (await stage.message(1)).state is State.SENT

    await stage.applied()
    assert (await stage.message(1)).state is State.READ
    assert await stage.house.overview.orphans() == len(names) - 1
    assert await stage.audited() == []


async def test_what_comes_while_one_hand_is_held_up_is_read_by_the_other(stage: Stage) -> None:
    await stage.accepted(1, 2)
    async with stage.house.database.write() as elsewhere:
        await elsewhere.execute(select(messages.c.id).where(messages.c.id == message_id(1)).with_for_update())
        stage.service.applier.wake()
        await stage.house.journal.append([(at(50), body(status(wamid(1), "read")))])
        await until(partial(somebody_waits, stage.house.database))
        await stage.house.journal.append([(at(51), body(status(wamid(2), "read")))])
        stage.service.applier.wake()

        async def the_other_is_read() -> bool:
            return (await stage.message(2)).state is State.READ

        await until(the_other_is_read)
        assert (await stage.message(1)).state is State.SENT

    await stage.applied()
    assert (await stage.message(1)).state is State.READ


async def somebody_waits(database: Database) -> bool:
    """Whether a statement stands before a lock."""
    async with database.read() as connection:
        found = await connection.execute(text(WAITING))
        return bool(found.scalar_one())


class Broken(ApplyStore):
    """Scripted defect: the hand that leads has its second batch for ever, and whoever comes to help finds the store broken."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._begun = 0

    @asynccontextmanager
    async def applying(self, limit: int, max_bytes: int) -> AsyncIterator[Batch]:
        self._begun += 1
        if self._begun == LEADING:
            await asyncio.Event().wait()
        if self._begun > LEADING:
            raise RuntimeError("nobody foresaw this")
        async with super().applying(limit, max_bytes) as batch:
            yield batch


async def test_a_defect_that_only_the_helping_hand_meets_is_heard(postgresql_database: Database) -> None:
    store = JournalStore(postgresql_database)
    await store.append([(at(1), heavy(f"wamid.{n}")) for n in range(BATCHES * PER_BATCH)])
    await store.close()
    applier = Applier(Broken(postgresql_database), webhook.read, lambda: at(100), Unobserved())

    with pytest.raises(ExceptionGroup) as broke:
        async with asyncio.timeout(15):
            await applier.run()

    assert [str(each) for each in broke.value.exceptions] == ["nobody foresaw this"]


async def test_two_who_hear_the_same_strange_receipts_in_opposite_order_do_not_wait_in_a_circle(
    postgresql_database: Database,
) -> None:
    async def tell(told: Sequence[Told]) -> None:
        async with postgresql_database.write() as connection:
            await telling.tell(connection, postgresql_database, told)

    for n in range(ROUNDS):
        told = [stranger(f"wamid.{n}-{k}") for k in range(AT_ONCE)]
        await asyncio.gather(tell(told), tell(told[::-1]))

    async with postgresql_database.read() as connection:
        found = await connection.execute(select(func.count()).select_from(evidence))
        assert found.scalar_one() == ROUNDS * AT_ONCE


def stranger(name: str) -> Told:
    return Told(Receipt(Wamid(name), "read", at(10), at(50)), wamid=Wamid(name))
