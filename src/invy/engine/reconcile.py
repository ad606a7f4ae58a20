"""Reconciling: ask Meta's message history about messages that look stuck, and fold the answers like any evidence.

So a webhook that never reached us is told from a message that never reached its guest. Not every account may ask: the
first 403 is said once and asking rests for a day. Management calls are limited to 200 an hour for one app and account
(5000 when it is active), so this asks once a second at most and far fewer times an hour, counted in the database for
all processes together. A question that Meta did not answer costs its message nothing: it may be asked again.
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
from invy.domain.silence import Budget, Learnt, NoTurn, Silence, Stuck, Turn
from invy.engine.ports import Clock, TellingView
from invy.meta import history
from invy.meta.graph_reply import GraphReply, Unread
from invy.meta.history import Refusal

GAP_S = 1.0
"""Between two questions, all processes together."""

PER_HOUR = 60
"""Questions an hour, all processes together: less than a third of the lowest limit."""

PER_HOUR_BY_HAND = 120
"""When a person asks. Both together stay below the lowest limit."""

LOOK_EVERY_S = 60.0
SILENT_FOR = timedelta(minutes=15)
"""No webhook at all for so long is unusual: `sent` comes within seconds."""

TROUBLE_AT_MOST = 3
"""So many questions in a row without a usable answer are Meta's trouble; fewer may be the message's, and the others go on."""

ASK_AGAIN = timedelta(hours=6)
GIVE_UP = timedelta(days=30)
DENIED_FOR = timedelta(days=1)
REFUSED_FOR = timedelta(hours=1)


class HistoryGateway(Protocol):
    async def get(self, path: str, params: Mapping[str, str]) -> GraphReply: ...


class SilencePort(Protocol):
    async def stuck(self, which: Silence, limit: int) -> Sequence[Stuck]: ...
    async def take_turn(
        self, message_id: MessageId, now: datetime, asked_before: datetime, budget: Budget
    ) -> Turn | NoTurn:
        """Note that it is asked about now, unless it was since `asked_before`, or the budget is spent."""

    async def give_back(self, turn: Turn) -> None:
        """The question was not answered: the message counts as not asked about."""

    async def tell(self, facts: Sequence[Told]) -> TellingView: ...


class ReconcileObserver(Protocol):
    def reconciled(self, learnt: Learnt) -> None: ...
    def held(self, hold: Hold) -> None: ...
    def trouble(self, where: str, error: Exception) -> None: ...


@dataclass(slots=True)
class Asked:
    """What one round of asking came to. `error` is why something was not answered, if anything was not."""

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
        self._budget = Budget(per_hour, GAP_S)
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
        stuck = await self._store.stuck(which, self._budget.per_hour)
        asked = await self.ask(stuck, lambda _: None, asked_before=which.asked_before)
        if asked.learnt:
            self._said = None
        if asked.error is None:
            return asked
        self._rest_until = now + (DENIED_FOR if asked.refusal is Refusal.DENIED else REFUSED_FOR)
        if asked.refusal is not self._said:
            self._said = asked.refusal
            self._observer.trouble("reconcile", asked.error)
        return asked

    async def ask(
        self, messages: Sequence[Stuck], told: Callable[[Learnt], None], *, asked_before: datetime
    ) -> Asked:
        """Ask about those of them that nobody asked about since, until the budget is spent or Meta refuses.

        Raises:
            StoreUnavailable: what was learnt before is stored.
        """
        asked, troubles = Asked(), 0
        for stuck in messages:
            if self._closing.is_set() or troubles == TROUBLE_AT_MOST:
                break
            turn = await self._store.take_turn(stuck.id, self._clock(), asked_before, self._budget)
            if turn is NoTurn.TAKEN:
                continue
            if turn is NoTurn.SPENT:
                asked.spent = True
                break
            if turn.wait_s > 0:
                await self._pause(turn.wait_s)
            found = await self._one(stuck)
            if isinstance(found, Unread) and (refusal := history.refusal(found)) is not Refusal.UNKNOWN:
                await self._store.give_back(turn)
                asked.refusal, asked.error = refusal, _error(found, refusal)
                if refusal is not Refusal.TROUBLE:
                    break
                troubles += 1
                continue
            troubles = 0
            learnt = Learnt(stuck, (), stuck.state) if isinstance(found, Unread) else found
            self._count(asked, learnt)
            told(learnt)
            self._observer.reconciled(learnt)
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
