"""What the neighbours of a silent message tell: an outage, with and without its repair, or this guest alone."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.diagnose.neighbours import Around, Neighbour, around, in_time

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SPAN = timedelta(seconds=10)


def row(marks: str, step: float = 0.1, start: float = 0) -> list[Neighbour]:
    """`S` is silent, `H` is heard of; each so many seconds after the one before."""
    return [
        Neighbour(START + timedelta(seconds=start + n * step), mark == "H") for n, mark in enumerate(marks)
    ]


def told(*neighbours: Neighbour, at: float = 0) -> Around:
    """About a silent message of the ten seconds from `at`."""
    start = START + timedelta(seconds=at)
    return around(neighbours, start, start + SPAN)


@pytest.mark.parametrize(
    "marks", ["SSSSSH", "SSSH", "S" * 80 + "H" * 80, "SSSSHSSHHHH", "HHHSSSSSHHH", "SSSSS"]
)
def test_an_outage_is_not_undone_by_reports_about_the_messages_after_it(marks: str) -> None:
    assert told(*row(marks)) is Around.SILENT


@pytest.mark.parametrize("marks", ["HHHHS", "SHHHH", "HS", "HHSHH", "HHSSHHHHHH", "SHSHSH"])
def test_a_guest_who_is_silent_among_others_of_the_same_moments_is_silent_alone(marks: str) -> None:
    assert told(*row(marks)) is Around.HEARD


@pytest.mark.parametrize("every", [4, 7, 20])
def test_silent_guests_scattered_through_a_campaign_are_no_outage(every: int) -> None:
    marks = "".join("S" if n % every == 0 else "H" for n in range(200))
    assert told(*row(marks, step=0.05)) is Around.HEARD


def test_three_in_a_row_among_many_that_are_silent_here_and_there_are_chance() -> None:
    scattered = "HHHHS" * 12
    assert told(*row(f"{scattered}HHHHSSSHHHH{scattered}", step=0.05)) is Around.HEARD


@pytest.mark.parametrize("later_s", [25, 120, 590])
def test_one_message_of_an_outage_and_a_test_message_after_it_are_too_few_to_tell(later_s: float) -> None:
    assert told(*row("S"), *row("H", start=later_s)) is Around.UNCLEAR
    assert told(*row("SS"), *row("HHH", start=later_s)) is Around.SILENT


def test_one_before_and_one_long_after_leave_room_for_an_outage_between() -> None:
    few = (*row("H", start=-300), *row("S"), *row("H", start=300))
    assert told(*few) is Around.UNCLEAR
    assert told(*few, *row("H", start=400)) is Around.HEARD


def test_with_low_traffic_an_outage_is_seen_from_its_last_message_too() -> None:
    slow = (*row("SSS", step=240, start=-480), *row("H", start=300))
    assert told(*slow) is Around.SILENT


@pytest.mark.parametrize(
    ("after_s", "first", "prompt"),
    [(2, True, True), (100, True, True), (130, True, False), (2, False, True), (15, False, False)],
)
def test_a_report_proves_hearing_only_where_the_first_one_came_when_it_should(
    after_s: int, first: bool, prompt: bool
) -> None:
    """A delivery told of after the repair does not bring back the report of sending that was lost."""
    assert in_time(START, START + timedelta(seconds=after_s), first=first) is prompt
    assert not in_time(START, None, first=first)


def test_a_message_that_stands_alone_tells_nothing() -> None:
    assert told() is Around.UNCLEAR
    assert told(*row("S")) is Around.UNCLEAR


def test_an_outage_that_ended_within_the_same_seconds_is_seen_by_those_before_its_end() -> None:
    marks = row("H" * 30 + "S" * 30 + "H" * 30)
    assert told(*marks) is Around.SILENT


marks = st.lists(st.tuples(st.integers(-600, 600), st.booleans()), max_size=30).map(
    lambda found: [Neighbour(START + timedelta(seconds=at), heard) for at, heard in found]
)


@given(marks, st.randoms(use_true_random=False))
def test_the_order_in_which_they_were_read_changes_nothing(
    neighbours: list[Neighbour], chance: random.Random
) -> None:
    shuffled = list(neighbours)
    chance.shuffle(shuffled)
    assert told(*shuffled) is told(*neighbours)


@given(marks)
def test_nobody_is_silent_alone_where_nobody_was_heard_of(neighbours: list[Neighbour]) -> None:
    silent = [Neighbour(each.accepted_at, heard=False) for each in neighbours]
    assert told(*silent) is not Around.HEARD


@given(marks)
def test_an_outage_is_never_seen_where_everybody_else_was_heard_of(neighbours: list[Neighbour]) -> None:
    heard = [Neighbour(each.accepted_at, heard=True) for each in neighbours]
    assert told(*heard) is not Around.SILENT


@given(st.integers(1, 20), st.integers(5, 600))
def test_a_report_after_the_repair_never_turns_three_silent_in_a_row_into_guests_alone(
    after: int, later_s: int
) -> None:
    assert told(*row("SSS"), *row("H" * after, start=later_s)) is Around.SILENT
