"""Sending: lease what may go now, post each message once, record what became of it.

Theory of operation. A lease writes the intent before any request leaves, so a crash can never lead to a second
request: what was leased and has no outcome when its lease runs out becomes `unconfirmed`. Nor can a process that stood still
(a closed lid, a stopped virtual machine): a request leaves in the first half of its lease or not at all. Each request has one of
four outcomes, judged by `meta.reply`: accepted, refused, not processed (back to the queue, later), unsure (settled by
evidence, never by repeating; after several in a row the sender rests, see `rest`). Outcomes are stored in groups. When the database is away the outcome is kept in memory
and tried again; if the process dies first, the lease runs out and the message is unconfirmed: the safe side.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from time import monotonic, perf_counter

from invy.domain.errors import StoreUnavailable
from invy.domain.evidence import Phase
from invy.domain.ids import CampaignId, MessageId, SenderId
from invy.domain.message import Leased, Posted
from invy.engine.group import GroupCommit
from invy.engine.outcome import outcome
from invy.engine.ports import Clock, GatewayPort, Observer, OutboxPort
from invy.engine.rest import Rest

LEASE_AT_ONCE = 200
EXPIRE_EVERY_S = 5.0
STORE_AGAIN_S = 0.5
FAREWELL_S = 3.0
"""How long an outcome is still offered to a database that is away once we have been told to end. Counted in time: one
that says nothing takes much longer to fail than one that refuses."""

GATHER_S = 0.02
"""At a fast pace, how long slots gather before one lease takes them all: fewer transactions, the same rate."""

LOOK_AGAIN_S = 1.0
"""Nobody is told when another process finds that Meta answers again: so long at most until this one looks."""


@dataclass(frozen=True, slots=True)
class SendingSettings:
    """How one sender works. `rate` is in messages per second, for all processes together."""

    sender_id: SenderId
    owner: str
    rate: float = 80.0
    concurrency: int = 100
    lease_s: float = 60.0
    """Must be longer than a request may take; then it is certain that the holder is gone."""
    request_s: float = 30.0
    """How long a request may take."""


class Sender:
    """Drives one business phone number. `jitter` gives a number in [0, 1) per call."""

    def __init__(
        self,
        outbox: OutboxPort,
        gateway: GatewayPort,
        settings: SendingSettings,
        *,
        clock: Clock,
        observer: Observer,
        jitter: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._gateway = gateway
        self._settings = settings
        self._clock = clock
        self._observer = observer
        self._jitter = jitter
        self._outcomes = self._outcome_writer()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._farewell = inf
        self._expired_at: datetime | None = None
        self._rest = Rest()

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._woken.set()

    def close(self) -> None:
        """Lease nothing more; requests that have left are waited for."""
        self._closing.set()
        self._farewell = monotonic() + FAREWELL_S
        self._woken.set()

    async def run(self) -> None:
        """Send until `close`, then wait for the requests that have left."""
        await self._work(None, None, until_empty=False)

    async def drain(
        self, only: Collection[MessageId] | None = None, *, campaign_id: CampaignId | None = None
    ) -> None:
        """Send what is in the outbox (or only these messages, this campaign) until nothing of it can be sent now."""
        await self._work(only, campaign_id, until_empty=True)

    async def _work(
        self, only: Collection[MessageId] | None, campaign_id: CampaignId | None, *, until_empty: bool
    ) -> None:
        # A fresh one: the last is closed for good, and whoever broke and is started again must still record.
        self._outcomes = self._outcome_writer()
        writer = asyncio.create_task(self._outcomes.run())
        try:
            while not self._closing.is_set():
                self._woken.clear()
                wait_s, idle = await self._step(only, campaign_id)
                if until_empty and idle and not self._in_flight:
                    break
                if wait_s > 0:
                    await self._pause(min(max(wait_s, GATHER_S), LOOK_AGAIN_S))
        finally:
            if self._in_flight:
                await asyncio.wait(self._in_flight)
            self._outcomes.close()
            await writer

    def _outcome_writer(self) -> GroupCommit[Posted]:
        return GroupCommit(self._record, max_group=500, max_weight=1_000_000)

    async def _step(
        self, only: Collection[MessageId] | None, campaign_id: CampaignId | None
    ) -> tuple[float, bool]:
        """Lease and launch; returns how many seconds to wait before asking again, and whether there was no work."""
        free = self._settings.concurrency - len(self._in_flight)
        if free < 1 or (self._rest.wanted and self._in_flight):
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
            return 0.0, False
        try:
            await self._expire()
            now, asked, rested = self._clock(), monotonic(), self._rest.wanted
            lease = await self._outbox.lease(
                self._settings.sender_id,
                now=now,
                limit=min(free, LEASE_AT_ONCE),
                rate=self._settings.rate,
                owner=self._settings.owner,
                lease_s=self._settings.lease_s,
                only=only,
                campaign_id=campaign_id,
            )
        except StoreUnavailable as error:
            self._observer.trouble("send", error)
            return STORE_AGAIN_S, False
        if rested and any(message.rested_s is None for message in lease.messages):
            # All of ours were answered for and the rest they asked for was stored, so another process has ended it.
            self._rest.forget()
        for left_out in lease.left_out:
            self._observer.left_out(left_out)
        for message in lease.messages:
            task = asyncio.create_task(self._send(message, asked))
            self._in_flight.add(task)
            task.add_done_callback(self._landed)
        return lease.wait_s, lease.idle

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if not self._in_flight:
            self._woken.set()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _send(self, message: Leased, asked: float) -> None:
        began = perf_counter()
        answer = await self._gateway.post_message(
            message.sender_id, message.payload, lambda: self._may_leave(message, asked)
        )
        seconds = perf_counter() - began
        posted = outcome(message, answer, self._rest, self._clock(), self._jitter())
        begins = self._rest.begins
        while True:
            try:
                await self._outcomes.add(posted)
                break
            except StoreUnavailable as error:
                # The outcome is known and must not be forgotten while this process lives. One that must end all the
                # same leaves the message to its lease: unconfirmed, and settled by Meta's echo.
                self._observer.trouble("record", error)
                if monotonic() > self._farewell:
                    break
                await asyncio.sleep(STORE_AGAIN_S)
        self._observer.posted(message, posted, seconds)
        self._tell_of_rest(posted, begins=begins)
        if posted.hold is not None:
            self._observer.held(posted.hold)

    def _may_leave(self, message: Leased, asked: float) -> bool:
        """Whether the message is still ours beyond doubt; `asked` is when it was leased, on the clock that is never set.

        Once the lease has run out somebody may have settled the message and sent another. They go by their own clock, so
        half of the lease is kept free, and at least what the request may take: assumed is that clocks of machines on one
        database differ by less than that (a minute, unless INVY_LEASE_SECONDS is changed). Of our two clocks the one on
        the wall goes on while the machine sleeps, and the other is not moved when somebody sets the time.
        """
        lease_s = self._settings.lease_s
        kept_s = max(lease_s / 2, self._settings.request_s)
        in_time = self._clock() < message.lease_until - timedelta(seconds=kept_s)
        return in_time and monotonic() - asked < lease_s - kept_s

    async def _record(self, outcomes: Sequence[Posted]) -> None:
        holds = [*await self._outbox.record(outcomes)]
        named = [each.attempt.wamid for each in outcomes if each.attempt.wamid is not None]
        if named:
            holds += await self._outbox.adopt(named)
        for each in holds:
            self._observer.held(each)

    async def _expire(self) -> None:
        now = self._clock()
        # Also when somebody has set the clock back since.
        if self._expired_at is not None and abs(now - self._expired_at) < timedelta(seconds=EXPIRE_EVERY_S):
            return
        self._expired_at = now
        for message_id in await self._outbox.expire(now):
            self._observer.lease_expired(message_id)

    def _tell_of_rest(self, answered: Posted, *, begins: bool) -> None:
        """Once for each change: answers that come in while the sender rests already only make the rest longer."""
        if answered.sender_id is None:
            return
        unsure = answered.attempt.phase is Phase.UNSURE
        if answered.rest_until is not None and unsure and (begins or answered.probed):
            self._observer.resting(answered.sender_id, answered.rest_until)
        elif answered.probed and answered.rest_until is None:
            self._observer.resumed(answered.sender_id)
