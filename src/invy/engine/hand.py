"""A hand at the journal: entries become evidence, evidence becomes state. In batches, in one transaction each.

Resumes exactly where the journal stands: an entry is closed in the transaction that applied it. One bad entry never
blocks its neighbours: a batch that fails for a reason of its own is taken apart until the culprit stands alone.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from re import compile as regex
from typing import TypeVar

from invy.domain.errors import Crossed, StoreUnavailable
from invy.domain.evidence import Receipt, Reply, Told
from invy.domain.heard import Heard
from invy.domain.ids import JournalId
from invy.domain.inbound import Inbound, NumberChanged, Preference
from invy.domain.journal import Closing, Entry, Outcome
from invy.domain.notice import Notice
from invy.domain.phone import E164, from_wa_id
from invy.engine.ports import ApplyPort, BatchPort, Clock, Observer, TellingView

BATCH = 500
BATCH_BYTES = 128 * 1024
"""About 330 statuses: few enough that new webhooks need not wait long for their turn, and that what Python makes of
them stays in the processor's cache. Larger ones saved nothing on either database."""

_SHOWN = 80
"""Characters of an id in a note: Meta's have fewer, and what could not be stored may be no id at all."""

Reader = Callable[[bytes, datetime], Heard]
T = TypeVar("T")


@dataclass(slots=True)
class _Plan:
    """What the entries of a batch say, ready to be stored."""

    told: list[Told] = field(default_factory=list)
    inbound: list[tuple[JournalId, Inbound]] = field(default_factory=list)
    notices: list[tuple[JournalId, Notice]] = field(default_factory=list)
    pairs: set[tuple[str, E164]] = field(default_factory=set)
    preferences: list[Preference] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)

    async def store(self, batch: BatchPort) -> TellingView:
        told = await batch.tell(self.told, self.pairs, self.preferences)
        await batch.keep_inbound(self.inbound)
        await batch.keep_notices(self.notices)
        return told

    def parts(self) -> Iterator[tuple[str, "_Plan"]]:
        """The smallest parts that can be stored alone, each with words for what it is."""
        for fact in self.told:
            yield f"the report about {(fact.wamid or fact.opaque or '')[:_SHOWN]}", _Plan(told=[fact])
        for entry_id, message in self.inbound:
            yield f"the guest's message {message.wamid[:_SHOWN]}", _Plan(inbound=[(entry_id, message)])
        for entry_id, notice in self.notices:
            yield f"the notice {notice.field}", _Plan(notices=[(entry_id, notice)])
        for pair in sorted(self.pairs):
            yield "a user id and its number", _Plan(pairs={pair})
        for preference in self.preferences:
            yield "a preference", _Plan(preferences=[preference])


async def _uncrossed(deed: Callable[[], Awaitable[T]]) -> T:
    """Do it again whenever it was ended for a circle of waiting: whom it waited for has gone on by then."""
    while True:
        try:
            return await deed()
        except Crossed:
            continue


