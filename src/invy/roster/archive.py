"""Looks into the archive of a spreadsheet before it is opened, and refuses what would take the whole process with it.

The reader of spreadsheets lays a sheet out as one rectangle: two cells in far corners are 17 thousand million cells
of memory. It also never ends on an OpenDocument file whose XML is cut off (seen with python-calamine 0.9.1).
"""

import re
import zipfile
import zlib
from typing import IO, BinaryIO, Final
from xml.parsers import expat

from invy.roster import foreign
from invy.roster.foreign import Foreign

UNPACKED: Final = 1 << 30
"""Bytes; a small file that unpacks to more is an attack or a mistake."""
CELLS: Final = 20_000_000
"""Of the rectangle from the first cell to the last; a million guests with twenty columns."""

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 1024
_FILLED_CELL: Final = re.compile(
    rb"<(?:\w+:)?c\b[^>]*?\br\s*=\s*[\"']([A-Za-z]{1,3})(\d{1,7})[\"'][^>]*(?<!/)>"
)
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    ValueError,
    OSError,
    RuntimeError,
    LookupError,
    EOFError,
)


class Unreadable(Exception):
    """The file is not a spreadsheet that can be read; the message says why, `suggestion` what to do."""

    def __init__(self, reason: str, suggestion: str) -> None:
        super().__init__(reason)
        self.suggestion = suggestion


def damaged() -> Unreadable:
    return Unreadable(
        "The file looks like a spreadsheet and cannot be opened as one: it is damaged or cut off",
        "Copy or download it once more, or open it in the spreadsheet program and save it anew as XLSX or CSV",
    )


def _refuse(seems: Foreign | None) -> None:
    if seems is not None:
        raise Unreadable(f"This is {seems.what}, not a list of guests", seems.todo)


def check(stream: BinaryIO) -> None:
    """Raises Unreadable for what must not be opened; leaves the stream at its start."""
    if zipfile.is_zipfile(stream):
        stream.seek(0)
        try:
            with zipfile.ZipFile(stream) as archive:
                _check_parts(archive)
        except _BROKEN:
            raise damaged() from None
    else:
        stream.seek(0)
        _refuse(foreign.of_streams(_streams(stream)))
    stream.seek(0)


def _streams(stream: BinaryIO) -> set[str]:
    """Those names of streams that tell what an old Office document is ([MS-CFB] 2.6.1: an entry has 128 bytes)."""
    wanted = {name.encode("utf-16-le"): name for name in foreign.STREAMS}
    found: set[str] = set()
    while chunk := stream.read(_CHUNK):
        for written, name in wanted.items():
            at = chunk.find(written)
            while at >= 0:
                length = int.from_bytes(chunk[at + 64 : at + 66], "little")
                if at % 128 == 0 and length == len(written) + 2:
                    found.add(name)
                at = chunk.find(written, at + 1)
    return found


def _check_parts(archive: zipfile.ZipFile) -> None:
    _refuse(foreign.of_archive(archive.namelist(), _mimetype(archive)))
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > UNPACKED:
        raise Unreadable(
            f"The spreadsheet unpacks to {unpacked >> 20} megabytes", "Keep only the sheet with the guests"
        )
    for name in archive.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            with archive.open(name) as part:
                _refuse_vast(*_xlsx_extent(part))
        elif name.startswith("xl/worksheets/") and name.endswith(".bin"):
            raise Unreadable("This is a binary workbook (XLSB)", "Save it as XLSX or CSV")
        elif name in ("content.xml", "META-INF/manifest.xml"):
            with archive.open(name) as part:
                _refuse_vast(*_ods_extent(part))


def _mimetype(archive: zipfile.ZipFile) -> str:
    if "mimetype" not in archive.namelist():
        return ""
    with archive.open("mimetype") as part:
        return part.read(200).decode("ascii", "replace")


def _refuse_vast(rows: int, columns: int) -> None:
    if rows * columns > CELLS:
        raise Unreadable(
            f"A sheet reaches from its first cell to row {rows} and column {columns}: a stray cell far off, probably",
            "Delete the rows and columns after the last guest, or save the sheet as CSV",
        )


def _xlsx_extent(part: IO[bytes]) -> tuple[int, int]:
    rows = columns = 0
    rest = b""
    while chunk := part.read(_CHUNK):
        text = rest + chunk
        for column, row in _FILLED_CELL.findall(text):
            rows = max(rows, int(row))
            columns = max(columns, _column_number(column.upper()))
        rest = text[-_OVERLAP:]
    return rows, columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


class _OdsExtent:
    """Follows rows and cells with their repetitions; only filled ones count."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self.row = self.column = self.repeated = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        element = tag.rpartition(":")[2]
        if element == "table":
            self.row = 0
        elif element == "table-row":
            self.repeated = self._times(attributes, "number-rows-repeated")
            self.column = 0
        elif element in ("table-cell", "covered-table-cell"):
            self.column += self._times(attributes, "number-columns-repeated")
            if any(name.rpartition(":")[2] in ("value-type", "formula") for name in attributes):
                self.rows = max(self.rows, self.row + self.repeated)
                self.columns = max(self.columns, self.column)

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "table-row":
            self.row += self.repeated

    @staticmethod
    def _times(attributes: dict[str, str], wanted: str) -> int:
        return next(
            (int(value) for name, value in attributes.items() if name.rpartition(":")[2] == wanted), 1
        )


def _ods_extent(part: IO[bytes]) -> tuple[int, int]:
    """Raises ExpatError when the XML is not whole."""
    extent = _OdsExtent()
    parser = expat.ParserCreate()
    parser.StartElementHandler = extent.start
    parser.EndElementHandler = extent.end
    parser.ParseFile(part)
    return extent.rows, extent.columns
