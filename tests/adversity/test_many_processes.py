"""Several processes on one PostgreSQL share the work; on SQLite a second one is refused and the command line works."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from invy.app.house import open_house
from invy.domain.state import State
from invy.store.overview import Filter
from tests.adversity.crash_site import EVENT, Site, invite, site
from tests.adversity.stage import settings
from tests.flows.world import World, simulator

RATE = 50


def wait_for(condition: Callable[[], bool], patience_s: float = 40) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def counts(world: World, database_url: str, folder: Path) -> Counter[State]:
    async def ask() -> Counter[State]:
        async with open_house(settings(database_url, folder, world)) as house:
            return Counter(await house.overview.counts(Filter(event_id=EVENT)))

    return asyncio.run(ask())


@pytest.mark.slow
def test_a_service_and_workers_send_each_message_once_at_one_pace_for_the_number(
    postgresql_url: str, tmp_path: Path
) -> None:
    guests = 300
    with simulator(
        "--seed",
        "5",
        "--speed",
        "1",
        "--rate",
        "0",
        "--no-magic",
        "--latency",
        "20-150",
        "--mix",
        "all-silent",
    ) as world:
        asyncio.run(invite(world, postgresql_url, tmp_path, guests))
        with site(world, postgresql_url, tmp_path, rate=RATE) as place:
            for name in ("service", "one worker", "another worker", "a third worker"):
                place.start(name)
            place.subscribe()
            wait_for(lambda: counts(world, postgresql_url, tmp_path)[State.SENT] == guests)

        accepted = world.messages()
        assert Counter(each["to"] for each in accepted).most_common(1)[0][1] == 1
        assert len(accepted) == guests
        moments = sorted(each["accepted_at"] for each in accepted)
        busiest = max(sum(start <= each < start + 1 for each in moments) for start in moments)
        # A second may hold what was saved up (a tenth), and requests that were a little late: three processes' worth.
        assert busiest <= RATE * 1.3, busiest
        assert moments[-1] - moments[0] >= guests / RATE * 0.85


@pytest.mark.slow
def test_what_a_killed_worker_had_in_hand_becomes_unconfirmed_and_is_not_sent_again(
    postgresql_url: str, tmp_path: Path
) -> None:
    guests = 60
    with simulator(
        "--seed", "6", "--speed", "1", "--rate", "0", "--no-magic", "--latency", "700", "--mix", "all-silent"
    ) as world:
        asyncio.run(invite(world, postgresql_url, tmp_path, guests))
        with site(world, postgresql_url, tmp_path, rate=RATE) as place:
            place.start("worker")
            wait_for(lambda: len(world.messages()) >= 10)
            place.kill("worker")
            in_hand = counts(world, postgresql_url, tmp_path)[State.SENDING]
            assert in_hand > 0
            place.start("another worker")
            wait_for(
                lambda: (
                    not (found := counts(world, postgresql_url, tmp_path))[State.SENDING]
                    and not found[State.QUEUED]
                )
            )

        found = counts(world, postgresql_url, tmp_path)
        assert (found[State.UNCONFIRMED], found[State.SENT]) == (in_hand, guests - in_hand)
        assert Counter(each["to"] for each in world.messages()).most_common(1)[0][1] == 1


def invy(place: Site, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invy.cli", *argv],
        env=dict(place.environ),
        cwd=place.folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.slow
def test_on_sqlite_a_second_service_or_worker_is_refused_and_the_command_line_works_beside_the_first(
    sqlite_url: str, tmp_path: Path, world: World
) -> None:
    asyncio.run(invite(world, sqlite_url, tmp_path, 30))
    with site(world, sqlite_url, tmp_path, rate=100) as place:
        place.start("service")
        place.subscribe()

        for second in (("serve", "--port", "0"), ("worker",)):
            refused = invy(place, *second)
            assert refused.returncode == 75
            said = " ".join(refused.stderr.split())
            assert (
                f"Another Invy service works on this SQLite database (process {place.pids['service']})"
                in said
            )
            assert "use PostgreSQL" in said

        wait_for(lambda: not counts(world, sqlite_url, tmp_path)[State.QUEUED])
        guests = tmp_path / "more.csv"
        guests.write_text("name,phone\nDana,+447700999001\nSam,+447700999002\n", encoding="utf-8")
        for command in (
            ("guests", "import", str(guests), "--event", EVENT),
            ("guests", "list", EVENT),
            ("status", EVENT),
            ("messages", "--event", EVENT),
            ("db", "current"),
        ):
            done = invy(place, *command)
            assert done.returncode == 0, (command, done.stderr)

        place.kill("service")
        place.start("service")  # the lock of a killed service is no lock
        wait_for(lambda: "running" in invy_said(place))


def invy_said(place: Site) -> str:
    """Whether somebody is at work, by the lock itself: a worker is refused again."""
    refused = invy(place, "worker")
    return "running" if refused.returncode == 75 else refused.stderr
