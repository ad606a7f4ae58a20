from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from invy.app import logs
from invy.store import schema
from invy.store.database import Database
from tests.adversity.stage import Stage, living, settings, staged
from tests.flows.world import World, simulator


@pytest.fixture(autouse=True)
def quiet_log() -> None:
    """Log as inside an application: masked, through the standard logging."""
    logs.route()


@pytest.fixture
async def stage(database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Receives and applies, on a database of each kind; sends nothing."""
    async with staged(settings(database_url, tmp_path)) as made:
        yield made


@pytest.fixture(scope="module")
def shared_world() -> Iterator[World]:
    with simulator("--seed", "7", "--speed", "60", "--rate", "0") as started:
        yield started


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """A simulated Meta in which a second is a minute; afterwards it forgets what it was told and what it did."""
    yield shared_world
    shared_world.ask("/_simulator/reset", {})


@pytest.fixture
async def alive(database_url: str, tmp_path: Path, world: World) -> AsyncIterator[Stage]:
    """Sends to the simulated Meta and hears from it, on a database of each kind."""
    known = settings(
        database_url,
        tmp_path,
        world,
        INVY_SEND_RATE="500",
        INVY_SEND_TIMEOUT_S="1",
        INVY_LEASE_SECONDS="2",
    )
    async with living(known, world) as made:
        yield made


@pytest.fixture
async def postgresql_database(postgresql_url: str) -> AsyncIterator[Database]:
    opened = Database.open(postgresql_url)
    await schema.upgrade(opened)
    yield opened
    await opened.close()
