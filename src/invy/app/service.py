"""The service: receiving, applying and sending, running side by side in one process, started and stopped as one."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any

from invy.app import checkup
from invy.app.house import House
from invy.app.part import Part
from invy.domain.errors import StoreUnavailable
from invy.engine.apply import Applier
from invy.engine.glance import Glance
from invy.engine.ingest import Ingest
from invy.engine.send import Sender
from invy.meta import webhook

BEAT_S = 5.0


class Service:
    """The running parts. `sender` is None where only webhooks are received."""

    def __init__(self, house: House, *, role: str = "service") -> None:
        self.house = house
        self.role = role
        self.applier = Applier(house.apply_store, webhook.read, house.clock, house.observer)
        self.ingest = Ingest(house.journal, house.clock, house.observer, self.applier.wake)
        self.vigil = checkup.vigil(house, self._silent)
        self.sender: Sender | None = None
        self.glance: Glance | None = None
        self._parts: dict[str, Part] = {}
        self._ending = asyncio.Event()

    @asynccontextmanager
    async def running(self, *, send: bool) -> AsyncIterator["Service"]:
        """Run until the block ends; then finish what was received and what has left, and stop.

        Raises:
            AnotherAtWork: a second service on one SQLite file.
            ConfigurationError: sending was asked for and its credentials are not set.
        """
        self._ending.clear()
        async with AsyncExitStack() as stack:
            stack.enter_context(self.house.workplace.occupy())
            reconciler = None
            if send:
                graph = await stack.enter_async_context(self.house.graph())
                self.sender = self.house.sender(graph)
                reconciler = self.house.reconciler(graph)
                self.glance = checkup.glance(self.house, graph)
            worker_id, started_at = self.house.new_id(), self.house.clock()
            with suppress(StoreUnavailable):
                # Before anybody is told that we are ready: whoever asks for a service then must find us.
                await self.house.workplace.beat(worker_id, self.role, started_at, started_at)
            tasks = [self._task("ingest", self.ingest.run), self._task("apply", self.applier.run)]
            if self.sender is not None:
                tasks.append(self._task("send", self.sender.run))
            if reconciler is not None:
                tasks.append(self._task("reconcile", reconciler.run))
            if self.glance is not None:
                tasks.append(self._task("glance", self.glance.run))
            tasks.append(self._task("watch", self.vigil.run))
            beat = self._task("beat", partial(self._beat, worker_id, started_at))
            try:
                yield self
            finally:
                self.vigil.close()
                self.ingest.close()
                if self.sender is not None:
                    self.sender.close()
                if reconciler is not None:
                    reconciler.close()
                if self.glance is not None:
                    self.glance.close()
                self.applier.close()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.house.journal.close()
                self._ending.set()
                await asyncio.gather(beat, return_exceptions=True)
                self.sender = None
                self.glance = None
                self._parts.clear()

    def wake_sender(self) -> None:
        """There is something new in the outbox."""
        if self.sender is not None:
            self.sender.wake()

    def _silent(self) -> None:
        """Webhooks have gone silent: Meta may know why."""
        if self.glance is not None:
            self.glance.wake()

    def parts(self) -> dict[str, bool]:
        """The parts that were started, and whether each does its work; none before `running` and after it."""
        return {name: part.runs for name, part in self._parts.items()}

    def _task(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        self._parts[name] = Part(name, run, elapsed=time.monotonic)
        return self._parts[name].task

    async def _beat(self, worker_id: str, started_at: datetime) -> None:
        """Say that this process lives, so that others and the command line know who sends.

        Ended by an event and not by cancelling: a transaction under way is let finish.
        """
        house = self.house
        while not self._ending.is_set():
            with suppress(StoreUnavailable):
                await house.workplace.beat(worker_id, self.role, started_at, house.clock())
                house.metrics.orphans_waiting(await house.overview.orphans())
                house.metrics.outbox_depth(await house.outbox.unfinished())
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._ending.wait()
        with suppress(StoreUnavailable):
            await house.workplace.leave(worker_id)
