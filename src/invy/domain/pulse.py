"""Signs of life from Meta, as they lie in the database: what was accepted, what was heard, what was turned away."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Messages that Meta accepted in some time and about which not one webhook has come."""

    count: int = 0
    """Counted up to a thousand; more make no difference."""
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A webhook that was turned away for its signature: when, why, how large, and how it begins."""

    at: datetime
    reason: str
    size: int
    sample: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenEnds:
    """How much stands open: receipts without a message, messages without an outcome, bodies not read."""

    orphans: int = 0
    unconfirmed: int = 0
    unreadable: int = 0
    waiting: int = 0
