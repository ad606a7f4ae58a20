"""One part of the service, kept alive: a part that breaks is started again, and one that only ever breaks is known as that."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog

RESTART_S: Final = 1.0
STEADY_S: Final = 10.0
"""A part that has run for so long without breaking does its work."""
LOOP: Final = 3
"""Breaks in a row, none of them after a steady run, that are more than one bad moment."""

_log = structlog.stdlib.get_logger("invy.service")


class Part:
    """`run` is started again whenever it raises, until it returns. `elapsed` is a clock that only moves forward."""

    def __init__(
        self,
        name: str,
        run: Callable[[], Coroutine[Any, Any, None]],
        *,
        elapsed: Callable[[], float],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._run = run
        self._elapsed = elapsed
        self._pause = pause
        self._breaks = 0
        self._broke_at = 0.0
        self.task = asyncio.create_task(self._keep_alive(), name=f"invy.{name}")

    @property
    def runs(self) -> bool:
        """Whether it does its work, as far as can be told: it has not ended, and does not break again and again."""
        breaking = self._breaks >= LOOP and self._elapsed() - self._broke_at < STEADY_S
        return not self.task.done() and not breaking

    async def _keep_alive(self) -> None:
        """One defect must not end receiving or sending for good."""
        while True:
            started = self._elapsed()
            try:
                await self._run()
            except Exception:  # noqa: BLE001 - logged whole; the part is started again
                self._broke_at = self._elapsed()
                self._breaks = self._breaks + 1 if self._broke_at - started < STEADY_S else 1
                _log.exception(
                    "service.part_broke", part=self._name, again_in_s=RESTART_S, breaks=self._breaks
                )
                await self._pause(RESTART_S)
            else:
                return
