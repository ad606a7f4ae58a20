"""How single values are written: names among other cells, cells for spreadsheets, times at the glass."""

import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.cli import cell
from invy.cli.funnel import WIDTH, bar

HEBREW, ARABIC = "איילה חורב", "ليلى حداد"


@pytest.mark.parametrize("name", [HEBREW, ARABIC, "Dana דנה"])
def test_a_name_that_runs_right_to_left_is_isolated_on_a_terminal_only(name: str) -> None:
    assert cell.isolated(name, terminal=True) == f"\u2068{name}\u2069"
    assert cell.isolated(name, terminal=False) == name


@pytest.mark.parametrize("name", ["Emma", "José García", "Иван Петров", "", "+447700900123"])
def test_a_name_that_runs_left_to_right_gets_no_marks(name: str) -> None:
    assert cell.isolated(name, terminal=True) == name


@given(st.text())
def test_nothing_visible_can_command_a_terminal_or_leave_its_line(text: str) -> None:
    shown = cell.visible(text)
    assert not {"Cc", "Zl", "Zp", "Cs"} & {unicodedata.category(mark) for mark in shown}
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f") & set(shown)


def test_joiners_that_letters_need_stay() -> None:
    assert cell.visible("می\u200cخواهم") == "می\u200cخواهم"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1-2", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "+44 7700", "+", "-"]
)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert cell.harmless(text) == "'" + text


@pytest.mark.parametrize("text", ["+447700900123", "+972504370045", "Emma", "", HEBREW, "5-6", "a=b", "'=1"])
def test_a_phone_number_and_plain_text_stay_as_they_are(text: str) -> None:
    assert cell.harmless(text) == text


@given(st.text())
def test_no_cell_but_a_phone_number_begins_with_a_sign_that_commands(text: str) -> None:
    safe = cell.harmless(text)
    assert safe[:1] not in set("=+-@\t\r\n＝＋－＠") or (safe[0] == "+" and safe[1:].isdigit())
    assert safe in (text, "'" + text)


@pytest.fixture
def jerusalem(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Jerusalem")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("jerusalem")
def test_times_are_local_and_say_so_where_the_clock_was_changed() -> None:
    winter, summer = datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 7, 1, 6, tzinfo=UTC)
    zone = cell.zone_of(winter)
    assert zone == "UTC+02:00"
    assert cell.local(winter, zone) == "2026-11-23 08:00:00"
    assert cell.local(summer, zone) == "2026-07-01 09:00:00 UTC+03:00"
    assert cell.utc(winter) == "2026-11-23T06:00:00Z"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.04, "0.0 s"), (1.5, "1.5 s"), (59, "59 s"), (600, "10 min"), (10_000, "3 h"), (200_000, "2 d")],
)
def test_a_length_of_time_is_told_in_its_fitting_unit(seconds: float, told: str) -> None:
    assert cell.duration(seconds) == told


@given(st.integers(0, 10_000_000), st.integers(1, 10_000_000))
def test_a_bar_is_never_longer_than_its_width_and_never_empty_but_for_nothing(number: int, most: int) -> None:
    drawn = bar(min(number, most), most)
    assert len(drawn) <= WIDTH
    assert bool(drawn) == bool(min(number, most))
