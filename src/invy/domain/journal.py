"""The journal: raw webhook bodies as they came, kept for ever, and what became of reading each."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from invy.domain.ids import JournalId


class Outcome(IntEnum):
    """What the applier made of a body."""

    WAITING = 0
    APPLIED = 1
    UNREADABLE = 2  # nothing in it could be read
    PARTLY = 3  # some of its items could not be read; the others were applied


@dataclass(frozen=True, slots=True)
class Entry:
    """One body of one webhook request, signature checked."""

    id: JournalId
    received_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Closing:
    """The outcome of one entry, with a note for a person when it is not simply applied."""

    id: JournalId
    outcome: Outcome
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it stands in a list: without its body, with what became of it."""

    id: JournalId
    received_at: datetime
    size: int
    outcome: Outcome
    applied_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """Which entries to list. Everything given must hold."""

    unparsed: bool = False
    """Only those of which something could not be read."""
    orphans: bool = False
    """Only those that brought evidence which still waits for its message."""
