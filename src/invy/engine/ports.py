"""What the use-cases need of the world. The store, the gateway and the clock fit these; nothing here knows how."""

from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from invy.domain.evidence import Told
from invy.domain.fold import Folded
from invy.domain.hold import Hold
from invy.domain.ids import CampaignId, JournalId, MessageId, SenderId, Wamid
from invy.domain.inbound import Inbound, Preference
from invy.domain.journal import Closing, Entry
from invy.domain.message import Draft, Lease, Leased, Posted
from invy.domain.notice import Notice
from invy.domain.phone import E164
from invy.meta.reply import Answer


class Clock(Protocol):
    """Where the time comes from; handed in, so that tests decide what time it is."""

    def __call__(self) -> datetime:
        """Aware, UTC."""


class JournalPort(Protocol):
    async def append(self, bodies: Sequence[tuple[datetime, bytes]]) -> None:
        """Durable, all or none; raises StoreUnavailable when none was written."""


class TellingView(Protocol):
    """What telling facts changed."""

    @property
    def before(self) -> dict[MessageId, Folded]: ...
    @property
    def after(self) -> dict[MessageId, Folded]: ...
    @property
    def orphans(self) -> list[Told]: ...
    @property
    def named(self) -> dict[Wamid, MessageId]:
        """Wamids that became known. Another process may have stored a receipt for one, unseen by this one."""

    @property
    def holds(self) -> list[Hold]:
        """Placed because of a failure that stands for more than its message."""

    @property
    def reached(self) -> set[str]:
        """User ids that got a word or a number. Another process may have stored the other half, unseen by this one."""


class BatchPort(Protocol):
    """One transaction of the applier."""

    @property
    def entries(self) -> Sequence[Entry]: ...
    @property
    def more(self) -> bool:
        """Whether entries wait beyond these."""

    async def tell(
        self,
        facts: Sequence[Told],
        pairs: Collection[tuple[str, E164]] = (),
        preferences: Sequence[Preference] = (),
    ) -> TellingView:
        """Store facts, and what the same webhooks say of guests: user ids with their numbers, and marketing stops."""

    async def alone(self, work: Callable[[], Awaitable[None]]) -> str | None:
        """Do a part of the work so that its failure undoes nothing but itself; what was wrong, if anything."""

    async def keep_inbound(self, found: Sequence[tuple[JournalId, Inbound]]) -> None: ...
    async def keep_notices(self, found: Sequence[tuple[JournalId, Notice]]) -> None: ...
    async def close(self, closings: Sequence[Closing], at: datetime) -> None: ...


class ApplyPort(Protocol):
    @property
    def at_once(self) -> int:
        """How many batches of one process may be under way at the same time; 1 or more."""

    def applying(self, limit: int, max_bytes: int) -> AbstractAsyncContextManager[BatchPort]: ...
    async def adopt(self, wamids: Sequence[Wamid]) -> Sequence[Hold]:
        """Join orphans of these wamids to messages that are known by now."""

    async def spread(self, reached: Collection[str]) -> None:
        """Let marketing stops told by these user ids reach all their numbers."""

    async def adopt_known(self) -> tuple[int, Sequence[Hold]]:
        """Join some orphans whose messages are known; how many there were, 0 when there is none."""

    async def spread_stops(self) -> int:
        """Let some marketing stops told by user id reach numbers learnt since; how many there were, 0 for none."""


class OutboxPort(Protocol):
    async def enqueue(self, drafts: AsyncIterable[Sequence[Draft]]) -> int: ...
    async def lease(
        self,
        sender_id: SenderId,
        *,
        now: datetime,
        limit: int,
        rate: float,
        owner: str,
        lease_s: float,
        only: Collection[MessageId] | None = None,
        campaign_id: CampaignId | None = None,
    ) -> Lease: ...
    async def record(self, outcomes: Sequence[Posted]) -> Sequence[Hold]: ...
    async def adopt(self, wamids: Sequence[Wamid]) -> Sequence[Hold]: ...
    async def expire(self, now: datetime, limit: int = 1000) -> list[MessageId]: ...


class GatewayPort(Protocol):
    async def post_message(
        self, sender_id: SenderId, payload: bytes, may_leave: Callable[[], bool]
    ) -> Answer:
        """One request, at most once, and never once `may_leave` has said no. Network and Meta raise nothing."""


class Observer(Protocol):
    """Who is told what happened, for logs and metrics. Must be quick and must not raise."""

    def journalled(self, bodies: int, seconds: float) -> None: ...
    def webhook_refused(self, reason: str) -> None: ...
    def status_applied(self, told: Told, after: Folded | None) -> None: ...
    def entry_unreadable(self, entry: Entry, reason: str) -> None: ...
    def applied(self, entries: int, oldest: datetime) -> None: ...
    def posted(self, message: Leased, outcome: Posted, seconds: float) -> None: ...
    def lease_expired(self, message_id: MessageId) -> None: ...
    def left_out(self, message_id: MessageId) -> None: ...
    def resting(self, sender_id: SenderId, until: datetime) -> None:
        """Too many answers in a row left open what became of the messages."""

    def resumed(self, sender_id: SenderId) -> None:
        """After a rest, an answer was sure."""

    def held(self, hold: Hold) -> None: ...
    def trouble(self, where: str, error: Exception) -> None: ...
