"""Meta's webhooks stand still while messages are in flight: the service says so in its log and in /readyz, and takes it back.

The simulator has the outage; the service's clock and the simulator's time are moved together, and nobody waits for hours.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from structlog.testing import capture_logs

from invy.app.house import utc_now
from invy.domain.ids import MessageId
from invy.domain.phone import E164
from invy.domain.state import State
from invy.testing import CloudApi, running
from tests.adversity.stage import until
from tests.engine.doctor.clinic import Clinic, clinic
from tests.engine.doctor.simulated import happen, pointed

READERS = tuple(f"+4477009003{n:02d}" for n in range(9))
PARAMS = {
    "contact_name": "Ayala",
    "event_id": "wedding",
    "invitation_image_url": "https://invy.example/i.jpg",
}
SILENT = "evidence.silent"
Lines = Sequence[Any]


class Hands:
    """The hands of the service's clock: the wall's, and moved on by hand."""

    def __init__(self) -> None:
        self._moved = timedelta(0)

    def now(self) -> datetime:
        return utc_now() + self._moved

    def move(self, by: timedelta) -> None:
        self._moved += by


class Evening:
    """One service, one Meta, one time."""

    def __init__(self, there: Clinic, meta: CloudApi, hands: Hands) -> None:
        self.there = there
        self.meta = meta
        self.hands = hands

    async def invite(self, *numbers: str) -> list[MessageId]:
        """Have the service send to them, until Meta has accepted every message."""
        house = self.there.house
        drafts = [house.composer.draft("hina_invitation", E164(number), PARAMS) for number in numbers]
        for draft in drafts:
            await house.outbox.enqueue_one(draft)
        self.there.service.wake_sender()

        async def all_have_left() -> bool:
            return await house.outbox.unfinished() == 0

        await until(all_have_left)
        return [draft.id for draft in drafts]

    async def passes(self, by: timedelta) -> None:
        """So much time passes, and the service has taken in whatever came meanwhile."""
        self.hands.move(by)
        await asyncio.to_thread(self.meta.advance, by.total_seconds())

        async def all_is_applied() -> bool:
            return await self.there.house.journal.waiting() == 0

        await until(all_is_applied)

    async def states(self, ids: Sequence[MessageId]) -> set[State]:
        found = [await self.there.house.overview.find(each) for each in ids]
        return {each.state for each in found if each is not None}

    async def watch(self) -> None:
        """The service's own watch looks, as it does every half minute."""
        await self.there.service.vigil.step()

    async def shows(self, *expected: str) -> dict[str, Any]:
        """What /readyz answers, once it shows these alarms: it looks at most once a second."""
        shown: dict[str, Any] = {}

        async def as_expected() -> bool:
            nonlocal shown
            shown = await asyncio.to_thread(self._readyz)
            return [each["finding"] for each in shown["alarms"]] == list(expected)

        await until(as_expected)
        return shown

    def _readyz(self) -> dict[str, Any]:
        with urlopen(self.there.url + "/readyz", timeout=10) as response:
            answer: dict[str, Any] = json.loads(response.read())
        return answer


@pytest.fixture(autouse=True)
def wordy(caplog: pytest.LogCaptureFixture) -> None:
    """That an alarm is over is told at `info`, the level of a service."""
    caplog.set_level(logging.INFO, logger="invy")


@pytest.fixture
def meta() -> Iterator[CloudApi]:
    # Nobody can be asked what became of a message, so the webhooks are all there is.
    with running(seed=7, mix="all-read", message_history=False) as api:
        yield api


@asynccontextmanager
async def evening(meta: CloudApi, folder: Path, database_url: str) -> AsyncIterator[tuple[Evening, Lines]]:
    hands = Hands()
    given = pointed(meta, folder, INVY_DATABASE_URL=database_url)
    with capture_logs() as lines:
        async with clinic(given, clock=hands.now) as there:
            await asyncio.to_thread(meta.set_callback, there.webhook)
            yield Evening(there, meta, hands), lines


def alarms(lines: Lines) -> list[tuple[str, str]]:
    """What the log says of silence, in order."""
    return [(each["event"], each["log_level"]) for each in lines if each.get("finding") == SILENT]


RAISED, OVER = ("doctor.alarm", "error"), ("doctor.over", "info")


async def test_an_outage_of_metas_webhooks_raises_an_alarm_that_ends_when_they_come(
    meta: CloudApi, tmp_path: Path, database_url: str
) -> None:
    async with evening(meta, tmp_path, database_url) as (tonight, lines):
        first = await tonight.invite(READERS[0])
        await tonight.passes(timedelta(hours=12))
        assert await tonight.states(first) == {State.READ}
        await tonight.watch()
        assert alarms(lines) == []

        await happen(meta, "webhook-outage", lasts="2h", share=0.0)
        invited = await tonight.invite(*READERS[1:5])
        await tonight.watch()
        assert alarms(lines) == [], "messages that have just left say nothing yet"

        await tonight.passes(timedelta(minutes=5))
        await tonight.watch()
        assert await tonight.states(invited) == {State.SENT}
        assert alarms(lines) == [RAISED]
        shown = await tonight.shows(SILENT)
        assert shown["ready"] is True, "webhooks could be received, if they came"
        assert "4" in shown["alarms"][0]["seen"]
        assert "Do not send again" in shown["alarms"][0]["todo"]

        await tonight.passes(timedelta(minutes=30))
        await tonight.watch()
        assert alarms(lines) == [RAISED], "told once, not at every look"

        await tonight.passes(timedelta(hours=14))
        assert await tonight.states(invited) == {State.READ}, "Meta repeats what it could not tell"
        await tonight.watch()
        assert alarms(lines) == [RAISED, OVER]
        await tonight.shows()


async def test_reports_that_are_lost_for_good_are_an_alarm_until_there_is_a_report_about_others(
    meta: CloudApi, tmp_path: Path, sqlite_url: str
) -> None:
    async with evening(meta, tmp_path, sqlite_url) as (tonight, lines):
        await happen(meta, "webhook-outage", lasts="1d", share=1.0)
        lost = await tonight.invite(*READERS[:3])
        await tonight.passes(timedelta(minutes=5))
        await tonight.watch()
        await tonight.shows(SILENT)

        await tonight.passes(timedelta(hours=23, minutes=50))
        await tonight.watch()
        assert alarms(lines) == [RAISED]

        await tonight.passes(timedelta(minutes=10))
        await tonight.invite(READERS[3])
        await tonight.passes(timedelta(minutes=10))
        await tonight.watch()
        assert alarms(lines) == [RAISED, OVER]
        assert await tonight.states(lost) == {State.SENT}, "what became of these is still not known"
        await tonight.shows()


async def test_a_guest_who_is_silent_while_others_are_heard_of_is_no_alarm(
    meta: CloudApi, tmp_path: Path, sqlite_url: str
) -> None:
    async with evening(meta, tmp_path, sqlite_url) as (tonight, lines):
        quiet = await tonight.invite("+447700900153")
        await tonight.invite(*READERS[:3])
        await tonight.passes(timedelta(hours=12))
        await tonight.watch()
        assert await tonight.states(quiet) == {State.SENT}
        assert alarms(lines) == []
        await tonight.shows()
