"""The service's own watch: the cheap checks over and over, an alarm while something stands in the way, told on change."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.watch import Changes, changes, remembered, unlooked

EVERY_S: Final = 30.0


class Vigil:
    """`look` examines and never raises; `tell` hears of what changed. One per process."""

    def __init__(
        self,
        look: Callable[[], Awaitable[Sequence[Finding]]],
        tell: Callable[[Changes], None],
        *,
        every_s: float = EVERY_S,
    ) -> None:
        self._look = look
        self._tell = tell
        self._every_s = every_s
        self._seen: tuple[Finding, ...] = ()
        self._closing = asyncio.Event()

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """What stands in the way now, as far as was last seen: an alarm does not end by looking away."""
        return tuple(finding for finding in self._seen if finding.mark is Mark.FAILED)

    async def step(self) -> None:
        """Look once. What is fine, or was not looked at, is no news."""
        found = await self._look()
        blind = unlooked(found)
        now = tuple(each for each in found if each.mark in (Mark.WARNING, Mark.FAILED))
        changed = changes(self._seen, now, blind)
        self._seen = remembered(self._seen, now, blind)
        if changed:
            self._tell(changed)

    async def run(self) -> None:
        """Look until `close`."""
        while not self._closing.is_set():
            await self.step()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._closing.wait()

    def close(self) -> None:
        self._closing.set()
