"""Two tellings of one truth that do not agree: what is written, and what it should be by the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from invy.domain.evidence import Evidence
from invy.domain.ids import MessageId, Wamid

ABSENT = "(absent)"
"""Stands where a whole row is missing on one side."""

DAMAGED = "(damaged)"
"""Stands where a stored fact cannot be read."""


class Left(StrEnum):
    """Why a difference is not written."""

    SENT_AGAIN = "could-be-sent-again"
    """Writing what the evidence says could make a message be sent again."""
    NO_SOURCE = "no-source"
    """No webhook brought it, so the journal cannot bring it again: our attempts, decisions, Meta's history."""
    REFUSED = "refused"
    """The database does not take the row."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One column of one row. `table` and `column` are the database's names, `id` is the row's own name."""

    table: str
    id: str
    column: str
    written: object
    folded: object
    left: Left | None = None
    """Why a replay does not write it."""

    @property
    def mendable(self) -> bool:
        return self.left is None


@dataclass(frozen=True, slots=True)
class Written:
    """A message as its row says, and all the evidence about it, each fact as often as the fold must see it."""

    id: MessageId
    columns: Mapping[str, object]
    evidence: tuple[Evidence, ...]
    other_wamids: frozenset[Wamid] = frozenset()
    """What the message is called beside the wamid in its row."""
    damaged: tuple[int, ...] = ()
    """Row numbers of evidence about it that cannot be read. Nothing can be said then about what the rest adds up to."""


def unreadable(row_id: int, about: MessageId | None) -> Difference:
    """Evidence that an audit cannot read."""
    meant = "a fact that waits for its message" if about is None else f"a fact about message {about}"
    return Difference("evidence", str(row_id), "fact", DAMAGED, meant)
