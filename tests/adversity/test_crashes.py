"""`kill -9` of the service, of workers and of the database, at random moments under load, again and again.

`--crash-rounds N` kills N times on each database (100 unless given); the seed is printed, and `--crash-seed` repeats it.
"""

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from invy.app.house import open_house
from invy.domain.state import State
from tests.adversity.crash_site import (
    CALM_S,
    CHAOS,
    Account,
    Site,
    account,
    furnish,
    invite,
    site,
    unfinished,
)
from tests.adversity.stage import settings
from tests.flows.world import World, simulator
from tests.postgres import PostgresServer

RATE = 60


def report(line: str) -> None:
    """Shown when a test fails, or with `-s`."""
    sys.stdout.write(f"{line}\n")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--crash-rounds", 100))


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    seed = int(request.config.getoption("--crash-seed", 0)) or random.SystemRandom().randrange(10**6)
    report(f"--crash-seed {seed}")
    return random.Random(seed)


@pytest.fixture
def hostile_world() -> Iterator[World]:
    chaos = [argument for name, rate in CHAOS.items() for argument in ("--chaos", f"{name}={rate}")]
    calm = ("--seed", "11", "--speed", "60", "--rate", "0", "--no-magic", "--mix", "harsh", "--batch", "20")
    with simulator(*calm, *chaos, "--latency", "5-60") as started:
        yield started


def calm_down(place: Site, database_url: str, folder: Path) -> Account:
    """Let everything come to its end: time pass at Meta, leases run out, webhooks be read. Then draw up the account.

    Time passes only while the service is there to be told: Meta's seven days of repeating are over in a moment here.
    """
    world = place.world

    async def settle() -> Account:
        async with open_house(settings(database_url, folder, world)) as house:
            deadline = time.monotonic() + CALM_S
            left = (1, 1)
            while left != (0, 0) or not await asyncio.to_thread(place.ready):
                place.revive()
                await asyncio.sleep(0.1)
                left = await unfinished(house)
                assert time.monotonic() < deadline, f"{left} messages and webhooks are stuck"
            for _ in range(2):
                await asyncio.to_thread(world.settle)
            assert (await asyncio.to_thread(world.ask, "/_simulator/state"))["settled"]
            while await house.journal.waiting():
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)
            return await account(world, house)

    return asyncio.run(settle())


def judge(found: Account, *, guests: int) -> None:
    assert found.untold == 0
    assert found.given_up() == []
    assert found.lost() == []
    assert found.believed() == []
    assert found.twice() == []
    assert found.stuck() == []
    assert found.untrue() == []
    assert found.differences == []
    assert len(found.messages) == guests
    told = dict.fromkeys(State, 0)
    for message in found.messages.values():
        told[message.state] += 1
    report(str({state.value: count for state, count in told.items()}))
    assert told[State.READ] + told[State.DELIVERED] > guests / 4


@pytest.mark.slow
def test_on_sqlite_the_service_is_killed_again_and_again_and_nothing_is_lost_or_doubled(
    sqlite_url: str, tmp_path: Path, hostile_world: World, rounds: int, chance: random.Random
) -> None:
    guests = rounds * 6
    asyncio.run(furnish(hostile_world, sqlite_url, tmp_path))
    with site(hostile_world, sqlite_url, tmp_path, rate=RATE) as place:
        place.start("service")
        place.subscribe()
        asyncio.run(invite(hostile_world, sqlite_url, tmp_path, guests))
        while place.kills < rounds:
            time.sleep(chance.choice((0.03, 0.1, 0.2, 0.4)) * (0.5 + chance.random()))
            place.kill("service")
            place.start("service")

        found = calm_down(place, sqlite_url, tmp_path)

    report(f"{place.kills} kills")
    judge(found, guests=guests)


@pytest.mark.slow
def test_on_postgresql_service_workers_and_database_are_killed_and_nothing_is_lost_or_doubled(
    private_postgres: PostgresServer,
    tmp_path: Path,
    hostile_world: World,
    rounds: int,
    chance: random.Random,
) -> None:
    guests = rounds * 6
    url = private_postgres.url()
    asyncio.run(furnish(hostile_world, url, tmp_path))
    with site(hostile_world, url, tmp_path, rate=RATE) as place:
        for name in ("service", "worker", "another worker"):
            place.start(name)
        place.subscribe()
        asyncio.run(invite(hostile_world, url, tmp_path, guests))
        databases = 0
        while place.kills + databases < rounds:
            time.sleep(0.04 + 0.2 * chance.random())
            victim = chance.choice(("service", "worker", "another worker"))
            place.kill(victim)
            if chance.random() < 0.1:
                private_postgres.kill()
                databases += 1
                private_postgres.start()
            place.start(victim)
            place.revive()

        found = calm_down(place, url, tmp_path)

    report(f"{place.kills} kills of processes, {databases} of the database")
    assert databases
    judge(found, guests=guests)
