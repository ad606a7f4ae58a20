"""Parts of the service: one that breaks is started again; one that only breaks is not taken for running."""

import asyncio

from invy.app.part import LOOP, RESTART_S, STEADY_S, Part


class Hands:
    """A clock that a test moves, and a part that does what it is told: seconds to run before it breaks."""

    def __init__(self, *lives: float) -> None:
        self.now = 100.0
        self.begun = 0
        self._lives = list(lives)
        self.paused = asyncio.Event()
        self.go = asyncio.Event()

    def elapsed(self) -> float:
        return self.now

    async def run(self) -> None:
        self.begun += 1
        if not self._lives:
            await asyncio.Event().wait()
        self.now += self._lives.pop(0)
        raise RuntimeError("a defect")

    async def pause(self, seconds: float) -> None:
        assert seconds == RESTART_S
        self.paused.set()
        await self.go.wait()
        self.go.clear()
        self.now += seconds

    async def broken(self) -> None:
        await asyncio.wait_for(self.paused.wait(), 5)
        self.paused.clear()

    def part(self) -> Part:
        return Part("apply", self.run, elapsed=self.elapsed, pause=self.pause)


def runs(part: Part) -> bool:
    return part.runs


async def test_one_bad_moment_is_none_to_speak_of() -> None:
    hands = Hands(0.1)
    part = hands.part()
    await hands.broken()
    assert runs(part)
    part.task.cancel()


async def test_a_part_that_breaks_again_and_again_does_not_run_until_it_has_been_steady() -> None:
    hands = Hands(*[0.1] * LOOP)
    part = hands.part()
    for _ in range(LOOP - 1):
        await hands.broken()
        assert runs(part)
        hands.go.set()
    await hands.broken()
    assert not runs(part)
    hands.go.set()
    while hands.begun <= LOOP:
        await asyncio.sleep(0)
    assert hands.begun == LOOP + 1
    assert not runs(part)
    hands.now += STEADY_S
    assert runs(part)
    part.task.cancel()


async def test_breaking_now_and_then_after_steady_runs_is_not_a_loop() -> None:
    hands = Hands(*[STEADY_S + 1] * (LOOP + 2))
    part = hands.part()
    for _ in range(LOOP + 2):
        await hands.broken()
        assert runs(part)
        hands.go.set()
    part.task.cancel()


async def test_a_part_that_ended_does_not_run() -> None:
    async def run() -> None:
        return

    part = Part("apply", run, elapsed=lambda: 0.0)
    await part.task
    assert not runs(part)
