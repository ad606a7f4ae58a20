"""Tokens of the API: checking one only reads, and that it was used is noted beside the request."""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from invy.domain.errors import InvalidInput, NotFound
from invy.store import schema
from invy.store.database import Database
from invy.store.tokens import NOTE_S, USE_NOTED_EVERY, TokenStore
from tests.making import T0, at


@pytest.fixture
def store(database: Database) -> TokenStore:
    return TokenStore(database)


async def _used(store: TokenStore) -> list[object]:
    await store.settle()
    return [token.last_used_at for token in await store.all()]


async def test_a_token_may_be_used_until_it_is_revoked(store: TokenStore) -> None:
    token = await store.create("t1", "crm", T0)
    found = await store.check(token, at(1))
    assert found is not None
    assert (found.name, found.revoked_at) == ("crm", None)
    await store.revoke("crm", at(2))
    assert await store.check(token, at(3)) is None
    assert await store.check("invy_another", at(3)) is None
    with pytest.raises(NotFound):
        await store.revoke("crm", at(4))
    with pytest.raises(InvalidInput):
        await store.create("t2", "crm", at(4))
    await store.settle()


async def test_a_use_is_noted_once_in_a_minute(store: TokenStore) -> None:
    token = await store.create("t1", "crm", T0)
    for second in (1, 2, 59):
        await store.check(token, at(second))
        assert await _used(store) == [at(1)]
    await store.check(token, at(1) + USE_NOTED_EVERY + timedelta(seconds=1))
    assert await _used(store) == [at(1) + USE_NOTED_EVERY + timedelta(seconds=1)]


async def test_the_uses_of_many_tokens_at_once_are_all_noted(store: TokenStore) -> None:
    tokens = [await store.create(f"t{n}", f"crm {n}", T0) for n in range(20)]
    checked = await asyncio.gather(*(store.check(token, at(5)) for token in tokens for _ in range(5)))
    assert None not in checked
    assert await _used(store) == [at(5)] * 20


async def test_another_process_that_noted_a_later_use_is_not_overwritten(database: Database) -> None:
    token = await TokenStore(database).create("t1", "crm", T0)
    late, early = TokenStore(database), TokenStore(database)
    await asyncio.gather(late.check(token, at(9)), early.check(token, at(3)))
    await early.settle()
    assert await _used(late) == [at(9)]


async def test_a_locked_database_delays_no_check_and_is_asked_again_a_minute_later(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database.open(sqlite_url)
    await schema.upgrade(database)
    store = TokenStore(database)
    token = await store.create("t1", "crm", T0)
    locking = sqlite3.connect(tmp_path / "invy.db", isolation_level=None)
    try:
        locking.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(NOTE_S / 2):
            assert await store.check(token, at(1)) is not None
            assert await store.check(token, at(2)) is not None
        assert await _used(store) == [None]
        locking.execute("ROLLBACK")
        await store.check(token, at(30))
        assert await _used(store) == [None]
        await store.check(token, at(90))
        assert await _used(store) == [at(90)]
    finally:
        locking.close()
        await database.close()
