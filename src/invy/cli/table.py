"""Rows for a person that never cut a number, an id or a word: as a table where that fits, else each row as a card of its own.

A column is whole unless the caller says that it may break over lines (`wrap`), that its end may be left out (`cut`), or
that a table without it is better than cards (`spare`).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

GAP: Final = 2
"""Blanks between columns."""
NARROWEST_WRAP: Final = 18
"""A sentence in a narrower column is a ladder of words."""
NARROWEST_CUT: Final = 10
LONGEST_WORD: Final = 36
"""An id of ours; longer words, such as addresses of the web, are broken."""


class Rows(Table):
    """A table that knows how little room it can do with."""

    def __init__(
        self,
        columns: Sequence[str],
        *,
        wrap: Sequence[str],
        cut: Sequence[str],
        spare: Sequence[str],
        right: Sequence[str],
    ) -> None:
        super().__init__(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
        self._wrapping = {at for at, name in enumerate(columns) if name in wrap}
        self._cutting = {at for at, name in enumerate(columns) if name in cut}
        self._spare = {at for at, name in enumerate(columns) if name in spare}
        for at, name in enumerate(columns):
            self.add_column(
                name,
                no_wrap=at not in self._wrapping,
                justify="right" if name in right else "left",
                overflow="fold" if at in self._wrapping else "ellipsis",
            )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        all_of_them = self.columns
        for without in (set(), self._spare):
            kept = [at for at in range(len(all_of_them)) if at not in without]
            widths = self._widths(kept, options.max_width)
            if widths is None:
                continue
            for at, width in zip(kept, widths, strict=True):
                all_of_them[at].width = width
            self.columns = [all_of_them[at] for at in kept]
            try:
                yield from super().__rich_console__(console, options)
            finally:
                self.columns = all_of_them
            return
        yield from self._cards(console, options.max_width)

    def _widths(self, kept: Sequence[int], room: int) -> list[int] | None:
        """How wide each of these columns is to be; None when they do not fit. What is over goes where it is needed most."""
        room -= GAP * (len(kept) - 1)
        cells = [list(self._texts(at)) for at in kept]
        wanted = [max(map(cell_len, texts), default=0) for texts in cells]
        least = [self._least(at, texts, most) for at, texts, most in zip(kept, cells, wanted, strict=True)]
        if sum(wanted) <= room:
            return wanted
        over = room - sum(least)
        if over < 0:
            return None
        lacking = sum(wanted) - sum(least)
        return [few + over * (most - few) // lacking for few, most in zip(least, wanted, strict=True)]

    def _least(self, at: int, texts: Sequence[str], wanted: int) -> int:
        if at in self._wrapping:
            longest = max((cell_len(word) for text in texts for word in text.split()), default=0)
            return min(wanted, max(NARROWEST_WRAP, min(longest, LONGEST_WORD)))
        return min(wanted, NARROWEST_CUT) if at in self._cutting else wanted

    def _texts(self, at: int) -> Iterator[str]:
        """Each line of each cell of a column, its heading among them."""
        column = self.columns[at]
        if self.show_header:
            yield _text(column.header).plain
        for cell in column.cells:
            yield from _text(cell).plain.split("\n")

    def _cards(self, console: Console, room: int) -> Iterator[Text]:
        headings = [_text(column.header).plain for column in self.columns]
        margin = max(map(cell_len, headings)) + GAP
        for number, row in enumerate(zip(*(column.cells for column in self.columns), strict=True)):
            if any(headings):
                if number:
                    yield Text()
                for heading, cell in zip(headings, map(_text, row), strict=True):
                    if cell.plain.strip():
                        yield from _labelled(console, heading, cell, margin, room)
            else:
                yield from _flowing([cell for cell in map(_text, row) if cell.plain.strip()], console, room)


def _labelled(console: Console, heading: str, cell: Text, margin: int, room: int) -> Iterator[Text]:
    """The heading, and the cell beside it; below it where a word would not fit beside it."""
    longest = max(map(cell_len, cell.plain.split()))
    label = Text(heading, style="bold")
    if longest <= room - margin:
        label.pad_right(margin - cell_len(heading))
    else:
        yield label
        label, margin = Text(" " * GAP), GAP
    for line in _broken(console, cell, room - margin):
        yield Text.assemble(label, line)
        label = Text(" " * margin)


def _flowing(cells: Sequence[Text], console: Console, room: int) -> Iterator[Text]:
    """Cells without headings, as many on a line as fit."""
    line = Text()
    for cell in cells:
        if line and line.cell_len + GAP + cell.cell_len > room:
            yield line
            line = Text(" " * GAP)
        elif line:
            line.append(" " * GAP)
        if line.cell_len + cell.cell_len <= room:
            line.append_text(cell)
        else:
            margin = Text(line.plain or " " * GAP)
            *whole, line = [
                Text.assemble(margin, part) for part in _broken(console, cell, room - len(margin))
            ]
            yield from whole
    yield line


def _broken(console: Console, cell: Text, width: int) -> list[Text]:
    lines = list(cell.wrap(console, max(1, width), overflow="fold", no_wrap=False))
    for line in lines:
        line.rstrip()
    return lines


def _text(cell: object) -> Text:
    return cell.copy() if isinstance(cell, Text) else Text(str(cell))
