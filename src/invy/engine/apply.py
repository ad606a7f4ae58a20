"""Applying: whatever is in the journal is read, and what two tellers stored without seeing each other brought together."""

import asyncio
from datetime import datetime, timedelta

from invy.domain.errors import StoreUnavailable
from invy.engine.hand import Hand, Reader
from invy.engine.ports import ApplyPort, Clock, Observer

GATHER_S = 0.02
"""After a wake-up, how long entries gather: one transaction for many costs little more than one for one."""

SWEEP = timedelta(seconds=60)
"""How often orphans are compared with all messages."""

POLL_S = 1.0
"""How often to look for entries that another process wrote; our own wake us at once."""


class Applier:
    """Reads the journal to its end, then waits to be woken. One per process."""

    def __init__(self, store: ApplyPort, read: Reader, clock: Clock, observer: Observer) -> None:
        self._hand = Hand(store, read, clock, observer)
        self._store = store
        self._clock = clock
        self._observer = observer
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._swept_at: datetime | None = None

    def wake(self) -> None:
        """There is something new in the journal."""
        self._woken.set()

    def close(self) -> None:
        """Finish the batch at hand and end."""
        self._closing.set()
        self._woken.set()

    async def run(self) -> None:
        """Apply until `close`. A database that is away is waited for; nothing is lost meanwhile."""
        while not self._closing.is_set():
            self._woken.clear()
            try:
                await self._sweep()
                while not self._closing.is_set() and await self._hand.step() and self._hand.more:
                    pass
            except StoreUnavailable as error:
                self._observer.trouble("apply", error)
            try:
                async with asyncio.timeout(POLL_S):
                    await self._woken.wait()
                await asyncio.sleep(0 if self._closing.is_set() else GATHER_S)
            except TimeoutError:
                continue

    async def step(self) -> int:
        """Apply one batch; returns how many entries it closed, 0 when none waits.

        Raises:
            StoreUnavailable: the database is away; the entries wait.
        """
        return await self._hand.step()

    async def _sweep(self) -> None:
        """Bring together what two tellers stored without seeing each other, or died before they could."""
        now = self._clock()
        if self._swept_at is not None and now - self._swept_at < SWEEP:
            return
        try:
            adopted = 1
            while adopted:
                adopted, holds = await self._store.adopt_known()
                for each in holds:
                    self._observer.held(each)
            while await self._store.spread_stops():
                pass
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a defect here must not keep new webhooks from being applied
            self._observer.trouble("sweep", error)
        self._swept_at = now
