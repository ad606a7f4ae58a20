from collections.abc import AsyncIterator

import pytest

from invy.store import schema
from invy.store.database import Database
from tests.operations.living import Living


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of each kind with all tables."""
    opened = Database.open(database_url)
    await schema.upgrade(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def living(database: Database) -> Living:
    made = Living(database)
    await made.begin()
    return made
