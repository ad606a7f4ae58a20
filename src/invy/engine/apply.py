"""Applying: what is in the journal is read, and what two tellers stored without seeing each other is brought together."""

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
    """Reads the journal to its end, then waits to be woken. One per process.

    One hand is always at it. Where the store lets several batches be under way at once, the others join in while more
    waits than one batch holds: then one batch is read while the rows of another are being written. They also look for
    themselves while the first one is held up, by a row that somebody keeps locked.
    """

    def __init__(self, store: ApplyPort, read: Reader, clock: Clock, observer: Observer) -> None:
        self._hand, *self._helping = (Hand(store, read, clock, observer) for _ in range(store.at_once))
        self._store = store
        self._clock = clock
        self._observer = observer
        self._woken = asyncio.Event()
        self._called = asyncio.Event()
        self._at_work = False
        self._closing = asyncio.Event()
        self._swept_at: datetime | None = None

    def wake(self) -> None:
        """There is something new in the journal."""
        self._woken.set()

    def close(self) -> None:
        """Finish the batches at hand and end."""
        self._closing.set()
        self._called.set()
        self._woken.set()

    async def run(self) -> None:
        """Apply until `close`. A database that is away is waited for; nothing is lost meanwhile."""
        async with asyncio.TaskGroup() as group:
            for hand in self._helping:
                group.create_task(self._help(hand))
            await self._lead()

    async def _lead(self) -> None:
        while not self._closing.is_set():
            self._woken.clear()
            try:
                await self._sweep()
                self._at_work = True
                await self._read_on(self._hand)
            except StoreUnavailable as error:
                self._observer.trouble("apply", error)
            finally:
                self._at_work = False
            try:
                async with asyncio.timeout(POLL_S):
                    await self._woken.wait()
                await asyncio.sleep(0 if self._closing.is_set() else GATHER_S)
            except TimeoutError:
                continue

    async def _help(self, hand: Hand) -> None:
        while not self._closing.is_set():
            try:
                async with asyncio.timeout(POLL_S):
                    await self._called.wait()
            except TimeoutError:
                if not self._at_work:
                    continue
            self._called.clear()
            try:
                await self._read_on(hand)
            except StoreUnavailable as error:
                self._observer.trouble("apply", error)

    async def _read_on(self, hand: Hand) -> None:
        """Take batches until nothing waits, and call for help while more does."""
        while not self._closing.is_set() and await hand.step() and hand.more:
            self._called.set()

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
