"""Virtual time: as fast as asked, walked through in order, and never in the way of what it causes."""

import asyncio

import pytest

from invy.simulator.clock import Clock

START = 1_800_000_000.0


class Hand:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def nothing() -> None:
    """No consequences to wait for."""


def test_time_runs_as_many_times_faster_as_asked() -> None:
    hand = Hand()
    clock = Clock(speed=60, start=START, real=hand)
    hand.now = 2.0
    assert clock.now() == START + 120
    clock.set_speed(1)
    hand.now = 3.0
    assert clock.now() == START + 121


@pytest.mark.parametrize("speed", [0, -1])
def test_time_cannot_stand_still_or_run_backwards(speed: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Clock(speed=speed)
    with pytest.raises(ValueError, match="more than 0"):
        Clock().set_speed(speed)


def test_what_is_due_happens_in_order_and_nothing_else() -> None:
    hand = Hand()
    clock = Clock(start=START, real=hand)
    seen: list[str] = []
    clock.after(5, lambda: seen.append("second"))
    clock.after(1, lambda: seen.append("first"))
    clock.after(50, lambda: seen.append("later"))
    hand.now = 10
    assert clock.run_due() == 2
    assert seen == ["first", "second"]
    assert clock.pending == 1


async def test_a_fast_forward_sees_each_event_at_its_own_time() -> None:
    clock = Clock(start=START, real=Hand())
    seen: list[float] = []

    def again() -> None:
        seen.append(clock.now() - START)
        if len(seen) < 4:
            clock.after(86_400, again)

    clock.after(86_400, again)
    assert await clock.fast_forward(10 * 86_400, nothing) == 4
    assert seen == [86_400, 172_800, 259_200, 345_600]
    assert clock.now() == START + 10 * 86_400


async def test_consequences_of_an_event_find_their_hour_before_it_has_passed() -> None:
    clock = Clock(start=START, real=Hand())
    refused: list[float] = []
    retried: list[float] = []
    clock.after(10, lambda: refused.append(clock.now()))

    async def quiet() -> None:
        if refused and not retried and clock.pending == 0:
            clock.after(3600, lambda: retried.append(clock.now() - START))

    await clock.fast_forward(86_400, quiet)
    assert retried == [3610]


async def test_settling_lets_pass_as_much_time_as_there_is_something_due() -> None:
    clock = Clock(start=START, real=Hand())
    seen: list[str] = []
    clock.after(3 * 86_400, lambda: seen.append("delivered"))
    clock.after(9 * 86_400, lambda: seen.append("scheduled incident"), lasting=True)
    await clock.settle(nothing)
    assert seen == ["delivered"]
    assert 3 * 86_400 <= clock.now() - START < 4 * 86_400


async def test_two_who_fast_forward_at_once_take_turns() -> None:
    clock = Clock(start=START, real=Hand())
    clock.after(10, lambda: None)

    async def slow() -> None:
        await asyncio.sleep(0)

    await asyncio.gather(clock.fast_forward(100, slow), clock.fast_forward(100, slow))
    assert clock.now() == START + 200


async def test_a_running_clock_lets_things_happen_by_itself() -> None:
    clock = Clock(speed=1000)
    happened = asyncio.Event()
    clock.start()
    clock.after(3600, lambda: None)
    clock.after(1, happened.set)
    await asyncio.wait_for(happened.wait(), 5)
    await clock.stop()
    assert clock.pending == 1


def test_forgetting_keeps_what_is_about_the_world_itself() -> None:
    clock = Clock(start=START, real=Hand())
    clock.after(1, lambda: None)
    clock.after(2, lambda: None, lasting=True)
    clock.forget()
    assert clock.pending == 0
    assert clock._agenda
