from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.asgi import Client
from tests.web.stand import Stand, settings, standing


@pytest.fixture
async def stand(database_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    """The web face on a database of each kind. It receives and applies; it does not send."""
    async with standing(settings(database_url, tmp_path)) as found:
        yield found


@pytest.fixture
async def sqlite_stand(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stand]:
    """For what no database makes a difference to."""
    async with standing(settings(sqlite_url, tmp_path)) as found:
        yield found


@pytest.fixture
async def caller(stand: Stand) -> Client:
    """Somebody with a token."""
    return await stand.caller()
