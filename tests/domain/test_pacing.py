import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.pacing import BURST_S, Pace


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
    resting = Pace().resting(100.0).resting(50.0)
    assert resting.allows(99, 80) == 0
    assert resting.wait(90, 80) == pytest.approx(10, abs=1)
    assert resting.allows(101, 80) > 0
