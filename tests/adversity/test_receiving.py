"""Receiving goes on beside defects: bodies of a thousand statuses, poison, a crash in the middle, parts that break."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, text, update

from invy.domain.heard import Heard
from invy.domain.journal import Closing, Outcome
from invy.domain.state import State
from invy.engine.apply import Applier
from invy.engine.hand import facts
from invy.engine.replay import Unobserved
from invy.meta import webhook
from invy.store.batch import ApplyStore, Batch
from invy.store.database import Database
from invy.store.journal import JournalStore
from invy.store.tables import evidence, journal, messages
from tests.adversity.bodies import body, status
from tests.adversity.stage import Stage, send, settings, staged, until, wamid
from tests.flows.world import World
from tests.making import at, message_id


async def test_a_thousand_statuses_in_one_body_are_all_applied(stage: Stage) -> None:
    numbers = range(1, 401)
    await stage.accepted(*numbers)
    pieces = [status(wamid(n), "sent", 10) for n in numbers]
    pieces += [status(wamid(n), "delivered", 20) for n in numbers]
    pieces += [status(f"wamid.unknown.{n}", "read", 30) for n in range(200)]
    assert len(pieces) == 1000

    await stage.hear(body(*pieces), body(*reversed(pieces)))

    counts = [0, 0]
    async with stage.house.database.read() as connection:
        for row in await connection.execute(select(messages.c.status)):
            counts[row.status == "delivered"] += 1
    assert counts == [0, 400]
    assert await stage.house.overview.orphans() == 200
    assert await stage.audited() == []


async def test_what_nobody_can_read_is_kept_marked_and_in_nobodys_way(stage: Stage) -> None:
    await stage.accepted(1)
    strange = [b"", b"\xff\x00", b"[]", b'{"entry":7}', b"{" * 5000, b'{"entry":[{"changes":[null]}]}']
    unknown = body(status(wamid(1), "teleported", 5, novel={"deep": [1, 2]}))

    await stage.hear(*strange, unknown, body(status(wamid(1), "read", 30)))

    assert (await stage.message(1)).state is State.READ
    assert sorted(await stage.bodies()) == sorted([*strange, unknown, body(status(wamid(1), "read", 30))])
    outcomes = await stage.outcomes()
    assert outcomes.count(Outcome.APPLIED) == 2
    assert Outcome.WAITING not in outcomes


async def test_an_entry_that_cannot_be_stored_is_set_aside_and_its_neighbours_are_applied(
    stage: Stage,
) -> None:
    """Two messages of ours under one wamid: the database refuses that, whatever order it comes in."""
    await stage.accepted(*range(1, 30))
    await stage.leased(50)
    poison = body(status(wamid(7), "read", 40, biz_opaque_callback_data=message_id(50)))
    good = [body(status(wamid(n), "delivered", 20)) for n in range(1, 30)]

    await stage.hear(*good[:15], poison, *good[15:])

    states = [(await stage.message(n)).state for n in range(1, 30)]
    assert states == [State.DELIVERED] * 29
    aside = [
        each
        for each, outcome in zip(await stage.bodies(), await stage.outcomes(), strict=True)
        if outcome is Outcome.UNREADABLE
    ]
    assert aside == [poison]


class Contested(ApplyStore):
    """Scripted crossing: in the moment in which an entry has failed on its own, another process has it in hand."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._alone = 0

    @asynccontextmanager
    async def applying(self, limit: int, max_bytes: int) -> AsyncIterator[Batch]:
        self._alone += limit == 1
        async with AsyncExitStack() as stack:
            if limit == 1 and self._alone == 2:
                other = await stack.enter_async_context(self._database.write())
                await other.execute(select(journal.c.id).where(journal.c.id == 1).with_for_update())
            yield await stack.enter_async_context(super().applying(limit, max_bytes))


def reader_with_a_defect(given: bytes, heard_at: datetime) -> Heard:
    if given == b"poison":
        raise RuntimeError("a defect of the reader")
    return webhook.read(given, heard_at)


async def test_only_the_culprit_is_set_aside_when_another_process_has_it_in_hand(
    postgresql_database: Database,
) -> None:
    innocent = body(status("wamid.innocent", "read"))
    store = JournalStore(postgresql_database)
    await store.append([(at(1), b"poison"), (at(2), innocent)])
    await store.close()
    applier = Applier(Contested(postgresql_database), reader_with_a_defect, lambda: at(100), Unobserved())

    while await applier.step():
        pass

    async with postgresql_database.read() as connection:
        rows = (await connection.execute(select(journal.c.body, journal.c.outcome))).all()
    assert {bytes(row.body): Outcome(row.outcome) for row in rows} == {
        b"poison": Outcome.UNREADABLE,
        innocent: Outcome.APPLIED,
    }


