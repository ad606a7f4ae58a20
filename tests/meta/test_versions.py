"""What a Graph API version is worth on a given day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.meta import versions
from invy.meta.versions import State

LATE_2026 = date(2026, 11, 23)
DAYS = st.dates(date(2025, 1, 1), date(2035, 1, 1))


def test_the_brief_s_v20_had_expired_by_november_2026_and_the_words_say_what_is_served_instead() -> None:
    standing = versions.status("v20.0", LATE_2026)

    assert standing.state is State.EXPIRED
    assert "expired on 2026-09-24" in standing.words
    assert "serves such calls as v21.0" in standing.words
    assert "WHATSAPP_API_VERSION=v25.0" in standing.words


def test_a_version_that_ends_within_three_months_is_expiring_and_the_words_count_the_days() -> None:
    standing = versions.status("v21.0", LATE_2026)

    assert standing.state is State.EXPIRING
    assert "2027-01-21, in 59 days" in standing.words


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 9, 24), State.EXPIRED),
        (date(2026, 9, 23), State.EXPIRING),
        (date(2026, 9, 24) - versions.EXPIRING_WITHIN, State.EXPIRING),
        (date(2026, 9, 24) - versions.EXPIRING_WITHIN - timedelta(days=1), State.CURRENT),
    ],
)
def test_the_edges_of_expiring_and_expired_are_exact(today: date, state: State) -> None:
    assert versions.status("v20.0", today).state is state


def test_one_day_left_is_written_in_the_singular() -> None:
    assert "in 1 day:" in versions.status("v20.0", date(2026, 9, 23)).words


def test_the_recommended_version_is_current_when_the_table_was_read() -> None:
    assert versions.status(versions.RECOMMENDED, versions.READ_ON).state is State.CURRENT


def test_a_version_without_an_announced_end_is_current() -> None:
    assert versions.status("v26.0", LATE_2026).state is State.CURRENT


def test_a_version_newer_than_the_table_is_unknown_and_not_called_wrong() -> None:
    standing = versions.status("v31.0", LATE_2026)

    assert standing.state is State.UNKNOWN
    assert "newer than" in standing.words


def test_a_version_older_than_the_table_is_expired() -> None:
    standing = versions.status("v16.0", LATE_2026)

    assert standing.state is State.EXPIRED
    assert "serves such calls as v21.0" in standing.words


def test_a_point_release_nobody_knows_is_unknown() -> None:
    assert versions.status("v24.5", LATE_2026).state is State.UNKNOWN


@pytest.mark.parametrize("text", ["", "25.0", "v25", "latest", "v٢٥.0", "v25.0\n"])
def test_text_that_is_no_version_is_unknown_and_the_right_form_is_shown(text: str) -> None:
    standing = versions.status(text, LATE_2026)

    assert standing.state is State.UNKNOWN
    assert "v25.0" in standing.words


def test_the_rows_stand_newest_first_and_each_ends_after_it_began() -> None:
    numbers = [versions.number(row.name) for row in versions.VERSIONS]
    releases = [row.released_on for row in versions.VERSIONS]

    assert None not in numbers
    assert releases == sorted(releases, reverse=True)
    assert len(set(numbers)) == len(numbers)
    assert all(row.ends_on is None or row.ends_on > row.released_on for row in versions.VERSIONS)


@given(text=st.text(max_size=12), today=DAYS)
def test_any_text_on_any_day_gets_an_answer_in_words(text: str, today: date) -> None:
    assert versions.status(text, today).words


@given(
    row=st.sampled_from(versions.VERSIONS),
    today=DAYS,
    later=st.timedeltas(timedelta(0), timedelta(days=4000)),
)
def test_a_version_only_ever_ages(row: versions.GraphVersion, today: date, later: timedelta) -> None:
    order = [State.CURRENT, State.EXPIRING, State.EXPIRED]
    now = versions.status(row.name, today).state
    then = versions.status(row.name, today + later).state

    assert order.index(then) >= order.index(now)


@given(today=DAYS)
def test_what_is_served_instead_of_an_expired_version_is_itself_usable(
    today: date,
) -> None:
    assert not versions.oldest_usable(today).expired(today)
