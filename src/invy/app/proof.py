"""Proof that the database says what its evidence says: the audit, and the replay into a throw-away database.

`found` is told each difference as it is found; nothing is collected, so memory stays flat.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from invy.domain.difference import Difference, Left
from invy.engine.audit import Audit, Progress
from invy.engine.ports import Clock
from invy.engine.replay import Telling, rebuild
from invy.meta import webhook
from invy.store.audit import AuditPages
from invy.store.comparison import Comparison
from invy.store.database import Database
from invy.store.replay import Replay
from invy.store.scratch import scratch

Found = Callable[[Difference], None]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at and how much of it did not agree."""

    checked: int
    """Messages audited, or journal entries replayed."""
    differences: int
    reasons: Mapping[Left, int] = field(default_factory=dict)
    """How many differences a mending replay does not write, and why."""

    @property
    def left(self) -> int:
        return sum(self.reasons.values())


async def audit(database: Database, found: Found, progress: Progress) -> Proof:
    """Compare every message with the fold of its stored evidence, beside whoever is at work.

    Raises:
        StoreUnavailable: the audit is not complete.
    """
    differences = 0
    async with database.snapshot() as connection:
        auditing = Audit(AuditPages(connection), progress)
        async for difference in auditing.differences():
            differences += 1
            found(difference)
    return Proof(auditing.checked, differences)


async def replay(
    database: Database, folder: Path, *, mend: bool, clock: Clock, found: Found, progress: Telling
) -> Proof:
    """Build every message again from the journal and the send log, in a throw-away database inside `folder`.

    With `mend`, what differs is written in one transaction: all of it, or nothing when this is interrupted. The caller
    sees to it that no service is at work then. Without, the database is only read, as it stood at the beginning.

    Raises:
        StoreUnavailable: nothing was written.
    """
    differences = 0
    reasons = Counter[Left]()

    def tell(difference: Difference) -> None:
        nonlocal differences
        differences += 1
        if difference.left is not None:
            reasons[difference.left] += 1
        found(difference)

    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(scratch(folder))
        connection = await stack.enter_async_context(database.write() if mend else database.snapshot())
        if mend:
            await Comparison.lock(database, connection)
        entries = await rebuild(Replay(connection, place, tell), webhook.read, clock, progress)
        rebuilt = await stack.enter_async_context(place.snapshot())
        comparison = Comparison(database, connection, rebuilt, mend=mend)
        async for difference in comparison.differences():
            tell(difference)
    return Proof(entries, differences, reasons)
