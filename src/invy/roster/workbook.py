"""Spreadsheet files (XLSX, XLS, ODS) into rows of text cells, one sheet at a time.

Numbers come out of spreadsheets as floats; whole ones are written without a fraction, so that 972504370045.0 stays
the number it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import BinaryIO, Final

import python_calamine as calamine

from invy.roster import archive
from invy.roster.delimited import Record

MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

Cell = float | str | bool | time | date | datetime | timedelta


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible sheet with at least one row."""

    name: str
    height: int
    """How many rows, blank ones above the first included."""
    table: "calamine.CalamineSheet"

    def records(self) -> Iterator[Record]:
        """Rows with the numbers that the spreadsheet shows."""
        # calamine counts rows from the top of the sheet, but columns from the first filled one.
        before = [""] * (self.table.start or (0, 0))[1]
        for row, cells in enumerate(self.table.iter_rows(), start=1):
            yield Record(row, before + [text(cell) for cell in cells])


def sheets(stream: BinaryIO) -> list[Sheet]:
    """Every visible sheet that holds anything, in order. Raises archive.Unreadable."""
    archive.check(stream)
    try:
        book = calamine.CalamineWorkbook.from_filelike(stream)
        visible = [meta.name for meta in book.sheets_metadata if _is_visible_table(meta)]
        tables = [book.get_sheet_by_name(name) for name in visible]
    except calamine.PasswordError:
        raise archive.Unreadable(
            "The spreadsheet is protected by a password", "Save a copy without a password"
        ) from None
    except (calamine.CalamineError, OSError, ValueError):
        raise archive.damaged() from None
    return [Sheet(table.name, table.end[0] + 1, table) for table in tables if table.end is not None]


def text(cell: Cell) -> str:
    """A cell as the text a person would have typed."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, time):
        return cell.isoformat("minutes")
    return str(cell)


def _is_visible_table(meta: "calamine.SheetMetadata") -> bool:
    return meta.visible == calamine.SheetVisibleEnum.Visible and meta.typ == calamine.SheetTypeEnum.WorkSheet
