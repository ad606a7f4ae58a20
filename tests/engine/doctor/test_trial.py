"""A test message is sent for real and followed to delivered, or to a reason."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from invy.app.checkup import Trial
from invy.app.house import House, utc_now
from invy.domain.errors import InvalidInput, NotFound, ParameterRefused, PhoneRefused
from invy.domain.state import State
from invy.engine.doctor import trial
from invy.engine.doctor.finding import Finding, Mark
from invy.meta import registry
from invy.store import schema
from invy.store.database import Database
from invy.store.overview import Filter
from tests.engine.doctor.clinic import clinic
from tests.flows.world import World, simulator

PARAMS = {
    "contact_name": "Ayala",
    "event_id": "wedding",
    "invitation_image_url": "https://invy.example/i.jpg",
}
READ, DELIVERED, BLOCKED, SILENT, LATE_FAILURE = (
    f"+447700900{n}" for n in ("150", "151", "152", "153", "156")
)


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    file = tmp_path / "templates.toml"
    file.write_text(registry.sample(), encoding="utf-8")
    return file


async def tried(house: House, phone: str, *, timeout_s: float = 15) -> tuple[Finding, list[State]]:
    told: list[State] = []
    finding = await trial.attempt(
        Trial(house),
        "hina_invitation",
        phone,
        PARAMS,
        clock=utc_now,
        pause=asyncio.sleep,
        timeout_s=timeout_s,
        tell=told.append,
    )
    return finding, told


@pytest.fixture
def fast_world() -> Iterator[World]:
    with simulator("--seed", "7", "--speed", "3600", "--real-timestamps") as started:
        yield started


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        (READ, {"trial.read", "trial.delivered"}),
        (DELIVERED, {"trial.delivered"}),
        (LATE_FAILURE, {"trial.failed"}),
    ],
)
async def test_with_a_running_service_the_fate_of_a_message_is_heard(
    fast_world: World, sqlite_url: str, quick: Path, phone: str, expected: set[str]
) -> None:
    async with clinic(fast_world.settings(sqlite_url, quick)) as there:
        await asyncio.to_thread(fast_world.call_back, there.webhook)
        finding, told = await tried(there.house, phone)
    assert finding.key in expected
    assert told, "every change of its state is told"
    assert finding.mark is (Mark.FAILED if phone == LATE_FAILURE else Mark.OK)
    if phone == LATE_FAILURE:
        assert "131026" in finding.seen.en
        assert finding.means.en
        assert finding.todo.he


async def test_a_phone_that_stays_silent_is_told_from_a_webhook_that_does_not_work(
    fast_world: World, sqlite_url: str, quick: Path
) -> None:
    async with clinic(fast_world.settings(sqlite_url, quick)) as there:
        await asyncio.to_thread(fast_world.call_back, there.webhook)
        blocked, _ = await tried(there.house, BLOCKED, timeout_s=3)
        silent, _ = await tried(there.house, SILENT, timeout_s=2)
    assert (blocked.key, blocked.mark) == ("trial.sent_receipt", Mark.WARNING)
    assert (silent.key, silent.mark) == ("trial.sent_no_receipt", Mark.FAILED)


async def test_without_a_service_it_is_sent_and_said_that_nothing_more_can_be_heard(
    world: World, sqlite_url: str, quick: Path
) -> None:
    database = Database.open(sqlite_url)
    await schema.upgrade(database)
    finding, told = await tried(House(world.settings(sqlite_url, quick), database), READ)
    await database.close()
    assert (finding.key, finding.mark) == ("trial.accepted_unheard", Mark.WARNING)
    assert told == [State.SENT]
    [received] = world.messages()
    assert received["wamid"] in finding.seen.en


async def test_a_refusal_that_holds_the_sender_is_told_with_metas_words(
    world: World, sqlite_url: str, quick: Path
) -> None:
    database = Database.open(sqlite_url)
    await schema.upgrade(database)
    given = world.settings(sqlite_url, quick, WHATSAPP_ACCESS_TOKEN="EAA" + "x" * 30)
    finding, _ = await tried(House(given, database), READ, timeout_s=1)
    await database.close()
    assert (finding.key, finding.mark) == ("trial.waits", Mark.FAILED)
    assert "190" in finding.seen.en


def test_the_template_is_the_one_asked_for_or_the_only_one_or_that_of_the_brief() -> None:
    several = registry.load(
        '[a]\nmeta_name = "a"\nlanguage_code = "he"\n[b]\nmeta_name = "b"\nlanguage_code = "he"\n', "t.toml"
    )
    one = registry.load('[a]\nmeta_name = "a"\nlanguage_code = "he"\n', "t.toml")
    assert trial.choose(several, "b") == "b"
    assert trial.choose(one, None) == "a"
    assert trial.choose(
        registry.load(registry.sample() + "[b]\nmeta_name = 'b'\nlanguage_code = 'he'\n", "t"), None
    )
    with pytest.raises(InvalidInput, match="several templates"):
        trial.choose(several, None)
    with pytest.raises(NotFound):
        trial.choose(several, "c")


def test_missing_parameters_are_refused_with_the_options_to_add() -> None:
    known = registry.load(registry.sample(), "t.toml")
    with pytest.raises(ParameterRefused) as refused:
        trial.rehearse(known, None, {"contact_name": "Ayala"})
    assert refused.value.hint == 'Add: --param invitation_image_url="…" --param event_id="…"'
    with pytest.raises(ParameterRefused):
        trial.rehearse(known, None, PARAMS | {"contact_name": "a\nb"})
    trial.rehearse(known, None, PARAMS)


async def test_a_number_that_cannot_be_valid_is_refused_before_anything_is_written(
    world: World, sqlite_url: str, quick: Path
) -> None:
    database = Database.open(sqlite_url)
    await schema.upgrade(database)
    house = House(world.settings(sqlite_url, quick), database)
    with pytest.raises(PhoneRefused):
        await tried(house, "12")
    assert sum((await house.overview.counts(Filter())).values()) == 0
    await database.close()
