"""A message of which nobody knows whether Meta took it, with everything that is known about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from invy.domain.evidence import Evidence
from invy.domain.ids import EventId, MessageId
from invy.domain.message import Message


@dataclass(frozen=True, slots=True)
class Doubt:
    """`evidence` in the order in which it was stored, each fact with the time it was heard."""

    message: Message
    evidence: Sequence[tuple[datetime, Evidence]]
    resent_as: MessageId | None = None
    """The message that sends it again, if a person asked for that."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Which messages of unknown outcome are meant. Everything given must hold."""

    before: datetime
    """The outcome has been unknown since before this."""
    event_id: EventId | None = None
