"""One row at a time: is it a guest, a problem, a duplicate or blank? Knows rows, not files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from invy.domain.errors import PhoneRefused
from invy.domain.phone import E164, aliases, parse
from invy.roster.delimited import Record
from invy.roster.heading import Columns
from invy.roster.roster import Blank, Duplicate, Entry, GuestRow, Heading, Note, Problem, ProblemKind

_MEND: Final = "Open the list in a spreadsheet program, mend this row, and save the list anew"
_VALUE_SHOWN: Final = 200
_DIGIT: Final = re.compile(r"\d")
_TELLING: Final = 8
"""The last digits, which are the same with and without the country code."""
_NOTHING: Final = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*")
_UNSHOWN: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_BIDI_MARKS: Final = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u00ad]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a row says: a name, the numbers to try with where each stands, everything else."""

    row: int
    name: str
    numbers: Sequence[tuple[str, str]]
    phone_column: str
    params: Mapping[str, str]
    notes: tuple[Note, ...] = ()
    suggestion: str = ""
    """What to look at first when the number is refused."""


@dataclass(slots=True)
class Judge:
    """Remembers which numbers were seen, so that each phone is invited once."""

    region: str
    seen: dict[int, int] = field(default_factory=dict)

    def table_row(self, record: Record, columns: Columns) -> Entry:
        """A row of a table that has a phone column."""
        if is_blank(record.cells):
            return Blank(record.row)
        if record.broken:
            return broken(record)
        if columns.heading and tuple(cell.strip() for cell in record.cells) == columns.heading:
            return Heading(record.row)  # lists that were pasted together repeat their heading
        return self.candidate(_candidate(record, columns))

    def candidate(self, given: Candidate) -> Entry:
        if not given.numbers:
            return Problem(
                given.row,
                given.phone_column,
                "",
                "There is no phone number in this row",
                given.suggestion or "Fill in the phone number, or remove the row",
                ProblemKind.PHONE_MISSING,
            )
        column, raw = given.numbers[0]
        try:
            phone = parse(raw, self.region)
        except PhoneRefused as refusal:
            hint = given.suggestion or self._another(given) or refusal.hint
            return Problem(given.row, column, shown(raw), refusal.message, hint, ProblemKind.PHONE_REFUSED)
        name, cleaned = clean_name(given.name)
        identity = _identity(phone.e164)
        kept = self.seen.setdefault(identity, given.row)
        if kept != given.row:
            return Duplicate(given.row, name, phone.e164, raw, kept)
        notes = [*phone.warnings, *given.notes]
        if not name:
            notes.append(Note.NO_NAME)
        if cleaned:
            notes.append(Note.NAME_CLEANED)
        if "\ufffd" in name:
            notes.append(Note.DAMAGED)
        if column != given.phone_column:
            notes.append(Note.OTHER_COLUMN)
        warnings = tuple(note.value for note in notes)
        return GuestRow(given.row, name, phone.e164, raw, MappingProxyType(dict(given.params)), warnings)

    def _another(self, given: Candidate) -> str:
        for column, raw in given.numbers[1:]:
            try:
                parse(raw, self.region)
            except PhoneRefused:
                continue
            return f"The column {column} holds a number that can be used: move it to {given.numbers[0][0]}"
        return ""


def broken(record: Record, suggestion: str = _MEND) -> Problem:
    return Problem(
        record.row,
        "",
        shown(record.cells[0] if record.cells else ""),
        record.broken,
        suggestion,
        ProblemKind.ROW_BROKEN,
    )


def is_blank(cells: Sequence[str]) -> bool:
    """Whether nothing in the row can be seen."""
    return all(_NOTHING.fullmatch(cell) for cell in cells)


def shown(value: str) -> str:
    """A value short enough to stand in a report."""
    value = value.strip()
    return value if len(value) <= _VALUE_SHOWN else value[: _VALUE_SHOWN - 1] + "…"


def clean_name(raw: str) -> tuple[str, bool]:
    """A name on one line without bidi marks at large, and whether anything that is no character was removed."""
    kept = _UNSHOWN.sub("", raw)
    return " ".join(_BIDI_MARKS.sub("", kept).split()), kept != raw


def _candidate(record: Record, columns: Columns) -> Candidate:
    cells = record.cells
    width = len(cells)

    def cell(position: int | None) -> str:
        return cells[position].strip() if position is not None and position < width else ""

    name = cell(columns.full_name)
    used = {columns.full_name}
    if not name and (columns.first_name is not None or columns.last_name is not None):
        name = f"{cell(columns.first_name)} {cell(columns.last_name)}"
    filled = [i for i in columns.phones if cell(i)]
    # A dash, or a word such as "none", in one column leaves the number to the next.
    filled = [i for i in filled if has_digits(cell(i))] or filled
    numbers = [(columns.name_of(i), cell(i)) for i in filled]
    taken = filled[0] if filled else None
    params = {
        columns.name_of(i): value for i in range(width) if i not in used and i != taken and (value := cell(i))
    }
    longer = bool(columns.heading) and any(extra.strip() for extra in cells[len(columns.names) :])
    suggestion = (
        f"The row has {width} cells and the heading {len(columns.names)}: put quotes around a cell that has a "
        "separator inside"
        if longer
        else ""
    )
    return Candidate(
        record.row,
        name,
        numbers,
        columns.name_of(columns.phones[0]),
        params,
        (Note.LONGER_THAN_HEADING,) if longer else (),
        suggestion,
    )


def has_digits(cell: str) -> bool:
    return any(map(str.isdecimal, cell))


def same_number(one: str, other: str) -> bool:
    """Whether two written numbers end alike; a cheap look, for a remark."""
    return _DIGIT.findall(one)[-_TELLING:] == _DIGIT.findall(other)[-_TELLING:]


def _identity(e164: E164) -> int:
    """One small value for a phone, the same for all numbers it goes by."""
    return int(min(aliases(e164)))
