"""The error catalogue: every documented code has a whole row, and each answer keeps the promises of sending."""

import re
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.errors import Side
from invy.meta.catalogue import Channel, Effect, Outcome, Retry, Row, all_rows, lookup
from invy.meta.catalogue_words import CHANNEL, EFFECT, OUTCOME, SIDE, duration, resend, source, title
from tests.meta.documented_codes import DOCUMENTED, DOCUMENTED_ON, codes_in
from tests.reference import reference

HEBREW = re.compile(r"[֐-׿]")
ROWS = all_rows()
ids = [row.label for row in ROWS]


# --- completeness -----------------------------------------------------------------------------------------------


def test_every_code_documented_on_the_listed_date_has_a_row() -> None:
    missing = sorted(code for code in DOCUMENTED if not lookup(code).known)
    assert missing == [], f"documented on {DOCUMENTED_ON}, but without a row"


def test_every_code_of_the_reference_has_a_row_and_is_in_the_committed_list() -> None:
    contract = reference() / "contract.md"
    text = contract.read_text(encoding="utf-8")
    documented = codes_in(text[text.index("## 1. Errors") : text.index("## 2. ")])
    assert len(documented) > 100, "the reference was not understood"
    assert sorted(code for code in documented if not lookup(code).known) == []
    assert sorted(documented - DOCUMENTED) == [], "add these to the committed list and its date"


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_a_row_has_something_in_every_column(row: Row) -> None:
    for column in ("title", "source"):
        assert getattr(row, column).strip(), column
    for text in (row.meaning, row.todo):
        assert len(text.en) >= 8
        assert HEBREW.search(text.he), "the Hebrew text is not Hebrew"
        assert not HEBREW.search(text.en), "Hebrew stands in the English text"
        for said in (text.en, text.he):
            assert said == said.strip()
            assert said.endswith("."), said
    assert bool(row.note) == bool(row.note_he), "a note is said in both languages or not at all"
    assert date(2025, 1, 1) < row.as_of <= date(2026, 11, 22)


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_a_wait_is_told_exactly_where_a_later_try_makes_sense(row: Row) -> None:
    if row.earliest_s is not None:
        assert row.retry is Retry.LATER
        assert row.earliest_s > 0
    elif row.retry is Retry.LATER:
        said = row.meaning.en + row.todo.en
        assert "does not say how long" in said or "details say" in said


def test_no_code_is_told_twice() -> None:
    keys = [(row.code, row.subcode, row.until) for row in ROWS]
    assert len(keys) == len(set(keys))


def test_a_row_without_a_column_is_refused_when_read() -> None:
    whole = msgspec.to_builtins(ROWS[0])
    del whole["retry"]
    with pytest.raises(msgspec.ValidationError, match="retry"):
        msgspec.convert(whole, Row)


def test_every_word_of_the_closed_sets_can_be_said_in_both_languages() -> None:
    for words, members in ((SIDE, Side), (CHANNEL, Channel), (OUTCOME, Outcome), (EFFECT, Effect)):
        assert set(words) == set(members)
        assert all(text.en and HEBREW.search(text.he) for text in words.values())
    assert all(resend(row).en and HEBREW.search(resend(row).he) for row in ROWS)


# --- what sending rests on --------------------------------------------------------------------------------------


def test_only_what_meta_rejected_before_processing_is_deferred() -> None:
    deferred = {row.code for row in ROWS if row.outcome is Outcome.DEFERRED}
    assert deferred == {4, 80007, 130429, 131056, 131057}


@pytest.mark.parametrize("code", [1, 2, 131000, 131016])
def test_a_code_after_which_the_message_may_have_gone_out_is_unsure(code: int) -> None:
    assert lookup(code, http_status=500).outcome is Outcome.UNSURE
    assert not lookup(code, http_status=500).return_to_queue


@pytest.mark.parametrize(
    ("code", "subcode"),
    [(code, None) for code in (0, 3, 10, 33, 104, 190, 200, 231, 299, 368, 803)]
    + [(code, None) for code in (131005, 131031, 131037, 131042, 131045, 131048, 131064, 133010)]
    + [(100, 33), (190, 463), (190, 467)],
)
def test_t20_an_account_level_code_holds_the_sender_and_fails_nobody(code: int, subcode: int | None) -> None:
    row = lookup(code, subcode, http_status=403)
    assert row.outcome is Outcome.HELD
    assert row.return_to_queue
    assert row.effect is Effect.HOLD_SENDER
    assert row.side is Side.ACCOUNT


@pytest.mark.parametrize("code", [132001, 132015, 132016])
def test_a_template_that_cannot_be_sent_holds_only_its_own_messages(code: int) -> None:
    row = lookup(code)
    assert (row.outcome, row.effect, row.return_to_queue) == (Outcome.HELD, Effect.HOLD_TEMPLATE, True)


def test_a_pair_limit_holds_up_one_guest_and_a_rate_limit_slows_everybody() -> None:
    assert lookup(131056).effect is Effect.WAIT_PAIR
    assert {lookup(code).effect for code in (4, 80007, 130429)} == {Effect.SLOW_DOWN}


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_holding_the_work_and_returning_the_message_go_together(row: Row) -> None:
    holds = row.effect in (Effect.HOLD_SENDER, Effect.HOLD_TEMPLATE)
    assert (row.outcome is Outcome.HELD) == holds
    assert row.return_to_queue == (row.outcome in (Outcome.HELD, Outcome.DEFERRED))


