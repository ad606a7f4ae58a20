"""Lines of text into rows of cells: comma, semicolon, tab or bar; quoted cells, also over several lines.

A quote that is never closed would swallow all rows after it. Such a row is given up alone, and reading goes on with
the next line.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

DELIMITERS: Final = (",", ";", "\t", "|")
LINES_IN_ONE_CELL: Final = 100
"""More lines than this inside one quoted cell mean that its closing quote is missing."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row. With `broken`, its single cell is the unreadable line and `broken` says why."""

    row: int
    cells: list[str]
    broken: str = ""


class _Unclosed(Exception):
    pass


class _Lines:
    """Lines for the csv reader, keeping those of the row being read so that they can be given back."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self._returned: deque[str] = deque()
        self.held: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._source, None)
        if line is None:
            if self.held:
                raise _Unclosed
            raise StopIteration
        self.held.append(line)
        if len(self.held) > LINES_IN_ONE_CELL:
            raise _Unclosed
        return line

    def give_up_first(self) -> str:
        first, *others = self.held
        self._returned.extendleft(reversed(others))
        self.held.clear()
        return first


def records(source: Iterable[str], delimiter: str) -> Iterator[Record]:
    """Every row of the text, in order, numbered from 1. `source` yields lines with their ends."""
    lines = _Lines(source)
    row = 0
    while True:
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t")
        try:
            for cells in reader:
                row += 1
                lines.held.clear()
                yield Record(row, cells)
        except _Unclosed:
            broken = "A quote is opened in this row and never closed"
        except csv.Error:
            broken = f"A cell of this row is longer than {csv.field_size_limit()} characters"
        else:
            return
        row += 1
        yield Record(row, [lines.give_up_first().strip()], broken)
