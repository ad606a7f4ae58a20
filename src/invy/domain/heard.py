"""What one webhook body says, all of it: the facts that could be read and the items that could not."""

from dataclasses import dataclass

from invy.domain.evidence import Receipt
from invy.domain.inbound import Inbound, NumberChanged, Preference
from invy.domain.notice import Notice


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that could not be read; its neighbours were. `where` is a path such as entry[0].changes[1].statuses[2]."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Result of reading one body. With `unparsed`, nothing could be read and everything else is empty."""

    receipts: tuple[Receipt, ...] = ()
    inbound: tuple[Inbound, ...] = ()
    number_changes: tuple[NumberChanged, ...] = ()
    preferences: tuple[Preference, ...] = ()
    notices: tuple[Notice, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    """User ids and phone digits (as Meta gave them, without +) that the body names as one guest's, sorted, each once.

    From `contacts[]`, and from a system message that tells a guest's new id beside the number. What an inbound message
    or a preference itself names stands in that fact and is not repeated here.
    """
    unparsed: str | None = None
