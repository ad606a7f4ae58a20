import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.pacing import BURST_S, CLOCKS_DIFFER_S, FIRST_REST_S, LONGEST_REST_S, Pace, longer

RATES = st.floats(0.5, 1000)
NOW = st.floats(1e9, 2e9)
WRITTEN = st.floats(allow_nan=False, allow_infinity=False)
"""What may stand in a row: anything, for clocks may say anything."""


@given(
    rate=st.floats(0.5, 1000),
    steps=st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 500)), min_size=1, max_size=60),
)
def test_the_rate_is_never_exceeded(rate: float, steps: list[tuple[float, int]]) -> None:
    """In any stretch of time, no more go than the rate allows plus one burst."""
    pace, now, sent = Pace(), 1_000_000.0, 0
    start = now
    for pause, wanted in steps:
        now += pause
        count = min(wanted, pace.allows(now, rate))
        pace = pace.taken(count, now, rate) if count else pace
        sent += count
    assert sent <= (now - start) * rate + max(BURST_S * rate, 1) + 1


@given(rate=st.floats(0.5, 1000), now=st.floats(1e9, 2e9))
def test_after_waiting_as_told_one_may_go(rate: float, now: float) -> None:
    pace = Pace().taken(Pace().allows(now, rate), now, rate)
    wait = pace.wait(now, rate)
    assert pace.allows(now + wait + 1e-6, rate) >= 1


def test_saved_up_time_is_bounded() -> None:
    assert Pace(next_slot=0).allows(1e9, 80) == 8


def test_a_slow_rate_still_lets_one_go() -> None:
    assert Pace().allows(1e9, 0.2) == 1


def test_a_rest_lets_nothing_go_and_a_longer_rest_stays() -> None:
    resting = Pace().resting(100.0, 0).resting(50.0, 0)
    assert resting.allows(99, 80) == 0
    assert resting.wait(90, 80) == pytest.approx(10, abs=1)
    assert resting.allows(101, 80) > 0


@given(rate=RATES, now=NOW, rest_s=st.floats(0, LONGEST_REST_S), answer_s=st.floats(0.1, 1e6))
def test_after_a_rest_one_goes_ahead_until_it_has_its_answer(
    rate: float, now: float, rest_s: float, answer_s: float
) -> None:
    over = now + rest_s + 1 / rate
    pace = Pace(next_slot=now).resting(now + rest_s, now)
    assert pace.probing(over)
    assert pace.allows(over + 1, rate) == 1
    ahead = pace.taken(1, over + 1, rate).probed(over + 1, answer_s)
    assert ahead.allows(over + 1 + min(answer_s, LONGEST_REST_S) / 2, rate) == 0
    free = ahead.answered(None, over + 2)
    assert not free.probing(over + 2)
    assert free.allows(over + 10, rate) >= 1


def test_rests_double_up_to_the_longest_and_all_processes_can_tell_how_long_the_last_one_was() -> None:
    now, rests = 1e9, []
    pace = Pace(next_slot=now).resting(now + FIRST_REST_S, now)
    for _ in range(7):
        rests.append(pace.rested_s)
        now = pace.rest_until
        pace = pace.taken(1, now, 80).answered(now + longer(pace.rested_s), now)
    assert rests == pytest.approx([10, 20, 40, 80, 160, 300, 300], rel=0.02)


@given(rate=RATES, now=NOW, next_slot=WRITTEN, rest_until=WRITTEN)
def test_whatever_a_clock_has_written_sending_goes_on_in_minutes(
    rate: float, now: float, next_slot: float, rest_until: float
) -> None:
    pace = Pace(next_slot, rest_until)
    longest = max(LONGEST_REST_S, 1 / rate) + CLOCKS_DIFFER_S + 1e-6
    assert pace.wait(now, rate) <= longest
    later = now + pace.wait(now, rate) + 1e-6
    assert pace.allows(later, rate) >= 1
    written_anew = pace.taken(1, later, rate)
    assert written_anew.next_slot <= later + CLOCKS_DIFFER_S


@given(now=NOW, rest_until=WRITTEN, wanted=WRITTEN)
def test_a_rest_that_is_asked_for_is_kept_whatever_was_written_before(
    now: float, rest_until: float, wanted: float
) -> None:
    left = Pace(rest_until=rest_until).resting(wanted, now).rest_left(now)
    assert left >= min(LONGEST_REST_S, max(0.0, wanted - now)) - 1e-6
    assert left <= LONGEST_REST_S + CLOCKS_DIFFER_S


@given(
    rate=RATES,
    ahead=st.floats(0, CLOCKS_DIFFER_S - 0.01),
    steps=st.lists(st.tuples(st.floats(0, 0.5), st.booleans()), min_size=1, max_size=60),
)
def test_two_clocks_that_differ_by_seconds_hold_one_rate(
    rate: float, ahead: float, steps: list[tuple[float, bool]]
) -> None:
    pace, now, sent = Pace(), 1_000_000.0, 0
    start = now
    for pause, by_the_other in steps:
        now += pause
        read = now + ahead if by_the_other else now
        count = pace.allows(read, rate)
        pace = pace.taken(count, read, rate) if count > 0 else pace
        sent += max(0, count)
    assert sent <= (now - start + ahead) * rate + max(BURST_S * rate, 1) + 1


@pytest.mark.parametrize("written", [1e9 + 86_400, 1e9 + CLOCKS_DIFFER_S + 1])
def test_a_slot_far_ahead_is_a_clock_that_was_wrong_and_stops_nobody(written: float) -> None:
    assert Pace(next_slot=written).allows(1e9, 80) == 8


def test_a_slot_a_little_ahead_is_another_machine_s_clock_and_is_waited_for() -> None:
    pace = Pace(next_slot=1e9 + 2)
    assert pace.allows(1e9, 80) <= 0
    assert pace.wait(1e9, 80) == pytest.approx(2 + 1 / 80)
