"""Reconciling: ask Meta's message history about messages that look stuck, and fold the answers like any evidence.

So a webhook that never reached us is told from a message that never reached its guest. Not every account may ask: the
first 403 is said once and asking rests for a day. Management calls are limited to 200 an hour for one app and account
(5000 when it is active), so this asks once a second at most and far fewer times an hour, counted in the database for
all processes together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from invy.domain.errors import InvyError, MetaRefused, Side, StoreUnavailable, TryLater
from invy.domain.evidence import Told
from invy.domain.hold import Hold
from invy.domain.ids import MessageId
from invy.domain.silence import Learnt, Silence, Stuck
from invy.engine.ports import Clock, TellingView
from invy.meta import history
from invy.meta.graph_reply import GraphReply, Unread
from invy.meta.history import Refusal

GAP_S = 1.0
"""Between two questions."""

PER_HOUR = 60
"""Questions an hour, all processes together: less than a third of the lowest limit."""

PER_HOUR_BY_HAND = 120
"""When a person asks. Both together stay below the lowest limit."""

LOOK_EVERY_S = 60.0
SILENT_FOR = timedelta(minutes=15)
"""No webhook at all for so long is unusual: `sent` comes within seconds."""

ASK_AGAIN = timedelta(hours=6)
GIVE_UP = timedelta(days=30)
DENIED_FOR = timedelta(days=1)
REFUSED_FOR = timedelta(hours=1)


class HistoryGateway(Protocol):
    async def get(self, path: str, params: Mapping[str, str]) -> GraphReply: ...


class SilencePort(Protocol):
    async def stuck(self, which: Silence, limit: int) -> Sequence[Stuck]: ...
    async def may_ask(self, message_id: MessageId, now: datetime, per_hour: int) -> bool:
        """Note that it is asked about now, unless so many questions were asked in the last hour."""

    async def tell(self, facts: Sequence[Told]) -> TellingView: ...


class ReconcileObserver(Protocol):
    def reconciled(self, learnt: Learnt) -> None: ...
    def held(self, hold: Hold) -> None: ...
    def trouble(self, where: str, error: Exception) -> None: ...


@dataclass(slots=True)
class Asked:
    """What one round of asking came to. `error` is why it ended early, if it did."""

    learnt: int = 0
    moved: int = 0
    untold: int = 0
    unknown: int = 0
    spent: bool = False
    """The budget of this hour is used up."""
    error: InvyError | None = None
    refusal: Refusal | None = None


class Reconciler:
    """Asks for one session with Meta. `pause` waits between questions."""

    def __init__(
        self,
        store: SilencePort,
        gateway: HistoryGateway,
        clock: Clock,
        observer: ReconcileObserver,
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        per_hour: int = PER_HOUR,
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._clock = clock
        self._observer = observer
        self._pause = pause
        self._per_hour = per_hour
        self._closing = asyncio.Event()
        self._rest_until: datetime | None = None
        self._said: Refusal | None = None

    def close(self) -> None:
        """End after the question at hand."""
        self._closing.set()

    async def run(self) -> None:
        """Ask about silent messages until `close`."""
        while not self._closing.is_set():
            try:
                await self.round()
            except StoreUnavailable as error:
                self._observer.trouble("reconcile", error)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._closing.wait()
            except TimeoutError:
                continue

    async def round(self) -> Asked:
        """Ask about what has been silent for too long, unless asking rests."""
        now = self._clock()
        if self._rest_until is not None and now < self._rest_until:
            return Asked()
        which = Silence(
            before=now - SILENT_FOR, asked_before=now - ASK_AGAIN, after=now - GIVE_UP, unheard=True
        )
        asked = await self.ask(await self._store.stuck(which, self._per_hour), lambda _: None)
        if asked.learnt:
            self._said = None
        if asked.error is None:
            return asked
        self._rest_until = now + (DENIED_FOR if asked.refusal is Refusal.DENIED else REFUSED_FOR)
        if asked.refusal is not self._said:
            self._said = asked.refusal
            self._observer.trouble("reconcile", asked.error)
        return asked

    async def ask(self, messages: Sequence[Stuck], told: Callable[[Learnt], None]) -> Asked:
        """Ask about these messages, one after the other, until the budget is spent or Meta refuses.

        Raises:
            StoreUnavailable: what was learnt before is stored.
        """
        asked = Asked()
        for number, stuck in enumerate(messages):
            if self._closing.is_set():
                break
            if not await self._store.may_ask(stuck.id, self._clock(), self._per_hour):
                asked.spent = True
                break
            if number:
                await self._pause(GAP_S)
            found = await self._one(stuck)
            if isinstance(found, Unread):
                asked.refusal = history.refusal(found)
                if asked.refusal is not Refusal.UNKNOWN:
                    asked.error = _error(found, asked.refusal)
                    break
                asked.refusal, found = None, Learnt(stuck, (), stuck.state)
            self._count(asked, found)
            told(found)
            self._observer.reconciled(found)
        return asked

    async def _one(self, stuck: Stuck) -> Learnt | Unread:
        reply = await self._gateway.get(history.path(stuck.sender_id), history.params(stuck.wamid))
        found = history.read(reply, stuck.wamid, self._clock())
        if isinstance(found, Unread):
            return found
        if not found.receipts:
            return Learnt(stuck, (), stuck.state)
        telling = await self._store.tell([Told(receipt, wamid=stuck.wamid) for receipt in found.receipts])
        for each in telling.holds:
            self._observer.held(each)
        after = telling.after.get(stuck.id)
        return Learnt(stuck, found.receipts, after.state if after else stuck.state)

    @staticmethod
    def _count(asked: Asked, found: Learnt) -> None:
        asked.learnt += 1
        asked.moved += found.state is not found.stuck.state
        asked.untold += found.untold
        asked.unknown += not found.receipts


def _error(unread: Unread, refusal: Refusal) -> InvyError:
    said = unread.message or unread.note or f"HTTP {unread.status}"
    if refusal is Refusal.DENIED:
        return MetaRefused(
            f"This account may not use Meta's message history: {said}",
            code=unread.code,
            hint="Nothing is lost: delivery is still known from webhooks. Only lost webhooks cannot be asked for.",
            side=Side.ACCOUNT,
        )
    if refusal is Refusal.TOKEN:
        return MetaRefused(
            f"Meta does not accept the access token: {said}", code=unread.code, hint="Try: invy doctor"
        )
    hint = (
        "Meta asks for fewer calls; try again in an hour."
        if refusal is Refusal.SLOW_DOWN
        else "Try again later."
    )
    return TryLater(f"Meta's message history did not answer: {said}", hint=hint, side=Side.META)
