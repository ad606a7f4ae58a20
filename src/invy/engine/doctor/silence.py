"""When silence means that webhooks do not reach us. A pure rule; the doctor and the service's watch share it.

Meta's first report about a message comes within seconds, also when the guest's phone is off. One message without any
report is that message's affair; several in a row, with no report about any other since, are ours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from invy.domain.pulse import Unanswered

SETTLE: Final = timedelta(minutes=2)
"""A message accepted less long ago says nothing yet."""

FEW: Final = 3
"""So many messages at once without a report are no coincidence."""

PATIENCE: Final = timedelta(minutes=15)
"""After this long, even one message without a report is, when nothing else was heard since."""

LOOK_BACK: Final = timedelta(hours=24)
"""Messages accepted before are no longer in flight as far as an alarm is concerned."""


@dataclass(frozen=True, slots=True)
class Silence:
    """`since` is when the first message was accepted that nobody has reported on."""

    since: datetime
    unanswered: int
    last_receipt_at: datetime | None


def window(now: datetime, last_receipt_at: datetime | None) -> tuple[datetime, datetime]:
    """The time in which accepted messages without any report count: after the last report, and long enough ago."""
    begin = now - LOOK_BACK
    if last_receipt_at is not None:
        begin = max(begin, last_receipt_at)
    return begin, now - SETTLE


def judge(now: datetime, last_receipt_at: datetime | None, unanswered: Unanswered) -> Silence | None:
    """Whether webhooks have gone silent, given what was accepted in the `window` without an echo."""
    oldest = unanswered.oldest_at
    if unanswered.count == 0 or oldest is None:
        return None
    if unanswered.count < FEW and now - oldest < PATIENCE:
        return None
    return Silence(oldest, unanswered.count, last_receipt_at)
