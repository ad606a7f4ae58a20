"""Values that Meta spells now this way, now that: read leniently, one at a time, never raising.

Numbers arrive as text and text as numbers; members are absent, null, or of another kind than documented.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_EARLIEST = 1_230_768_000
"""Seconds since 1970 at the beginning of 2009, the year WhatsApp was founded in."""

_LATEST = 253_402_300_800
"""Seconds since 1970 at the end of the year 9999, the last that Python can write."""

AHEAD = timedelta(days=1)
"""How far after its hearing a thing may have happened and still be believed. See `believed`."""

_INT32 = 2**31

LONGEST_NAME = 1024
"""Bytes of UTF-8. Names become keys of indexes, some of which hold two, and PostgreSQL refuses entries of more than 2,704
bytes. No id or word of Meta's comes near; the longest text that we may give it to echo has 512 characters."""

LONGEST_USER_ID = 256
"""Bytes of UTF-8. A business-scoped user id has a country, a dot and at most 128 letters and digits."""

_LONGEST_NUMBER = 20
"""Digits. A phone number has at most 15."""

_LONGEST_LETTER = 4
"""Bytes that one character may need in UTF-8."""


def text(value: object) -> str | None:
    """Text as it came; a number as its digits; nothing else is text. Empty text is none."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def name(value: object) -> str | None:
    """Text that can name something: not longer than any name, and without NUL. Databases index these."""
    found = text(value)
    return found if found is not None and _names(found, LONGEST_NAME) else None


def user_id(value: object) -> str | None:
    """Text that can be a business-scoped user id."""
    found = text(value)
    return found if found is not None and _names(found, LONGEST_USER_ID) else None


def digits(value: object) -> str | None:
    """The digits of a phone number, as Meta writes it; a group or a hidden guest has none."""
    found = text(value)
    plain = found is not None and len(found) <= _LONGEST_NUMBER and found.isascii() and found.isdecimal()
    return found if plain else None


def shortened(found: str | None) -> str | None:
    """Text that is indexed and shown but names nothing for certain: cut where it is longer than any name."""
    if found is None or _fits(found, LONGEST_NAME):
        return found
    return found.encode()[: LONGEST_NAME - len(_CUT.encode())].decode(errors="ignore") + _CUT


_CUT = "…"


def _names(found: str, most: int) -> bool:
    return "\0" not in found and _fits(found, most)


def _fits(found: str, most: int) -> bool:
    return len(found) * _LONGEST_LETTER <= most or (len(found) <= most and len(found.encode()) <= most)


def integer(value: object) -> int | None:
    """A whole number that fits 32 bits, also written as text."""
    if isinstance(value, str) and len(value) <= 11 and value.removeprefix("-").isdecimal():  # noqa: PLR2004 - an int32
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_INT32 <= value < _INT32 else None


def instant(value: object) -> datetime | None:
    """Unix seconds, as text or number, to an aware time; what cannot be a time of WhatsApp's is none."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) <= 12 else None  # noqa: PLR2004 - the year 9999
    if isinstance(value, float) and 0 < value < _LATEST:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not _EARLIEST <= value < _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


def believed(at: datetime | None, heard_at: datetime) -> datetime | None:
    """The time, unless it lies more than a day after it was heard of: then it is none.

    Nothing is heard before it happens. But `heard_at` is of our own clock, which may be hours behind (a wrong time zone,
    no time server), and Meta's true times must not be lost for that. A time further ahead is Meta's mistake, and costly
    to believe: the latest word about a guest counts, so no resume could ever follow a stop of the year 9999.
    """
    return None if at is None or at - heard_at > AHEAD else at


def moment(value: object, heard_at: datetime) -> datetime | None:
    """When something happened that was heard of at `heard_at` (aware); what cannot be believed is none."""
    return believed(instant(value), heard_at)


def table(value: object) -> Mapping[str, Any]:
    """An object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """An array; anything else is an empty one."""
    return value if isinstance(value, list) else []


def at(value: object, path: str) -> object:
    """The member at a dotted path of objects and, by number, arrays; none where it ends early."""
    for step in path.split("."):
        if isinstance(value, list) and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = table(value).get(step)
    return value


def first(value: object, paths: Iterable[str]) -> str | None:
    """The first text that stands at one of the paths."""
    return next((found for path in paths if (found := text(at(value, path)))), None)
