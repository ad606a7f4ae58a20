"""Two tellings of one truth that do not agree: what is written, and what it should be by the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass

from invy.domain.evidence import Evidence
from invy.domain.ids import MessageId, Wamid

ABSENT = "(absent)"
"""Stands where a whole row is missing on one side."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One column of one row. `table` and `column` are the database's names, `id` is the row's own name."""

    table: str
    id: str
    column: str
    written: object
    folded: object
    mendable: bool = True
    """False where writing what the evidence says could make a message be sent again."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message as its row says, and all the evidence about it, each fact as often as the fold must see it."""

    id: MessageId
    columns: Mapping[str, object]
    evidence: tuple[Evidence, ...]
    other_wamids: frozenset[Wamid] = frozenset()
    """What the message is called beside the wamid in its row."""
