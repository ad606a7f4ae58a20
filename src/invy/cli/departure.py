"""Seeing messages off: from the outbox to Meta's answer, by the service that is running, or by this process if none is.

Theory. Whoever sends, the outbox decides what leaves, so it never matters who was first: a message that a service takes
while we look is simply no longer there for us. On SQLite only one process may send at a time, so this one takes the
place of the service for as long as it sends. When the time is over, or the end is asked for, the sender is closed instead
of broken off: what has left is waited for and recorded, what has not left stays queued.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING, Final

from invy.domain.errors import StoreUnavailable
from invy.domain.hold import Hold, Scope
from invy.domain.ids import CampaignId, MessageId, SenderId, TemplateKey
from invy.domain.state import State
from invy.store.overview import Filter
from invy.store.strangers import queued_for_others
from invy.store.workers import STALE, AnotherAtWork

if TYPE_CHECKING:
    from invy.app.house import House

Counts = Mapping[State, int]
Watch = Callable[[Counts], None]
TellRest = Callable[[datetime], None]

LOOK_EVERY_S: Final = 0.2
LOOK_AT_MOST_S: Final = 5.0
"""Counting a large campaign takes its time; looking takes a tenth of ours at most."""

SHORT_REST: Final = timedelta(seconds=3)
"""Over before anybody wonders."""

ATTEMPT_S: Final = 1.0
"""However little time is given, what can leave at once leaves."""

AGAIN_S: Final = 1.0
"""Before this process asks the outbox again for what could not leave (Meta asked us to slow down)."""

RECEIVING: Final = frozenset({"service", "receiver"})
SENDING: Final = frozenset({"service", "worker"})
"""The roles of `invy serve`, `invy serve --no-send` and `invy worker`."""


class Ended(Enum):
    """Why seeing off ended."""

    GONE = auto()  # nothing is left in the outbox
    HELD = auto()  # what is left waits for a person
    OTHER_NUMBER = auto()  # what is left was written for a business phone number that is not in the settings
    STILL_QUEUED = auto()  # the time was over, or nothing moved for too long
    INTERRUPTED = auto()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to stand by, in seconds. What is in the air is waited for beyond that, when it is ours."""

    in_all_s: float = inf
    unmoved_s: float = inf


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
    # Whoever was killed sends nothing. Should it only look so (a container that has the name of this machine), two send,
    # which the outbox is made for.
    return await _present(house, SENDING, unless_gone=True)


async def _present(house: "House", roles: Collection[str], *, unless_gone: bool = False) -> bool:
    now = house.clock()
    beats = any(
        worker.role in roles and worker.beat_at > now - STALE and not (unless_gone and worker.gone)
        for worker in await house.workplace.all()
    )
    # On SQLite the lock tells at once when a process was killed; its last beat goes on counting for a while.
    return beats and await house.workplace.occupied(now)


async def holds_on(house: "House", errand: Errand) -> list[Hold]:
    return [hold for hold in await house.holds.active() if errand.concerns(hold)]


async def see_off(
    house: "House",
    errand: Errand,
    watch: Watch,
    patience: Patience,
    stop: asyncio.Event,
    *,
    tell_rest: TellRest,
) -> Ended:
    """Until everything has Meta's answer, or what is left cannot leave.

    `watch` is told the counts as they change, `tell_rest` of each rest of the number in which nothing leaves.
    """
    return await _Journey(house, errand, watch, patience, stop, tell_rest=tell_rest).go()


def rest_words(until: datetime) -> str:
    return (
        f"Nothing leaves from this number until {until.astimezone():%H:%M:%S}: Meta asked for a pause, or its last answers "
        "left open what became of the messages. Then one goes ahead."
    )


