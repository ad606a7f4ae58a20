"""Virtual time and what is due in it. Days can pass in seconds; nothing here knows what a message is.

Theory: virtual time runs `speed` times as fast as a real clock that is handed in. A fast-forward walks through the
agenda in order, so an event due on Tuesday sees Tuesday's time, and pauses after each handful so that the effects of
an event (a webhook refused, to be retried in an hour) find their place in the agenda before their hour has passed.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable

_HANDFUL = 500
# What lies closer together than this happens at once in a fast-forward, so that batches can form.
_AT_ONCE_S = 0.2
_LONGEST_NAP_S = 3600.0

Effect = Callable[[], None]


class Clock:
    """The time of one world, and its agenda. Seconds throughout; `now` is a Unix timestamp."""

    def __init__(
        self, *, speed: float = 1.0, start: float | None = None, real: Callable[[], float] = time.monotonic
    ) -> None:
        if speed <= 0:
            raise ValueError("speed must be more than 0: it says how many times faster delays run")
        self._speed = speed
        self._real = real
        self._virtual = time.time() if start is None else start
        self._anchor = real()
        self._frozen = False
        self._agenda: list[tuple[float, int, Effect, bool]] = []
        self._passing = 0
        self._order = itertools.count()
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def pending(self) -> int:
        """How much is due that is about messages and webhooks; what is about the world itself does not count."""
        return self._passing

    def now(self) -> float:
        if self._frozen:
            return self._virtual
        return self._virtual + (self._real() - self._anchor) * self._speed

    @staticmethod
    def real_time() -> float:
        """The wall clock, for those who must not see virtual time."""
        return time.time()

    def at(self, due: float, effect: Effect, *, lasting: bool = False) -> None:
        """Have `effect` happen when virtual time reaches `due`; a lasting one survives `forget`."""
        heapq.heappush(self._agenda, (due, next(self._order), effect, lasting))
        self._passing += not lasting
        if self._agenda[0][0] == due:
            self._changed.set()

    def after(self, seconds: float, effect: Effect, *, lasting: bool = False) -> None:
        self.at(self.now() + seconds, effect, lasting=lasting)

    def _take(self) -> Effect:
        _, _, effect, lasting = heapq.heappop(self._agenda)
        self._passing -= not lasting
        return effect

    def set_speed(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError("speed must be more than 0")
        self._virtual, self._anchor, self._speed = self.now(), self._real(), speed
        self._changed.set()

    def forget(self) -> None:
        """Empty the agenda of all that is not lasting."""
        self._agenda = [each for each in self._agenda if each[3]]
        heapq.heapify(self._agenda)
        self._passing = 0

    def run_due(self, most: int = 1_000_000) -> int:
        """Let everything happen that is due, up to so much; the number of effects."""
        done = 0
        while done < most and self._agenda and self._agenda[0][0] <= self.now():
            self._take()()
            done += 1
        return done

    def start(self) -> None:
        self._changed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            if not self._frozen and self.run_due(_HANDFUL) == _HANDFUL:
                # More may be due, but requests are waiting too.
                await asyncio.sleep(0)
                continue
            if self._agenda and not self._frozen:
                nap = min((self._agenda[0][0] - self.now()) / self._speed, _LONGEST_NAP_S)
                try:
                    async with asyncio.timeout(max(nap, 0)):
                        await self._changed.wait()
                except TimeoutError:
                    continue
            else:
                await self._changed.wait()

    async def fast_forward(self, seconds: float, quiet: Callable[[], Awaitable[None]]) -> int:
        """Let `seconds` pass at once. `quiet` returns when the effects so far have had their consequences."""
        async with self._one_at_a_time:
            return await self._walk_to(self.now() + seconds, quiet)

    async def _walk_to(self, target: float, quiet: Callable[[], Awaitable[None]]) -> int:
        self._virtual, self._frozen = self.now(), True
        done = 0
        try:
            await quiet()
            while self._agenda and self._agenda[0][0] <= target:
                self._virtual = max(self._virtual, self._agenda[0][0])
                for _ in range(_HANDFUL):
                    if not self._agenda or self._agenda[0][0] > min(self._virtual + _AT_ONCE_S, target):
                        break
                    self._take()()
                    done += 1
                await quiet()
            self._virtual = target
        finally:
            self._anchor, self._frozen = self._real(), False
            self._changed.set()
        return done

    async def settle(self, quiet: Callable[[], Awaitable[None]], *, longest_s: float = 40 * 86400.0) -> int:
        """Let time pass until nothing about messages and webhooks is due any more, or `longest_s` have passed."""
        done, left = 0, longest_s
        await quiet()
        while self._passing and left > 0:
            step = max(self._agenda[0][0] - self.now(), 0.0) + _AT_ONCE_S
            done += await self.fast_forward(min(step, left), quiet)
            left -= step
        return done