class Hand:
    """Takes batches from the journal, one after the other, of at most `most` entries."""

    def __init__(
        self, store: ApplyPort, read: Reader, clock: Clock, observer: Observer, *, most: int = BATCH
    ) -> None:
        self.more = False
        """Whether the last batch left something waiting."""
        self._store = store
        self._read = read
        self._clock = clock
        self._observer = observer
        self._most = most
        self._limit = most
        self._at_hand: JournalId | None = None
        self._suspect: JournalId | None = None

    async def step(self) -> int:
        """Apply one batch; returns how many entries it closed, 0 when none waits.

        Raises:
            StoreUnavailable: the database is away; the entries wait.
        """
        try:
            closed = await _uncrossed(lambda: self._batch(self._limit))
        except StoreUnavailable:
            raise
        except Exception as error:
            if self._at_hand is None:
                raise  # it has nothing to do with any entry
            if self._limit > 1:
                self._limit = max(1, self._limit // 8)
                return await self.step()
            if self._suspect != self._at_hand:
                self._suspect = self._at_hand  # once may be chance; on its own and twice is not
                return await self.step()
            closed = await self._set_aside(self._suspect, error)
        self._limit = min(self._most, self._limit * 2)
        return closed

    async def _batch(self, limit: int) -> int:
        self._at_hand = None
        async with self._store.applying(limit, BATCH_BYTES) as batch:
            if not batch.entries:
                return 0
            self._at_hand = batch.entries[0].id
            plan = self._plan(batch.entries)
            told = await plan.store(batch)
            await batch.close(plan.closings, self._clock())
            closed, oldest = len(batch.entries), batch.entries[0].received_at
            self.more = batch.more
        self._report(plan, told)
        self._observer.applied(closed, oldest)
        await self._look_again([told])
        return closed

    async def _look_again(self, tellings: Sequence[TellingView]) -> None:
        """After the commit: what another transaction stored meanwhile, unseen by this one, is brought together with this."""
        crossed = [each.wamid for told in tellings for each in told.orphans if each.wamid is not None]
        crossed += [wamid for told in tellings for wamid in told.named]
        holds = [hold for told in tellings for hold in told.holds]
        if crossed:
            holds += await _uncrossed(lambda: self._store.adopt(crossed))
        for each in holds:
            self._observer.held(each)
        reached = set[str]().union(*(told.reached for told in tellings))
        if reached:
            await _uncrossed(lambda: self._store.spread(reached))

    async def _set_aside(self, culprit: JournalId, error: Exception) -> int:
        """One entry that cannot be applied as a whole: part by part, and if that does not help either, kept and marked."""
        # What the database itself says; the layers around it would add the values of the row, a phone number perhaps.
        note = f"{type(error).__name__}: {getattr(error, 'orig', error)}"[:500]
        try:
            outcome = await self._piecemeal(culprit)
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it must not block what comes after this entry
            outcome = await self._close(culprit, Outcome.UNREADABLE, note)
        return (
            await self.step() if outcome is None else 1
        )  # None: another process has taken it; this one is innocent

    async def _piecemeal(self, culprit: JournalId) -> Outcome | None:
        """Apply one entry part by part: a bad one does not cost its neighbours."""
        tellings: list[TellingView] = []
        async with self._store.applying(1, BATCH_BYTES) as batch:
            if not batch.entries or batch.entries[0].id != culprit:
                return None
            plan = self._plan(batch.entries)

            async def store(part: _Plan) -> None:
                tellings.append(await part.store(batch))

            parts = list(plan.parts())
            tried = [(what, await batch.alone(partial(store, part))) for what, part in parts]
            wrong = [f"{what} cannot be stored ({reason})" for what, reason in tried if reason is not None]
            note = "; ".join(wrong)[:500]
            found = Outcome.PARTLY if len(wrong) < len(parts) else Outcome.UNREADABLE
            outcome = found if wrong else plan.closings[0].outcome
            await batch.close([Closing(culprit, outcome, note or plan.closings[0].note)], self._clock())
            entry = batch.entries[0]
        self.more = True
        if wrong:
            self._observer.entry_unreadable(entry, note)
        await self._look_again(tellings)
        return outcome

    async def _close(self, culprit: JournalId, outcome: Outcome, note: str) -> Outcome | None:
        async with self._store.applying(1, BATCH_BYTES) as batch:
            if not batch.entries or batch.entries[0].id != culprit:
                return None
            entry = batch.entries[0]
            await batch.close([Closing(culprit, outcome, note)], self._clock())
        self._observer.entry_unreadable(entry, note)
        self.more = True
        return outcome

    def _plan(self, entries: Sequence[Entry]) -> _Plan:
        plan = _Plan()
        for entry in entries:
            heard = self._read(entry.body, entry.received_at)
            plan.told.extend(facts(heard, entry.id))
            plan.inbound.extend((entry.id, each) for each in heard.inbound)
            plan.notices.extend((entry.id, each) for each in heard.notices)
            plan.notices.extend((entry.id, _moved(each)) for each in heard.number_changes)
            plan.pairs.update((user_id, from_wa_id(digits)) for user_id, digits in heard.pairs)
            plan.pairs.update(
                (each.user_id, from_wa_id(each.sender))
                for each in heard.inbound
                if each.user_id and each.sender
            )
            plan.preferences.extend(heard.preferences)
            plan.closings.append(closing(entry.id, heard))
            if plan.closings[-1].note is not None:
                self._observer.entry_unreadable(entry, plan.closings[-1].note or "")
        return plan

    def _report(self, plan: _Plan, told: TellingView) -> None:
        orphans = {(each.wamid, each.opaque) for each in told.orphans}
        by_wamid = {folded.wamid: folded for folded in told.after.values()}
        for each in plan.told:
            if isinstance(each.fact, Receipt):
                after = None if (each.wamid, each.opaque) in orphans else by_wamid.get(each.wamid)
                self._observer.status_applied(each, after)


def _moved(change: NumberChanged) -> Notice:
    """A guest's move to another number, kept among the notices: no list of ours is rewritten on Meta's word."""
    words = f"{change.old or 'unknown'} > {change.new or 'unknown'}"
    return Notice(
        field="messages",
        at=change.at,
        heard_at=change.heard_at,
        subject=change.old,
        word="user_changed_number",
        reason=change.new,
        raw=words.encode(),
    )


_OUR_ID = regex(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def facts(heard: Heard, journal_id: JournalId | None) -> list[Told]:
    """The evidence in one body: receipts, and replies that say which message they answer.

    A reply names our message by Meta's context, or by our id inside the button's payload: Meta sometimes leaves the
    context out.
    """
    told = [
        Told(receipt, wamid=receipt.wamid, opaque=receipt.opaque, journal_id=journal_id)
        for receipt in heard.receipts
    ]
    for inbound in heard.inbound:
        ours = _OUR_ID.search(inbound.payload) if inbound.payload else None
        if inbound.context is None and ours is None:
            continue
        reply = Reply(
            inbound.wamid, inbound.at, inbound.heard_at, inbound.kind, inbound.text, inbound.payload
        )
        told.append(
            Told(reply, wamid=inbound.context, opaque=ours.group() if ours else None, journal_id=journal_id)
        )
    return told


def closing(entry_id: JournalId, heard: Heard) -> Closing:
    """How an entry is closed after reading."""
    if heard.unparsed is not None:
        return Closing(entry_id, Outcome.UNREADABLE, heard.unparsed)
    if heard.unreadable:
        note = "; ".join(f"{each.where}: {each.reason}" for each in heard.unreadable[:5])
        return Closing(entry_id, Outcome.PARTLY, note[:1000])
    return Closing(entry_id, Outcome.APPLIED)
