"""How an examination goes on whatever a single check does."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from invy.engine.doctor.concealment import Concealment
from invy.engine.doctor.examine import Check, examine, worst
from invy.engine.doctor.finding import Finding, Mark, found
from invy.engine.doctor.section import Foundation, Section
from invy.engine.doctor.subject import Subject
from invy.engine.doctor.watch import changes
from invy.meta.catalogue import Text
from tests.engine.doctor.patients import TOKEN, patient, settings


async def fine(_subject: Subject) -> Sequence[Finding]:
    return [found(Section.PHONES, "settings.readable")]


async def slow(_subject: Subject) -> Sequence[Finding]:
    await asyncio.Event().wait()
    return []


async def broken(_subject: Subject) -> Sequence[Finding]:
    raise ZeroDivisionError(TOKEN)


async def carried_out(folder: Path, *checks: Check) -> list[Finding]:
    async with patient(settings(folder)) as subject:
        return [finding async for finding in examine(checks, subject)]


async def test_a_check_that_takes_too_long_is_told_and_the_next_goes_on(tmp_path: Path) -> None:
    first, second = await carried_out(
        tmp_path, Check(Section.TOKEN, slow, timeout_s=0.01), Check(Section.PHONES, fine)
    )
    assert (first.key, first.mark) == ("general.slow", Mark.WARNING)
    assert "0.01 seconds" in first.seen.en
    assert second.mark is Mark.OK


async def test_a_check_that_breaks_is_told_by_the_kind_of_its_error_only(tmp_path: Path) -> None:
    first, second = await carried_out(tmp_path, Check(Section.TOKEN, broken), Check(Section.PHONES, fine))
    assert first.key == "general.broke"
    assert "ZeroDivisionError" in first.seen.en
    assert TOKEN not in repr(first)
    assert second.mark is Mark.OK


async def test_a_foundation_that_could_not_be_looked_at_is_a_failure(tmp_path: Path) -> None:
    for run in (slow, broken):
        [finding] = await carried_out(
            tmp_path, Check(Section.CLOCK, run, lays=(Foundation.META,), timeout_s=0.01)
        )
        assert finding.mark is Mark.FAILED


async def test_what_stands_on_a_broken_foundation_is_skipped_once_per_section_and_says_because(
    tmp_path: Path,
) -> None:
    findings = await carried_out(
        tmp_path,
        Check(Section.TOKEN, broken, lays=(Foundation.TOKEN,)),
        Check(Section.NUMBER, fine, needs=(Foundation.TOKEN,), lays=(Foundation.NUMBER,)),
        Check(Section.HEALTH, fine, needs=(Foundation.NUMBER,)),
        Check(Section.HEALTH, fine, needs=(Foundation.TOKEN,)),
        Check(Section.PHONES, fine),
    )
    assert [(each.section, each.key) for each in findings] == [
        (Section.TOKEN, "general.broke"),
        (Section.NUMBER, "general.skipped"),
        (Section.HEALTH, "general.skipped"),
        (Section.PHONES, "settings.readable"),
    ]
    assert "ZeroDivisionError" in findings[2].seen.en


def test_the_gravest_mark_is_that_of_the_whole() -> None:
    ok, failed = (
        found(Section.PHONES, "settings.readable"),
        found(Section.DATABASE, "database.none", place="x"),
    )
    assert worst([]) is Mark.OK
    assert worst([ok, failed, ok]) is Mark.FAILED


def test_secrets_are_taken_out_of_every_part_of_a_finding() -> None:
    other = "EAA" + "Z" * 30
    finding = Finding(
        Section.TOKEN,
        "x",
        Mark.FAILED,
        seen=Text(en=f"Malformed {TOKEN}", he=f"{other} פגום"),
        means=Text(en=TOKEN, he=TOKEN),
        todo=Text(en=TOKEN, he=TOKEN),
        about=TOKEN,
        rows=(("A",), (TOKEN,)),
    )
    hidden = Concealment([TOKEN, "abc"]).finding(finding)
    assert TOKEN not in repr(hidden)
    assert other not in repr(hidden)
    assert hidden.seen.en == "Malformed [secret]"
    assert Concealment(["abc"]).text("abc") == "abc", "too short to be told from a word"


def test_a_secret_is_also_hidden_as_it_stands_in_an_address_or_in_json() -> None:
    hidden = Concealment(['p@ss w"rd/+'])
    for form in ("p%40ss%20w%22rd%2F%2B", "p%40ss+w%22rd%2F%2B", 'p@ss w\\"rd/+'):
        assert hidden.text(f"at {form}.") == "at [secret]."


def test_changes_are_told_by_kind_and_not_by_words() -> None:
    before = [
        found(Section.DATABASE, "database.none", place="a"),
        found(Section.SETTINGS, "settings.set", about="X", name="X"),
    ]
    same = [found(Section.DATABASE, "database.none", place="b"), before[1]]
    assert not changes(before, same)
    after = [found(Section.DATABASE, "database.current", place="a", current="1")]
    found_changes = changes(before, after)
    assert [each.key for each in found_changes.fresh] == ["database.current"]
    assert [each.about for each in found_changes.gone] == ["X"]
