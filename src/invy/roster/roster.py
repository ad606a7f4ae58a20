"""What a guest list holds. Every row of a file is exactly one of: heading, guest, problem, duplicate, blank.

Row 0 stands for the file as a whole. Rows are counted from 1, headings and blank rows included, as a spreadsheet
shows them; for contact cards (vCard) the first card is row 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from invy.domain.phone import E164


class ProblemKind(StrEnum):
    """Why a row, or the file, could not be used."""

    PHONE_MISSING = "phone-missing"
    PHONE_REFUSED = "phone-refused"
    NO_PHONE_COLUMN = "no-phone-column"
    ROW_BROKEN = "row-broken"
    FILE_EMPTY = "file-empty"
    FILE_UNREADABLE = "file-unreadable"
    SHEET_UNREAD = "sheet-unread"


class Note(StrEnum):
    """What a person should know about a guest who was taken; the value is the sentence to show."""

    NO_NAME = "There is no name in this row"
    NAME_CLEANED = "Characters that cannot be shown were removed from the name"
    DAMAGED = "Some letters were already damaged in the file; compare with the original list"
    OTHER_COLUMN = "The phone column has no number; it comes from another column"
    LONGER_THAN_HEADING = "The row has more cells than the heading"


@dataclass(frozen=True, slots=True)
class GuestRow:
    """A row that can be invited. `params` holds every other filled column by its heading."""

    row: int
    name: str
    phone: E164
    raw_phone: str
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be used as it stands, and what to do. `value` is what the file says, shortened."""

    row: int
    column: str
    value: str
    reason: str
    suggestion: str
    kind: ProblemKind


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A row whose number an earlier row has already, however it is written there."""

    row: int
    name: str
    phone: E164
    raw_phone: str
    kept_row: int


@dataclass(frozen=True, slots=True)
class PhoneColumns:
    """Where the numbers came from, in a list that has several columns for them."""

    names: tuple[str, ...]
    """In the order in which they were tried: mobile before any other, then from left to right."""
    filled_in: int
    """Guests whose number comes from a later column, because the first has none."""
    left: int
    """Guests for whom a later column holds another number, which was not taken; it stays among their params."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A row of column names, or a title above them."""

    row: int


@dataclass(frozen=True, slots=True)
class Blank:
    row: int


Entry = GuestRow | Problem | Duplicate | Heading | Blank


@dataclass(frozen=True, slots=True)
class Roster:
    """A whole list, read. `source` says in words how the file was understood: format, encoding, delimiter."""

    source: str
    guests: tuple[GuestRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    headings: tuple[int, ...] = ()
    blank: tuple[int, ...] = ()
    phone_columns: PhoneColumns | None = None
    """None when there is no more than one."""