async def test_after_a_crash_applying_goes_on_exactly_where_the_journal_stands(
    stage: Stage, database_url: str, tmp_path: Path
) -> None:
    """The applier dies in the middle of a batch; what it had done of it is gone, and done again by the next."""
    await stage.accepted(*range(1, 41))
    before = [body(status(wamid(n), "delivered", 20)) for n in range(1, 21)]
    after = [body(status(wamid(n), "delivered", 20)) for n in range(21, 41)]
    await stage.hear(*before)
    async with stage.house.apply_store.applying(1000, 10**6) as batch:
        assert list(batch.entries) == []

    dying = ApplyStore(stage.house.database)
    stage.service.applier.close()
    await asyncio.sleep(0)
    await stage.house.journal.append([(at(30), each) for each in after])
    with suppress(asyncio.CancelledError):
        async with dying.applying(10, 10**6) as batch:
            heard = webhook.read(batch.entries[0].body, at(30))
            await batch.tell(facts(heard, batch.entries[0].id))
            await batch.close([Closing(batch.entries[0].id, Outcome.APPLIED)], at(31))
            raise asyncio.CancelledError
    assert (await stage.message(21)).state is State.SENT
    assert await stage.house.journal.waiting() == 20

    applier = Applier(dying, webhook.read, lambda: at(32), Unobserved())
    assert [await applier.step(), await applier.step()] == [20, 0]
    assert {(await stage.message(n)).state for n in range(1, 41)} == {State.DELIVERED}
    assert await stage.audited() == []


async def test_a_sender_that_broke_on_a_defect_sends_and_records_again_when_it_is_gone(
    alive: Stage, world: World
) -> None:
    """The database refuses every lease for a reason that nobody foresaw: the part breaks and is started again."""
    database = alive.house.database
    refuse, allow = (
        (
            "CREATE TRIGGER nobody BEFORE UPDATE ON senders BEGIN SELECT RAISE(ABORT, 'unforeseen'); END",
            "DROP TRIGGER nobody",
        )
        if database.is_sqlite
        else (
            "ALTER TABLE senders ADD CONSTRAINT nobody CHECK (next_slot < 1) NOT VALID",
            "ALTER TABLE senders DROP CONSTRAINT nobody",
        )
    )
    async with database.write() as connection:
        await connection.execute(text(refuse))
    [name] = await send(alive, ["+447700900150"])
    await asyncio.sleep(1.2)
    assert (await alive.message(name)).state is State.QUEUED
    async with database.write() as connection:
        await connection.execute(text(allow))

    async def read() -> bool:
        message = await alive.message(name)
        return message.state is State.READ and message.folded.accepted_at is not None

    await until(read)
    assert len(await asyncio.to_thread(world.messages)) == 1


async def test_what_an_unforeseen_error_of_the_database_keeps_from_being_applied_is_not_called_unreadable(
    stage: Stage,
) -> None:
    await stage.accepted(1)
    async with stage.house.database.write() as connection:
        await connection.execute(text("ALTER TABLE evidence RENAME TO elsewhere"))
    assert await stage.post(body(status(wamid(1), "read", 30))) == 200
    await asyncio.sleep(0.5)
    async with stage.house.database.write() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO evidence"))

    await stage.applied()

    assert await stage.outcomes() == [Outcome.APPLIED]
    assert (await stage.message(1)).state is State.READ


async def test_an_orphan_whose_message_became_known_in_a_crash_is_adopted_by_the_next_service(
    database_url: str, tmp_path: Path
) -> None:
    """On PostgreSQL reply and receipt may be stored by two who do not see each other; both die before they look again."""
    async with staged(settings(database_url, tmp_path)) as stage:
        await stage.leased(1)
        await stage.hear(body(status(wamid(1), "delivered", 20)))
        async with stage.house.database.write() as connection:
            await connection.execute(
                update(messages).where(messages.c.id == message_id(1)).values(wamid=wamid(1))
            )
        assert await stage.house.overview.orphans() == 1

    async with staged(settings(database_url, tmp_path)) as stage:

        async def adopted() -> bool:
            return (await stage.message(1)).state is State.DELIVERED

        await until(adopted)
        assert await stage.house.overview.orphans() == 0


async def test_an_orphan_that_cannot_be_adopted_does_not_keep_webhooks_from_being_applied(
    database_url: str, tmp_path: Path
) -> None:
    """Stored before its message: a receipt with our id and the wamid of another message, which the database refuses."""
    async with staged(settings(database_url, tmp_path)) as stage:
        await stage.accepted(1)
        await stage.hear(body(status("wamid.2", "read", biz_opaque_callback_data=message_id(3))))
        await stage.leased(3)
        async with stage.house.database.write() as connection:
            await connection.execute(
                update(messages).where(messages.c.id == message_id(1)).values(wamid="wamid.2")
            )
            await connection.execute(
                update(evidence).values(wamid="wamid.3").where(evidence.c.message_id.is_(None))
            )

    async with staged(settings(database_url, tmp_path)) as stage:
        await stage.hear(body(status("wamid.2", "delivered", 20)))
        assert (await stage.message(1)).state is State.DELIVERED