async def wait_for(
    house: "House",
    errand: Errand,
    watch: Watch,
    done: Callable[[Counts], bool],
    stop: asyncio.Event,
    *,
    timeout_s: float,
) -> bool:
    """Until the messages are as far as asked for. False when the time was over first, or the end was asked for."""
    look = _Look(house, errand.invited, watch)
    ends = asyncio.get_running_loop().time() + timeout_s
    while not done(await look.counts()):
        left = ends - asyncio.get_running_loop().time()
        if left <= 0 or stop.is_set():
            return False
        await _pause(stop, min(look.pause_s, left))
    return True


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


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
    def __init__(
        self,
        house: "House",
        errand: Errand,
        watch: Watch,
        patience: Patience,
        stop: asyncio.Event,
        *,
        tell_rest: TellRest,
    ) -> None:
        self._house = house
        self._tell_rest = tell_rest
        self._told_rest: datetime | None = None
        self._errand = errand
        self._look = _Look(house, errand.invited, watch)
        self._stop = stop
        self._patience = patience
        self._clock = asyncio.get_running_loop().time
        self._ends_at = self._clock() + max(ATTEMPT_S, patience.in_all_s)
        self._moved_at = self._clock()
        self._before: Counts = {}

    async def go(self) -> Ended:
        while True:
            counts = await self._counts()
            if _gone(counts):
                return Ended.GONE
            if self._stop.is_set():
                return Ended.INTERRUPTED
            if await holds_on(self._house, self._errand) and not counts[State.SENDING]:
                return Ended.HELD
            if self._left_s() <= 0:
                return Ended.STILL_QUEUED
            pause_s = self._look.pause_s
            if not await works(self._house):
                with suppress(AnotherAtWork):
                    if await self._send():
                        continue
                    if await self._is_for_others():
                        return Ended.OTHER_NUMBER
                    pause_s = max(pause_s, AGAIN_S)
            await _pause(self._stop, max(0.0, min(pause_s, self._left_s())))

    async def _is_for_others(self) -> bool:
        """Whether nothing is left that a process with these settings could send."""
        campaign_id, left = self._errand.campaign_id, self._before
        if campaign_id is None or left[State.SENDING] or not left[State.QUEUED]:
            return False  # nothing is left when another process has sent it meanwhile
        others = await queued_for_others(self._house.database, campaign_id, self._errand.sender_id)
        return sum(others.values()) == left[State.QUEUED]

    async def _counts(self) -> Counts:
        counts = await self._look.counts()
        # What is in the air has Meta's answer, or the end of its lease, before it.
        if counts != self._before or counts[State.SENDING]:
            self._before, self._moved_at = counts, self._clock()
        await self._look_for_rest(counts)
        return counts

    async def _look_for_rest(self, counts: Counts) -> None:
        """What is in the air may end the rest: there is nothing to say before it is answered for."""
        if counts[State.SENDING] or not counts[State.QUEUED]:
            return
        now = self._house.clock()
        until = await self._house.outbox.resting_until(self._errand.sender_id, now)
        if until is None:
            return
        if self._told_rest is None or until > self._told_rest:
            self._told_rest = until
            if until > now + SHORT_REST:
                self._tell_rest(until)

    def _left_s(self) -> float:
        return min(self._ends_at, self._moved_at + self._patience.unmoved_s) - self._clock()

    async def _send(self) -> bool:
        """Send until nothing of the errand can leave now, or the time is over. Whether anything moved.

        This also settles what a dead process had begun.
        """
        house, errand = self._house, self._errand
        before = await self._counts()
        with house.workplace.occupy():
            async with house.graph() as graph:
                sender = house.sender(graph)
                work = asyncio.create_task(
                    sender.drain(errand.ids, campaign_id=errand.campaign_id), name="invy.send"
                )
                asked = asyncio.create_task(self._stop.wait(), name="invy.stop")
                try:
                    while not (work.done() or asked.done() or self._left_s() <= 0):
                        pause_s = max(0.0, min(self._look.pause_s, self._left_s()))
                        await asyncio.wait(
                            {work, asked}, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED
                        )
                        with suppress(StoreUnavailable):  # the sender waits for the database too
                            if _gone(
                                await self._counts()
                            ):  # it may go on waiting for the pace, with nothing to send
                                break
                    sender.close()
                    await work
                except asyncio.CancelledError:
                    await _break_off(work)
                    raise
                finally:
                    asked.cancel()
                    sender.close()
                    if not work.done():
                        await work
        return await self._counts() != before


def _gone(counts: Counts) -> bool:
    return not counts[State.QUEUED] and not counts[State.SENDING]


async def _break_off(work: asyncio.Task[None]) -> None:
    """Until it has ended: a sender that is told so once goes on to wait for what is in the air."""
    while not work.done():
        work.cancel()
        await asyncio.wait({work}, timeout=LOOK_EVERY_S)
