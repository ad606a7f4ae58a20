"""Messages about which Meta may know more than we: which to ask about, and what asking brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from invy.domain.evidence import Receipt
from invy.domain.ids import EventId, MessageId, SenderId, Wamid
from invy.domain.state import State


@dataclass(frozen=True, slots=True)
class Silence:
    """Which messages look stuck: accepted by Meta, and not known to have arrived. Everything given must hold."""

    before: datetime
    """Sent before this."""
    asked_before: datetime
    """Not asked about since this."""
    after: datetime | None = None
    """Sent after this: Meta keeps trying for 30 days, then drops a message without a word."""
    unheard: bool = False
    """Only those about which no webhook came at all."""
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class Stuck:
    """A message to ask about."""

    id: MessageId
    wamid: Wamid
    sender_id: SenderId
    state: State


@dataclass(frozen=True, slots=True)
class Learnt:
    """What Meta's history said about a message, and the state that follows. No receipts: Meta has no history of it."""

    stuck: Stuck
    receipts: Sequence[Receipt]
    state: State

    @property
    def untold(self) -> bool:
        """Whether Meta did not manage to tell our webhook of something."""
        return any(
            receipt.webhook_update_state not in (None, "DELIVERED", "PENDING") for receipt in self.receipts
        )
