"""A file of guests into guests, problems, duplicates and blank rows, whatever program wrote it.

`rows` streams: it keeps one small number per distinct phone and nothing else. `read` collects. Neither raises for any
bytes: what cannot be read becomes a problem beside what can.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO, Final

from invy.roster import archive, encoding, foreign, heading, vcard, workbook
from invy.roster.delimited import DELIMITERS, Record, records
from invy.roster.foreign import Foreign
from invy.roster.heading import Columns
from invy.roster.judge import Candidate, Judge, broken, has_digits, is_blank, same_number, shown
from invy.roster.roster import (
    Blank,
    Duplicate,
    Entry,
    GuestRow,
    Heading,
    PhoneColumns,
    Problem,
    ProblemKind,
    Roster,
)

_SNIFFED_LINES: Final = 200
_CERTAIN: Final = 1 << 30
_WIDEST: Final = 100
"""Columns further right are not looked at to find the delimiter."""
_DELIMITER_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_RIGHT_FILE: Final = "Look whether it is the right file"
_TOLD_BY: Final = 4096
"""Characters by which a text is told to be something else."""


def read(data: bytes, filename: str, region: str) -> Roster:
    """The whole list at once. Raises InvalidInput when the region does not exist, and nothing else."""
    return collect(Listing(io.BytesIO(data), filename, region))


def collect(listing: "Listing") -> Roster:
    """Read a listing to its end, sorting what becomes of each row."""
    entries = list(listing)
    return Roster(
        source=listing.source,
        guests=tuple(entry for entry in entries if isinstance(entry, GuestRow)),
        problems=tuple(entry for entry in entries if isinstance(entry, Problem)),
        duplicates=tuple(entry for entry in entries if isinstance(entry, Duplicate)),
        headings=tuple(entry.row for entry in entries if isinstance(entry, Heading)),
        blank=tuple(entry.row for entry in entries if isinstance(entry, Blank)),
        phone_columns=listing.phone_columns,
    )


def rows(stream: BinaryIO, filename: str, region: str) -> Iterator[Entry]:
    """Every row in order, as it is read. `stream` must be seekable; text is read once to learn its encoding."""
    return iter(Listing(stream, filename, region))


class Listing:
    """One reading of one file. After the first entry `source` says how the file was understood.

    After the last one `phone_columns` says where the numbers came from, if there was a choice.
    """

    def __init__(self, stream: BinaryIO, filename: str, region: str) -> None:
        self._stream = stream
        self._filename = filename
        self._region = region
        self.source = ""
        self._phone_names: tuple[str, ...] = ()
        self._filled_in = self._left = 0

    @property
    def phone_columns(self) -> PhoneColumns | None:
        return PhoneColumns(self._phone_names, self._filled_in, self._left) if self._phone_names else None

    def __iter__(self) -> Iterator[Entry]:
        start = self._stream.read(8)
        self._stream.seek(0)
        seems = foreign.of_name(self._filename)
        if seems is not None:
            return iter((self._foreign(seems),))
        if not start:
            self.source = "an empty file"
            return iter((_whole(ProblemKind.FILE_EMPTY, f"The file {self._filename} is empty", _RIGHT_FILE),))
        if start.startswith(workbook.MAGIC):
            return self._workbook()
        return self._text()

    def _workbook(self) -> Iterator[Entry]:
        self.source = "spreadsheet"
        try:
            sheets = workbook.sheets(self._stream)
        except archive.Unreadable as unreadable:
            yield _whole(ProblemKind.FILE_UNREADABLE, str(unreadable), unreadable.suggestion)
            return
        if not sheets:
            yield _empty(self._filename)
            return
        chosen = next(
            (sheet for sheet in sheets if self._columns(_filled(sheet.records())).phones), sheets[0]
        )
        self.source = f"spreadsheet, sheet {chosen.name!r}"
        for other in sheets:
            if other is not chosen:
                yield _whole(
                    ProblemKind.SHEET_UNREAD,
                    f"Only the sheet {chosen.name!r} was read; {other.name!r} has {other.height} rows",
                    "Save that sheet as a file of its own if it holds guests too",
                    column=other.name,
                )
        yield from self._table(chosen.records())

    def _text(self) -> Iterator[Entry]:
        found = encoding.detect(self._stream)
        if isinstance(found, encoding.NotText):
            yield self._foreign(found.seems)
            return
        decoded = io.TextIOWrapper(self._stream, found.name, errors="replace", newline="")
        try:
            lines = iter(decoded)
            first = list(islice(lines, _SNIFFED_LINES))
            seems = foreign.of_text("".join(first)[:_TOLD_BY])
            if seems is not None:
                yield self._foreign(seems)
            elif vcard.looks_like("".join(first[:10])):
                self.source = f"contact cards, {found.name}"
                yield from self._cards(chain(first, lines))
            else:
                delimiter = self._delimiter(first)
                self.source = f"text with {_DELIMITER_NAMES.get(delimiter, repr(delimiter))}, {found.name}"
                yield from self._separated(chain(first, lines), delimiter)
        finally:
            decoded.detach()  # the stream belongs to the caller

    def _tally(self, entry: Entry, record: Record, columns: Columns) -> None:
        """Count where numbers came from and which were left, in a list with several columns for them."""
        if len(columns.phones) == 1 or not isinstance(entry, GuestRow):
            return
        first, *later = (record.cells[i].strip() if i < len(record.cells) else "" for i in columns.phones)
        self._phone_names = tuple(columns.name_of(i) for i in columns.phones)
        taken = entry.raw_phone
        self._filled_in += first != taken
        self._left += any(has_digits(cell) and not same_number(cell, taken) for cell in later)

    def _foreign(self, seems: Foreign) -> Problem:
        self.source = seems.what
        return _whole(ProblemKind.FILE_UNREADABLE, f"This is {seems.what}, not a list of guests", seems.todo)

    def _separated(self, lines: Iterable[str], delimiter: str) -> Iterator[Entry]:
        table = records(lines, delimiter)
        first = next(table, None)
        if first is None:
            yield _empty(self._filename)
            return
        if _separator_directive("".join(first.cells) if first.cells else "", delimiter):
            yield Heading(first.row)
            yield from self._table(table)
        else:
            yield from self._table(chain((first,), table))

    def _table(self, table: Iterator[Record]) -> Iterator[Entry]:
        sample: list[Record] = []
        filled: list[tuple[int, Sequence[str]]] = []
        for record in table:
            sample.append(record)
            if _counts(record):
                filled.append((record.row, record.cells))
            if len(filled) == heading.SAMPLE:
                break
        columns, headings = heading.find(filled, self._region)
        if len(filled) == len(headings):
            yield _empty(self._filename)
        elif not columns.phones:
            yield _whole(
                ProblemKind.NO_PHONE_COLUMN,
                "No column of phone numbers was found",
                "Name the columns in the first row, for example name and phone, or שם and טלפון",
            )
        judge = Judge(self._region)
        something = len(filled) == len(headings)
        for record in chain(sample, table):
            if record.row in headings:
                entry: Entry = Heading(record.row)
            elif columns.phones or record.broken:
                entry = judge.table_row(record, columns)
                self._tally(entry, record, columns)
            else:
                entry = _without_phone_column(record)
            something = something or not isinstance(entry, Heading | Blank)
            yield entry
        if not something:  # nothing but the heading, again and again
            yield _empty(self._filename)

    def _cards(self, lines: Iterable[str]) -> Iterator[Entry]:
        judge = Judge(self._region)
        for card in vcard.cards(lines):
            if not card.complete:
                yield broken(
                    Record(card.row, [card.name], "This contact card is cut off: it has no END:VCARD")
                )
                continue
            numbers = [("TEL", number) for number in card.numbers + card.others]
            params = dict(card.params)
            for position, (_, number) in enumerate(numbers[1:], start=2):
                params[f"phone {position}"] = number
            name = card.name or card.structured_name or card.params.get("org", "")
            yield judge.candidate(Candidate(card.row, name, numbers, "TEL", params))

    def _columns(self, filled: Sequence[Record]) -> Columns:
        return heading.find([(record.row, record.cells) for record in filled], self._region)[0]

    def _delimiter(self, lines: Sequence[str]) -> str:
        """The separator that makes the most phone numbers; among equals, the most even table."""
        for delimiter in DELIMITERS:
            if lines and _separator_directive(lines[0], delimiter):
                return delimiter
        return max(DELIMITERS, key=lambda delimiter: self._fitness(lines, delimiter))

    def _fitness(self, lines: Sequence[str], delimiter: str) -> tuple[int, int, int]:
        table = [
            record.cells for record in islice(records(lines, delimiter), _SNIFFED_LINES) if not record.broken
        ]
        cells = [row for row in table if not is_blank(row)][: heading.SAMPLE]
        if (
            not cells
        ):  # this delimiter leaves nothing to be seen, so the others would only show the delimiter itself
            return (_CERTAIN, 0, 0)
        widths = [len(row) for row in cells]
        usual = max(widths, key=lambda width: (widths.count(width), width))
        phones = sum(heading.phone_score(cells, i, self._region) for i in range(min(max(widths), _WIDEST)))
        return (phones, widths.count(usual) if usual > 1 else 0, max(widths))


def _counts(record: Record) -> bool:
    return not record.broken and not is_blank(record.cells)


def _filled(table: Iterable[Record]) -> list[Record]:
    return list(islice((record for record in table if _counts(record)), heading.SAMPLE))


def _separator_directive(line: str, delimiter: str) -> bool:
    """Excel's own first line, `sep=;`. The csv reader may already have cut the delimiter off."""
    text = line.lower().strip("\ufeff\r\n ")
    return text in (f"sep={delimiter}", f'"sep={delimiter}"') or (text == "sep=" and delimiter == "\t")


def _without_phone_column(record: Record) -> Entry:
    if is_blank(record.cells):
        return Blank(record.row)
    return Problem(
        record.row,
        "",
        shown(" ".join(record.cells)),
        "The list has no column of phone numbers",
        "Add one",
        ProblemKind.NO_PHONE_COLUMN,
    )


def _empty(filename: str) -> Problem:
    return _whole(ProblemKind.FILE_EMPTY, f"There are no guests in {filename}", _RIGHT_FILE)


def _whole(kind: ProblemKind, reason: str, suggestion: str, *, column: str = "") -> Problem:
    return Problem(0, column, "", reason, suggestion, kind)
