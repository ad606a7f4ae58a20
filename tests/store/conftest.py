from collections.abc import AsyncIterator

import pytest

from invy.store import schema
from invy.store.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of each kind with all tables."""
    opened = Database.open(database_url)
    await schema.upgrade(opened)
    yield opened
    await opened.close()
