"""Replaying the journal: every message is built again from raw bytes and the send log, then compared with what is written.

The building is the applier's own: not a second way of reading, but the same one, into an empty place. So a difference
means that a row was damaged, that an entry was read by an older reader, or that Invy has a defect.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from invy.domain.evidence import Told
from invy.domain.fold import Folded
from invy.domain.hold import Hold
from invy.domain.ids import MessageId, SenderId
from invy.domain.journal import Entry
from invy.domain.message import Leased, Posted
from invy.engine.apply import Applier
from invy.engine.hand import Reader
from invy.engine.ports import ApplyPort, Clock


class ReplayPort(ApplyPort, Protocol):
    """An empty place, and the journal to read into it."""

    async def prepare(self, progress: Callable[[int], None]) -> int:
        """Copy what is taken as given; returns how many entries there are to read."""


class Telling(Protocol):
    """Who is told how far a replay has come."""

    def copied(self, messages: int) -> None: ...
    def read(self, entries: int, of: int) -> None: ...


async def rebuild(store: ReplayPort, read: Reader, clock: Clock, progress: Telling) -> int:
    """Read the whole journal into the empty place; returns how many entries were read.

    Raises:
        StoreUnavailable: a database went away, or the disk is full.
    """
    expected = await store.prepare(progress.copied)
    applier = Applier(store, read, clock, Unobserved())
    done = 0
    while closed := await applier.step():
        done += closed
        progress.read(done, expected)
    return done


class Unobserved:
    """An observer who tells nobody: what a replay applies has been logged and counted when it happened."""

    def journalled(self, bodies: int, seconds: float) -> None: ...
    def webhook_refused(self, reason: str) -> None: ...
    def status_applied(self, told: Told, after: Folded | None) -> None: ...
    def entry_unreadable(self, entry: Entry, reason: str) -> None: ...
    def applied(self, entries: int, oldest: datetime) -> None: ...
    def posted(self, message: Leased, outcome: Posted, seconds: float) -> None: ...
    def lease_expired(self, message_id: MessageId) -> None: ...
    def left_out(self, message_id: MessageId) -> None: ...
    def resting(self, sender_id: SenderId, until: datetime) -> None: ...
    def resumed(self, sender_id: SenderId) -> None: ...
    def held(self, hold: Hold) -> None: ...
    def trouble(self, where: str, error: Exception) -> None: ...
