"""Several processes on one PostgreSQL share the work; on SQLite a second one is refused and the command line works."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from invy.app.house import House, open_house
from invy.domain.evidence import Attempt, Decision, Phase
from invy.domain.ids import MessageId
from invy.domain.state import State
from invy.store.overview import Filter
from tests.adversity.crash_site import EVENT, Site, invite, site
from tests.adversity.stage import settings, until
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


@pytest.mark.slow
def test_a_worker_that_stood_still_past_its_lease_sends_nothing_of_what_was_sent_again_meanwhile(
    postgresql_url: str, tmp_path: Path
) -> None:
    """A closed lid, a stopped virtual machine, SIGSTOP: it wakes up with leased messages that are no longer its own."""
    guests = 3
    with simulator(
        "--seed", "8", "--speed", "1", "--rate", "0", "--no-magic", "--no-pair", "--mix", "all-silent"
    ) as world:
        asyncio.run(invite(world, postgresql_url, tmp_path, guests))
        with site(world, postgresql_url, tmp_path, rate=RATE) as place:
            asyncio.run(_stand_still(place, postgresql_url, tmp_path))

        assert sorted(Counter(each["to"] for each in world.messages()).values()) == [1] * guests


async def _stand_still(place: Site, database_url: str, folder: Path) -> None:
    async with open_house(settings(database_url, folder, place.world)) as house:
        async with _leases_held_back(database_url) as a_lease_waits:
            place.start("worker")
            await until(a_lease_waits)
            os.kill(place.pids["worker"], signal.SIGSTOP)
        # What it asked for is granted now, and it does not know yet.
        first = await _all_in(house, State.SENDING)

        place.start("another worker")
        await until(lambda: _are(house, first, State.UNCONFIRMED))
        again = []
        for name in first:
            await house.settling.settle(name, Decision.NOT_SENT, by="a person", note="nothing came")
            again.append((await house.settling.resend(name)).id)
        await until(lambda: _are(house, again, State.SENT))

        os.kill(place.pids["worker"], signal.SIGCONT)
        await until(lambda: _answered_for(house, first))
        assert await _are(house, first, State.FAILED)


@asynccontextmanager
async def _leases_held_back(database_url: str) -> AsyncIterator[Callable[[], "asyncio.Future[bool]"]]:
    """Whoever leases messages waits at the end of the transaction; told is whether somebody does."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_GATE)
        await connection.execute("SELECT pg_advisory_lock(1)")

        async def somebody_waits() -> bool:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            return bool(await connection.fetchval(waiting))

        yield lambda: asyncio.ensure_future(somebody_waits())
    finally:
        await connection.close()  # and its lock is gone


_GATE = """
CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER gate AFTER UPDATE ON whatsapp_messages DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.lease_owner IS NOT NULL AND OLD.lease_owner IS NULL) EXECUTE FUNCTION gate()
"""


async def _all_in(house: House, state: State) -> list[MessageId]:
    """Every message there is, once all of them are in this state."""
    found: list[MessageId] = []

    async def there() -> bool:
        messages = [message async for message in house.overview.all(Filter(event_id=EVENT))]
        found[:] = [message.id for message in messages]
        return all(message.state is state for message in messages)

    await until(there)
    return found


async def _are(house: House, names: list[MessageId], state: State) -> bool:
    found = [await house.overview.find(name) for name in names]
    return all(message is not None and message.state is state for message in found)


async def _answered_for(house: House, names: list[MessageId]) -> bool:
    """Whether the worker that leased these has said what became of its requests."""
    for name in names:
        facts = [fact for _, fact in await house.overview.timeline(name)]
        phases = {fact.phase for fact in facts if isinstance(fact, Attempt)}
        if not phases & {Phase.DEFERRED, Phase.ACCEPTED}:
            return False
    return True


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
                f"Another process of Invy works on this SQLite database (process {place.pids['service']})"
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
