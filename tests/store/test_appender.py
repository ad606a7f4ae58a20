"""The journal's writer on SQLite: a group is one transaction, and is not kept in memory."""

import asyncio
import ctypes
import gc
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from invy.domain.errors import StoreUnavailable
from invy.store import schema
from invy.store.appender import SqliteAppender
from invy.store.database import Database
from invy.store.tables import journal

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MB = 1_000_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path}/invy.db")
    await schema.upgrade(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def appender(database: Database, tmp_path: Path) -> AsyncIterator[SqliteAppender]:
    made = SqliteAppender(tmp_path / "invy.db", asyncio.Lock())
    yield made
    await made.close()


async def stored(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(journal))).scalar_one())


class Unheard(Exception):
    """Not an error of SQLite's."""


class Refusing:
    """No database takes this."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def __len__(self) -> int:
        return 1

    def __conform__(self, _: object) -> object:
        if self.error is not None:
            raise self.error
        return None


@pytest.mark.parametrize("size", [10, MB])
@pytest.mark.parametrize("error", [None, Unheard()])
async def test_a_group_is_stored_whole_or_not_at_all(
    database: Database, appender: SqliteAppender, size: int, error: Exception | None
) -> None:
    good = (NOW, b"x" * size)
    bad: Any = (NOW, Refusing(error))
    with pytest.raises(Exception):  # noqa: B017 - whose error it is depends on the row
        await appender.append([good, good, bad])
    assert await stored(database) == 0

    await appender.append([good, good])
    assert await stored(database) == 2


async def test_nothing_is_said_to_be_stored_in_a_log_that_was_deleted(
    database: Database, appender: SqliteAppender, tmp_path: Path
) -> None:
    await appender.append([(NOW, b"{}")])
    assert await stored(database) == 1
    (tmp_path / "invy.db-wal").unlink()

    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="own log was deleted"):
            await appender.append([(NOW, b"{}")])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_bodies_are_not_kept_in_memory_once_they_are_stored(appender: SqliteAppender) -> None:
    before = resident()
    for count in range(1, 16):  # 120 MB, in groups of all sizes
        await appender.append([(NOW, b"x" * MB)] * count)
    assert resident() - before < 60 * MB


def resident() -> int:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