@pytest.mark.parametrize("code", [131026, 130472, 131049, 131050, 131053, 132000, 132012, 131008, 130497])
def test_a_refusal_that_is_about_this_message_leaves_the_others_alone(code: int) -> None:
    row = lookup(code)
    assert (row.outcome, row.effect) == (Outcome.REFUSED, Effect.NONE)


def test_a_refusal_that_comes_with_http_500_is_still_a_refusal() -> None:
    assert lookup(131045, http_status=500).return_to_queue
    assert lookup(132000, http_status=500).outcome is Outcome.REFUSED
    assert lookup(131057, http_status=500).outcome is Outcome.DEFERRED


# --- lookup -----------------------------------------------------------------------------------------------------


def test_a_range_answers_with_the_code_that_was_asked_for() -> None:
    assert (lookup(217).code, lookup(217).until, lookup(217).title) == (217, None, "API Permission")


@pytest.mark.parametrize("code", [200005, 200006, 200007])
def test_template_insights_are_not_mistaken_for_missing_permissions(code: int) -> None:
    assert lookup(code).channel is Channel.MANAGEMENT
    assert lookup(code).effect is Effect.NONE


def test_the_codes_beside_a_range_are_not_in_it() -> None:
    assert not lookup(199).known
    assert not lookup(300).known


def test_a_subcode_has_its_own_row_where_it_changes_the_meaning() -> None:
    assert lookup(100, 33).effect is Effect.HOLD_SENDER
    assert lookup(100).effect is Effect.NONE
    assert lookup(100, 2494073) == lookup(100), "a subcode we do not know changes nothing"
    assert lookup(131056, 2494071) == lookup(131056)


def test_an_unknown_code_says_so_and_the_http_status_decides() -> None:
    assert not lookup(999_999).known
    assert lookup(999_999).code == 999_999
    assert lookup(999_999, http_status=400).outcome is Outcome.REFUSED
    assert lookup(999_999, http_status=429).outcome is Outcome.REFUSED
    for status in (None, 200, 302, 500, 502, 503):
        assert lookup(999_999, http_status=status).outcome is Outcome.UNSURE


def test_a_code_that_is_not_about_sending_never_settles_a_send_by_itself() -> None:
    assert lookup(133004, http_status=503).outcome is Outcome.UNSURE
    assert lookup(133005, http_status=400).outcome is Outcome.REFUSED


@given(
    st.integers(),
    st.none() | st.integers(),
    st.none() | st.integers(),
)
def test_lookup_never_raises_and_always_has_words(code: int, subcode: int | None, status: int | None) -> None:
    row = lookup(code, subcode, status)
    assert row.code == code
    assert row.meaning.en
    assert row.meaning.he
    assert row.return_to_queue == (row.outcome in (Outcome.HELD, Outcome.DEFERRED))
    if not row.known and status is not None and status >= 500:
        assert row.outcome is Outcome.UNSURE


# --- what is often told wrongly -----------------------------------------------------------------------------------


def test_the_picture_that_cannot_be_fetched_is_131053_and_not_132015() -> None:
    assert "picture" in lookup(131053).meaning.en
    assert lookup(131053).channel is Channel.WEBHOOK
    assert "paused" in lookup(132015).meaning.en
    assert "131053" in lookup(132015).note


def test_131031_is_our_own_account_and_says_nothing_about_the_guest() -> None:
    assert lookup(131031).side is Side.ACCOUNT
    assert "no code exists" in lookup(131031).note


def test_131026_names_all_three_reasons_and_keeps_the_guest() -> None:
    row = lookup(131026)
    for reason in ("no WhatsApp", "old app", "terms of use"):
        assert reason in row.meaning.en
    assert "Keep them in the list" in row.todo.en
    assert "one of three" in row.note


@pytest.mark.parametrize(
    ("seconds", "en", "he"),
    [
        (1, "1 second", "שנייה אחת"),
        (6, "6 seconds", "6 שניות"),
        (300, "5 minutes", "5 דקות"),
        (3600, "1 hour", "שעה אחת"),
        (86400, "1 day", "יממה אחת"),
        (172800, "2 days", "יומיים"),
        (7200, "2 hours", "שעתיים"),
        (259200, "3 days", "3 ימים"),
        (2592000, "30 days", "30 יום"),
        (0, "0 seconds", "0 שניות"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_unit(seconds: int, en: str, he: str) -> None:
    assert (duration(seconds).en, duration(seconds).he) == (en, he)


def test_whether_to_send_again_after_an_unknown_code_is_not_known_in_either_language() -> None:
    told = resend(lookup(999_999))
    assert told.en.startswith("not known")
    assert told.he.startswith("לא ידוע")


def test_an_unknown_code_has_no_english_left_in_hebrew() -> None:
    row = lookup(999_999)
    for words in (title(row, "he"), source(row, "he")):
        assert not re.search("[A-Za-z]", words)
    assert (title(row, "en"), source(row, "en")) == (row.title, row.source)
    known = lookup(131026)
    assert title(known, "he") == known.title, "Meta's titles stay as Meta writes them"
