"""Floor 1: guest lists in. Bytes of a file become guests and problems; nothing is dropped in silence. Pure."""

from invy.roster.reader import Listing, collect, read, rows
from invy.roster.roster import (
    Blank,
    Duplicate,
    Entry,
    GuestRow,
    Heading,
    Note,
    PhoneColumns,
    Problem,
    ProblemKind,
    Roster,
)

__all__ = [
    "Blank",
    "Duplicate",
    "Entry",
    "GuestRow",
    "Heading",
    "Listing",
    "Note",
    "PhoneColumns",
    "Problem",
    "ProblemKind",
    "Roster",
    "collect",
    "read",
    "rows",
]
