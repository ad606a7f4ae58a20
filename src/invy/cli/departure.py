"""Seeing messages off: from the outbox to Meta's answer, by the service that is running, or by this process if none is.

Theory. Whoever sends, the outbox decides what leaves, so it never matters who was first: a message that a service takes
while we look is simply no longer there for us. On SQLite only one process may send at a time, so this one takes the
place of the service for as long as it sends. Ctrl-C closes the sender instead of breaking it off: what has left is
waited for and recorded, what has not left stays queued.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from invy.domain.errors import StoreUnavailable
from invy.domain.hold import Hold, Scope
from invy.domain.ids import CampaignId, MessageId, SenderId, TemplateKey
from invy.domain.state import State
from invy.store.overview import Filter
from invy.store.workers import STALE, AnotherAtWork

if TYPE_CHECKING:
    from invy.app.house import House
    from invy.engine.send import Sender

Counts = Mapping[State, int]
Watch = Callable[[Counts], None]

LOOK_EVERY_S: Final = 0.2
LOOK_AT_MOST_S: Final = 5.0
"""Counting a large campaign takes its time; looking takes a tenth of ours at most."""

AGAIN_S: Final = 1.0
"""Before this process asks the outbox again for what could not leave (Meta asked us to slow down)."""

RECEIVING: Final = frozenset({"service", "receiver"})
SENDING: Final = frozenset({"service", "worker"})
"""The roles of `invy serve`, `invy serve --no-send` and `invy worker`."""


class Ended(Enum):
    """Why seeing off ended."""

    GONE = auto()  # nothing is left in the outbox
    HELD = auto()  # what is left waits for a person
    STILL_QUEUED = auto()  # nothing moved for as long as we had patience
    INTERRUPTED = auto()


@dataclass(frozen=True, slots=True)
class Errand:
    """Which messages, all of one sender and one template."""

    sender_id: SenderId
    template_key: TemplateKey
    campaign_id: CampaignId | None = None
    ids: frozenset[MessageId] | None = None

    @property
    def which(self) -> Filter:
        return Filter(campaign_id=self.campaign_id, ids=self.ids)

    @property
    def invited(self) -> Filter:
        """Without those that were cancelled: such an invitation counts as never made."""
        return replace(self.which, cancelled=False)

    def concerns(self, hold: Hold) -> bool:
        subjects = {
            Scope.SENDER: self.sender_id,
            Scope.TEMPLATE: self.template_key,
            Scope.CAMPAIGN: self.campaign_id,
        }
        return subjects[hold.scope] == hold.subject


async def hears(house: "House") -> bool:
    """Whether a service is running that receives webhooks: without one nobody learns of a delivery."""
    return await _present(house, RECEIVING)


async def works(house: "House") -> bool:
    """Whether a service or worker is running that sends what is in the outbox."""
    return await _present(house, SENDING)


async def _present(house: "House", roles: Collection[str]) -> bool:
    now = house.clock()
    beats = any(
        worker.role in roles and worker.beat_at > now - STALE for worker in await house.workplace.all()
    )
    # On SQLite the lock tells at once when a process was killed; its last beat goes on counting for a while.
    return beats and await house.workplace.occupied(now)


async def holds_on(house: "House", errand: Errand) -> list[Hold]:
    return [hold for hold in await house.holds.active() if errand.concerns(hold)]


async def see_off(house: "House", errand: Errand, watch: Watch, *, patience_s: float) -> Ended:
    """Until everything has Meta's answer, or what is left cannot leave. `watch` is told the counts as they change."""
    journey = _Journey(house, errand, watch)
    async with _ctrl_c(journey.stop):
        return await journey.go(patience_s)


async def wait_for(
    house: "House", errand: Errand, watch: Watch, done: Callable[[Counts], bool], *, timeout_s: float
) -> bool:
    """Until the messages are as far as asked for. False when the time was over first."""
    look = _Look(house, errand.which, watch)
    ends = asyncio.get_running_loop().time() + timeout_s
    while not done(await look.counts()):
        left = ends - asyncio.get_running_loop().time()
        if left <= 0:
            return False
        await asyncio.sleep(min(look.pause_s, left))
    return True


class _Look:
    """Counts the messages of an errand, and how often that may be done."""

    def __init__(self, house: "House", which: Filter, watch: Watch) -> None:
        self._house = house
        self._which = which
        self._watch = watch
        self.pause_s = LOOK_EVERY_S

    async def counts(self) -> Counts:
        clock = asyncio.get_running_loop().time
        began = clock()
        counts = await self._house.overview.counts(self._which)
        self.pause_s = min(LOOK_AT_MOST_S, max(LOOK_EVERY_S, 10 * (clock() - began)))
        self._watch(counts)
        return counts


class _Journey:
    def __init__(self, house: "House", errand: Errand, watch: Watch) -> None:
        self._house = house
        self._errand = errand
        self._look = _Look(house, errand.which, watch)
        self._stopped = asyncio.Event()
        self._sender: Sender | None = None

    def stop(self) -> None:
        self._stopped.set()
        if self._sender is not None:
            self._sender.close()

    async def go(self, patience_s: float) -> Ended:
        clock = asyncio.get_running_loop().time
        before: Counts = {}
        moved_at = clock()
        while True:
            counts = await self._look.counts()
            if not counts[State.QUEUED] and not counts[State.SENDING]:
                return Ended.GONE
            if self._stopped.is_set():
                return Ended.INTERRUPTED
            if counts != before or counts[State.SENDING]:
                before, moved_at = counts, clock()
            elif await holds_on(self._house, self._errand):
                return Ended.HELD
            elif clock() - moved_at >= patience_s:
                return Ended.STILL_QUEUED
            pause_s = self._look.pause_s
            if not await works(self._house):
                with suppress(AnotherAtWork):
                    if await self._send():
                        continue
                    pause_s = max(pause_s, AGAIN_S)
            await self._pause(pause_s)

    async def _send(self) -> bool:
        """Send until nothing of the errand can leave now. This also settles what a dead process had begun. Whether anything moved."""
        house, errand = self._house, self._errand
        before = await self._look.counts()
        with house.workplace.occupy():
            async with house.graph() as graph:
                self._sender = house.sender(graph)
                work = asyncio.create_task(
                    self._sender.drain(errand.ids, campaign_id=errand.campaign_id), name="invy.send"
                )
                try:
                    while not work.done():
                        await asyncio.wait({work}, timeout=self._look.pause_s)
                        with suppress(StoreUnavailable):  # the sender waits for the database too
                            await self._look.counts()
                finally:
                    self._sender.close()
                    await work
                    self._sender = None
        return await self._look.counts() != before

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()


@asynccontextmanager
async def _ctrl_c(stop: Callable[[], None]) -> AsyncIterator[None]:
    """The first Ctrl-C ends the work in good order; a second one breaks it off."""
    loop = asyncio.get_running_loop()

    def asked() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stop()

    try:
        loop.add_signal_handler(signal.SIGINT, asked)
    except (NotImplementedError, RuntimeError, ValueError):  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
