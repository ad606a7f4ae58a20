"""Who is invited, and to what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from invy.domain.ids import EventId, GuestId
from invy.domain.phone import E164


@dataclass(frozen=True, slots=True)
class Event:
    """The occasion. `id` is what the user calls it on the command line."""

    id: EventId
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Guest:
    """A person on an event's list; one number stands on a list once."""

    id: GuestId
    event_id: EventId
    name: str
    phone: E164
    params: Mapping[str, str]
    """Further columns of the guest list, to fill templates with."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did to a guest list."""

    new: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: "Imported") -> "Imported":
        return Imported(self.new + other.new, self.changed + other.changed, self.same + other.same)
