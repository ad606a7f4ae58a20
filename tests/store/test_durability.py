"""Which transactions wait for the disk: all but those that would be done again by themselves."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from invy.domain.journal import Closing, Outcome
from invy.store.batch import ApplyStore
from invy.store.database import Database
from invy.store.journal import JournalStore
from invy.store.scratch import scratch
from tests.making import at

WAITS = {"sqlite": "2", "postgresql": "on"}
DOES_NOT_WAIT = {"sqlite": "1", "postgresql": "off"}


async def durability(database: Database, *, repeatable: bool) -> str:
    question = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
    async with database.write(repeatable=repeatable) as connection:
        return str((await connection.exec_driver_sql(question)).scalar_one())


async def test_only_what_would_be_done_again_does_not_wait_for_the_disk(database: Database) -> None:
    kind = database.engine.dialect.name
    for repeatable, expected in ((False, WAITS), (True, DOES_NOT_WAIT), (False, WAITS)):
        assert await durability(database, repeatable=repeatable) == expected[kind]


async def test_after_a_failure_transactions_wait_for_the_disk_again(database: Database) -> None:
    async def fails() -> None:
        async with database.write(repeatable=True):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await durability(database, repeatable=False) == WAITS[database.engine.dialect.name]


async def test_a_throw_away_database_waits_for_nothing(tmp_path: Path) -> None:
    async with scratch(tmp_path) as database:
        assert [await durability(database, repeatable=each) for each in (True, False)] == ["0", "0"]


async def test_an_engine_of_somebody_else_is_left_as_it_was(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/theirs.db")
    try:
        for level in (0, 1, 2):
            async with engine.connect() as connection:
                await connection.exec_driver_sql(f"PRAGMA synchronous={level}")
            database = Database.over(engine)
            assert [await durability(database, repeatable=each) for each in (True, False)] == ["1", "2"]
            async with engine.connect() as connection:
                assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one() == level
    finally:
        await engine.dispose()


async def test_applying_is_repeatable_because_an_entry_is_closed_in_the_transaction_that_applies_it(
    database: Database,
) -> None:
    store = JournalStore(database)
    await store.append([(at(0), b"{}")])
    question = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
    async with ApplyStore(database).applying(10, 1000) as batch:
        asked = await batch._connection.exec_driver_sql(question)
        assert str(asked.scalar_one()) == DOES_NOT_WAIT[database.engine.dialect.name]
        await batch.close([Closing(batch.entries[0].id, Outcome.APPLIED)], at(1))
    assert await store.waiting() == 0
    await store.close()
