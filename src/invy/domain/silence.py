"""Messages about which Meta may know more than we: which to ask about, who may ask when, and what asking brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

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
class Budget:
    """How much may be asked, all processes together."""

    per_hour: int
    gap_s: float
    """Between two questions."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question about one message that is ours to ask, `wait_s` seconds from now. Nobody else asks it."""

    id: MessageId
    taken_at: datetime
    asked_at: datetime | None
    """When it was asked about before."""
    wait_s: float


class NoTurn(Enum):
    """Why a question is not asked now."""

    TAKEN = auto()  # somebody else asks about this message, or just did
    SPENT = auto()  # the budget of this hour is used up


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
