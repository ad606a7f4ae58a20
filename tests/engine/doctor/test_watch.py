"""Looking over and over: what changed is told once, and what was merely not looked at is not said to be gone."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.vigil import Vigil
from invy.engine.doctor.watch import Changes, changes, remembered, unlooked
from invy.testing import CloudApi, running
from tests.engine.doctor.simulated import happen, seen

AT_META = (Section.TOKEN, Section.NUMBER, Section.HEALTH, Section.TEMPLATES)


@pytest.fixture
def meta() -> Iterator[CloudApi]:
    with running(seed=7) as api:
        yield api


def watched(*rounds: Sequence[Finding]) -> list[tuple[list[str], list[str]]]:
    """The keys that each round tells of as new, and as over."""
    known: tuple[Finding, ...] = ()
    told = []
    for now in rounds:
        blind = unlooked(now)
        changed = changes(known, now, blind)
        told.append(([each.key for each in changed.fresh], [each.key for each in changed.gone]))
        known = remembered(known, now, blind)
    return told


async def test_a_round_in_which_nothing_can_be_read_takes_nothing_away_and_the_next_repeats_nothing(
    meta: CloudApi, tmp_path: Path
) -> None:
    first = await seen(meta, tmp_path, *AT_META)
    await happen(meta, "odd-answers", how="html", lasts="1h")
    second = await seen(meta, tmp_path, *AT_META)
    await asyncio.to_thread(meta.advance, 3601)
    third = await seen(meta, tmp_path, *AT_META)
    _, blind, again = watched(first, second, third)
    assert blind == (["general.not_json"] * len(second), [])
    assert again == ([], ["general.not_json"] * len(second))


def quality(key: str) -> Finding:
    return found(Section.NUMBER, key, about="quality", quality="X")


def test_what_changed_while_nobody_could_look_is_told_when_it_is_seen_again() -> None:
    skipped = found(Section.NUMBER, "general.skipped", because="-")
    rounds = ([quality("number.quality")], [skipped], [quality("number.quality_red")])
    assert watched(*rounds)[1:] == [
        (["general.skipped"], []),
        (["number.quality_red"], ["general.skipped"]),
    ]
    assert watched(*rounds[:2], [])[2] == ([], ["general.skipped", "number.quality"])


def test_a_new_finding_takes_the_place_of_the_old_one_also_beside_something_that_was_not_looked_at() -> None:
    slow = found(Section.NUMBER, "general.slow", seconds="1")
    red = quality("number.quality_red")
    assert watched([quality("number.quality")], [slow, red], [red])[1:] == [
        (["general.slow", "number.quality_red"], []),
        ([], ["general.slow"]),
    ]


async def test_an_alarm_of_the_service_stays_while_the_database_cannot_be_asked() -> None:
    silent = found(
        Section.EVIDENCE, "evidence.silent", about="heard", count=3, since="-", receipt="-", last="-"
    )
    away = found(Section.EVIDENCE, "database.away", problem="-")
    looks = [[silent], [away], [silent], []]
    told: list[Changes] = []

    async def look() -> list[Finding]:
        return looks.pop(0)

    vigil = Vigil(look, told.append)
    alarms = []
    for _ in range(4):
        await vigil.step()
        alarms.append({each.key for each in vigil.alarms})
    assert alarms == [
        {"evidence.silent"},
        {"evidence.silent", "database.away"},
        {"evidence.silent"},
        set(),
    ]
    assert [[each.key for each in one.gone] for one in told] == [
        [],
        [],
        ["database.away"],
        ["evidence.silent"],
    ]
