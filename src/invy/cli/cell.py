"""How one value is written for a person or for a spreadsheet: names that may run right to left, times, risky text."""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Final

FIRST_STRONG_ISOLATE: Final = "\u2068"
POP_ISOLATE: Final = "\u2069"
NOTHING: Final = "-"
LONGEST_NAME: Final = 28
"""Characters of a name in a table; the whole name is in --json and --csv."""

_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_INSTEAD: Final = {"Cc": " ", "Zl": " ", "Zp": " ", "Cs": "\ufffd"}
_JOINERS: Final = frozenset({"\u200c", "\u200d"})
# What makes a spreadsheet take a cell for a formula (OWASP: CSV injection), full-width forms included.
_COMMANDING: Final = re.compile("^[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_PHONE: Final = re.compile(r"^\+[0-9]{7,15}$")


def visible(text: str) -> str:
    """On one line, without marks that could move or recolour what stands beside it in a terminal."""
    kept = (_INSTEAD.get(unicodedata.category(mark), mark) for mark in text)
    return "".join(mark for mark in kept if mark in _JOINERS or unicodedata.category(mark) != "Cf")


def shortened(text: str, longest: int = LONGEST_NAME) -> str:
    """At most so many characters; what was cut is marked with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def isolated(text: str, *, terminal: bool) -> str:
    """A name that runs right to left, kept from reordering its neighbours in the line.

    Only where it is needed, and only on a terminal: in a pipe the marks would be characters that nobody asked for.
    """
    if terminal and any(unicodedata.bidirectional(mark) in _RIGHT_TO_LEFT for mark in text):
        return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"
    return text


def harmless(text: str) -> str:
    """For CSV: a text that a spreadsheet would run as a formula gets an apostrophe in front.

    A phone number in E.164 stays as it is: a plus and digits can command nothing, and every program reads it.
    """
    return "'" + text if _COMMANDING.match(text) and not _PHONE.match(text) else text


def local(at: datetime | None, zone: str) -> str:
    """A moment in the time zone of this machine. The offset is added where it is not the one in the caption."""
    if at is None:
        return NOTHING
    here = at.astimezone()
    written = here.strftime("%Y-%m-%d %H:%M:%S")
    return written if zone_of(here) == zone else f"{written} {zone_of(here)}"


def zone_of(at: datetime) -> str:
    """The offset from UTC with which this machine's clock would show that moment: `UTC+02:00`."""
    here = at.astimezone()
    offset = here.utcoffset() or timedelta(0)
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def utc(at: datetime | None) -> str | None:
    """A moment for programs: ISO 8601 in UTC, ending in Z."""
    return at.isoformat().replace("+00:00", "Z") if at is not None else None


def duration(seconds: float) -> str:
    """A length of time, short: `0.4 s`, `12 s`, `5 min`, `3 h`, `2 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"  # noqa: PLR2004 - one digit below ten


def count(number: int, one: str, many: str = "") -> str:
    """`1 guest`, `2 guests`, `1,200 guests`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
