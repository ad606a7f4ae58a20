"""What can be a name, a number or a time: laws of reading Meta's values one at a time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.meta import loose

MOMENTS = st.datetimes(datetime(2009, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - Hypothesis adds the zone
    lambda at: at.replace(microsecond=0)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.builds(
    lambda letter, n: letter * n,
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    st.integers(1, 3000),
)


@given(TEXTS)
def test_a_name_is_the_very_text_and_never_too_many_bytes_for_an_index(text: str) -> None:
    fits = 0 < len(text.encode()) <= loose.LONGEST_NAME and "\0" not in text
    assert loose.name(text) == (text if fits else None)
    fits = 0 < len(text.encode()) <= loose.LONGEST_USER_ID and "\0" not in text
    assert loose.user_id(text) == (text if fits else None)


@given(TEXTS)
def test_what_is_shortened_is_cut_only_where_it_must_be_and_says_so(text: str) -> None:
    short = loose.shortened(text)
    assert short is not None
    assert len(short.encode()) <= loose.LONGEST_NAME
    if len(text.encode()) <= loose.LONGEST_NAME:
        assert short == text
    else:
        assert short.endswith("…")
        assert text.startswith(short[:-1])
        assert len(short.encode()) > loose.LONGEST_NAME - 8
    assert loose.shortened(short) == short


def test_two_names_fit_one_entry_of_an_index_and_every_name_of_metas_is_one() -> None:
    assert 2 * loose.LONGEST_NAME <= 2704 - 100
    assert loose.name("t" * 512) is not None  # the longest template name
    assert loose.user_id("US.ENT." + "9" * 128) is not None


@given(st.text(max_size=25) | st.integers() | st.none() | st.lists(st.integers(), max_size=2))
def test_the_digits_of_a_number_are_digits(value: object) -> None:
    digits = loose.digits(value)
    assert digits is None or (digits == str(value) and set(digits) <= set("0123456789"))
    assert loose.digits("447700900123") == loose.digits(447700900123) == "447700900123"


@given(MOMENTS, st.integers(-(10**9), 10**9))
def test_a_time_is_believed_unless_it_is_more_than_a_day_after_it_was_heard_of(
    heard_at: datetime, ahead: int
) -> None:
    at = heard_at + timedelta(seconds=ahead)
    seconds = int(at.timestamp())
    believed = at if at.year >= 2009 and ahead <= 24 * 60 * 60 else None
    assert loose.moment(seconds, heard_at) == loose.moment(str(seconds), heard_at) == believed


@pytest.mark.parametrize("written", ["253402300799", "1230767999", "1", 1, 253402300799])
def test_the_end_of_time_and_what_was_before_whatsapp_are_no_times(written: object) -> None:
    assert loose.moment(written, datetime(2026, 11, 23, tzinfo=UTC)) is None


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()))
def test_any_value_is_a_time_or_none(value: object) -> None:
    heard_at = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    at = loose.moment(value, heard_at)
    assert at is None or datetime(2009, 1, 1, tzinfo=UTC) <= at <= heard_at
