"""What a file is when it is no guest list, told by its content: its first bytes, its first words, or what is packed in it.

A name proves nothing: many programs save a web page or a text under the name of a spreadsheet.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_USE: Final = "Use CSV (UTF-8), XLSX, ODS or vCard"
_EXPORT: Final = "Save or export the list as CSV (UTF-8) or XLSX, and import that"
_UNPACK: Final = "Unpack it, and import the guest list that is in it"
_SHEET: Final = "Open it in a spreadsheet program and save it as XLSX or CSV"


@dataclass(frozen=True, slots=True)
class Foreign:
    """`what` completes "This is …"; `todo` is the way to a list that can be read."""

    what: str
    todo: str = _USE


# Beginnings of files (magic numbers), as the formats' own specifications give them.
_BYTES: Final[Sequence[tuple[bytes, Foreign]]] = (
    (b"%PDF", Foreign("a PDF document", f"A PDF keeps no columns. {_EXPORT}")),
    (b"\x89PNG", Foreign("a picture")),
    (b"\xff\xd8\xff", Foreign("a picture")),
    (b"GIF8", Foreign("a picture")),
    (b"{\\rtf", Foreign("a rich text document", _EXPORT)),
    (b"\x1f\x8b", Foreign("a compressed file", _UNPACK)),
    (b"BZh", Foreign("a compressed file", _UNPACK)),
    (b"\xfd7zXZ", Foreign("a compressed file", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Foreign("a compressed file", _UNPACK)),
    (b"Rar!", Foreign("a compressed file", _UNPACK)),
    (b"7z\xbc\xaf", Foreign("a compressed file", _UNPACK)),
    (b"SQLite format 3", Foreign("a database", _EXPORT)),
    (b"PAR1", Foreign("a table of a database program (Parquet)", _EXPORT)),
    (b"MZ", Foreign("a program")),
    (b"\x7fELF", Foreign("a program")),
    (b"L\x00\x00\x00\x01\x14\x02", Foreign("a shortcut to another file", "Import the file it leads to")),
)
_INSIDE: Final[Sequence[tuple[int, bytes, Foreign]]] = (
    (4, b"ftyp", Foreign("a picture or a film")),
    (8, b"WEBP", Foreign("a picture")),
    (257, b"ustar", Foreign("an archive of files", _UNPACK)),
)

_PAGE: Final = Foreign("a web page (HTML)", _SHEET)
_JSON: Final = Foreign(
    "JSON", "Post it to the HTTP API, which takes guests as JSON, or save the list as CSV (UTF-8)"
)
_GOOGLE: Final = Foreign(
    "only a link to a document of Google's", "Open it, and choose File, Download, Comma-separated values"
)
_WORDS: Final[Sequence[tuple[re.Pattern[str], Foreign]]] = tuple(
    (re.compile(begins, re.IGNORECASE), foreign)
    for begins, foreign in (
        (r"<(!doctype\s+html|html|head|body|table|meta|style|div)[\s>]", _PAGE),
        (r"mime-version:|content-type:\s*(multipart|text/html)", Foreign("a web page in one file (MHTML)", _SHEET)),
        (r"<\?xml[\s\S]{0,2000}(excel\.sheet|office:spreadsheet)", Foreign("a spreadsheet as XML", _SHEET)),
        (r"<(\?xml|!doctype|svg|plist)[\s>]", Foreign("an XML document", _EXPORT)),
        (r"begin:vcalendar", Foreign("a calendar", "Export the contacts, not the calendar")),
        (r"(return-path|received|delivered-to|from|subject): .*\n(.*\n){0,40}(from|to|subject|date): ", Foreign(
            "an e-mail", "Save the list that is attached to it, and import that")),
        (r"\[?\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}:\d{2}[^\n,;\t]{0,12}\]? (- )?[^\n:,;\t]{1,40}: ", Foreign(
            "a chat exported from WhatsApp", "Export the contacts instead, or make a list of names and numbers")),
        (r"insert into |create table |pragma ", Foreign("a script for a database (SQL)", _EXPORT)),
    )
)  # fmt: skip

# Streams by which the old kind of Office document is told; in its directory their names stand in UTF-16.
_STREAMS: Final[Sequence[tuple[str, Foreign]]] = (
    ("EncryptedPackage", Foreign("a document protected by a password", "Save a copy without a password")),
    ("WordDocument", Foreign("a Word document", _EXPORT)),
    ("PowerPoint Document", Foreign("a PowerPoint presentation", _EXPORT)),
    (
        "__properties_version1.0",
        Foreign("an e-mail", "Save the list that is attached to it, and import that"),
    ),
)
_SHEETS: Final = frozenset({"Workbook", "Book"})
_PACKED: Final[Sequence[tuple[str, Foreign]]] = (
    ("word/", Foreign("a Word document", _EXPORT)),
    ("ppt/", Foreign("a PowerPoint presentation", _EXPORT)),
    (
        "Index/",
        Foreign("a Numbers, Pages or Keynote document", "In Numbers choose File, Export To, CSV or Excel"),
    ),
    (
        "Index.zip",
        Foreign("a Numbers, Pages or Keynote document", "In Numbers choose File, Export To, CSV or Excel"),
    ),
)
_NAMED: Final = 3


def of_name(filename: str) -> Foreign | None:
    """By its name, where that alone tells: Excel puts such a file beside each one that is open."""
    if filename.startswith("~$"):
        return Foreign("the mark that the list is open in Excel", f"Import {filename[2:]} itself")
    return None


def of_bytes(start: bytes) -> Foreign | None:
    """By the first bytes of a file; 512 are enough."""
    if start and not any(start):
        return Foreign(
            "a file of nothing but zeros", "It was damaged on its way: copy or download it once more"
        )
    for magic, foreign in _BYTES:
        if start.startswith(magic) and not _reads_as_text(start, magic):
            return foreign
    return next((each for at, magic, each in _INSIDE if start[at : at + len(magic)] == magic), None)


def _reads_as_text(start: bytes, magic: bytes) -> bool:
    """Magic numbers that are letters may begin a list as well: MZ, PAR1, BZh."""
    return magic.isalnum() and not any(byte < 9 or 13 < byte < 32 for byte in start)  # noqa: PLR2004 - control characters


def of_text(start: str) -> Foreign | None:
    """By the first words of a text."""
    text = start.lstrip("\ufeff \t\r\n")
    if _reads_as_json(text):
        return _GOOGLE if "docs.google.com" in text[:1000] else _JSON
    return next((foreign for begins, foreign in _WORDS if begins.match(text)), None)


def _reads_as_json(text: str) -> bool:
    if not re.match(r"\{\s*[\"}]|\[\s*[\[{\"\]]", text):
        return False
    try:
        json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        return error.pos > len(text) - 200
    except RecursionError:
        return True
    return True


def of_archive(names: Sequence[str], mimetype: str) -> Foreign | None:
    """By what is packed in a ZIP archive; None for a spreadsheet. `mimetype` is the content of the part of that name."""
    if any(name.startswith("xl/") for name in names):
        return None
    if mimetype:
        kind = mimetype.rpartition(".")[2].strip()
        return (
            None
            if kind.startswith("spreadsheet")
            else Foreign(f"a document of another kind ({kind[:40]})", _EXPORT)
        )
    for begins, foreign in _PACKED:
        if any(name.startswith(begins) for name in names):
            return foreign
    if "content.xml" in names:
        return None
    files = [name for name in names if not name.endswith("/")]
    if not files:
        return Foreign("an archive with nothing in it", _USE)
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return Foreign(f"an archive (ZIP) of {', '.join(name[-60:] for name in files[:_NAMED])}{more}", _UNPACK)


def of_streams(found: set[str]) -> Foreign | None:
    """By the streams of an old Office document; None for a spreadsheet, whatever else is embedded in it."""
    if found & _SHEETS:
        return None
    return next((foreign for name, foreign in _STREAMS if name in found), None)


STREAMS: Final = (*_SHEETS, *(name for name, _ in _STREAMS))
