"""Refused webhooks, told in measure: a flood of them must not fill the log, the disk or anybody's time.

Per reason at most one line in the log and one sample in the database per second; the rest is only counted. Samples are
written behind the answer's back: whoever was refused does not wait, and a database that is away loses a sample.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from invy.domain.errors import StoreUnavailable
from invy.engine.ports import Clock, Observer
from invy.store.journal import JournalStore

EVERY_S: Final = 1.0


class Refusals:
    """`elapsed` is a clock that only moves forward, in seconds. Reasons must form a small closed set."""

    def __init__(
        self, journal: JournalStore, observer: Observer, clock: Clock, elapsed: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._observer = observer
        self._clock = clock
        self._elapsed = elapsed
        self._next: dict[str, float] = {}
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, reason: str, body: bytes | None = None) -> None:
        """Tell of one refusal; `body` is sampled when its turn has come."""
        now = self._elapsed()
        if now < self._next.get(reason, now):
            return
        self._next[reason] = now + EVERY_S
        self._observer.webhook_refused(reason)
        if body is not None and not self._writing:
            task = asyncio.create_task(self._write(reason, body))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def settle(self) -> None:
        """Wait for the sample that is being written, if any."""
        if self._writing:
            await asyncio.wait(self._writing)

    async def _write(self, reason: str, body: bytes) -> None:
        try:
            await self._journal.refused(self._clock(), reason, body)
        except StoreUnavailable as error:
            self._observer.trouble("refusals", error)
