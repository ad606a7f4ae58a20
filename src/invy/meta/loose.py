"""Values that Meta spells now this way, now that: read leniently, one at a time, never raising.

Numbers arrive as text and text as numbers; members are absent, null, or of another kind than documented.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

_LATEST = 253_402_300_800
"""Seconds since 1970 at the end of the year 9999, the last that Python can write."""

_INT32 = 2**31

LONGEST_NAME = 512
"""Characters. No id or word of Meta's comes near; the longest text we give it to echo has as many."""


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
    return found if found is not None and len(found) <= LONGEST_NAME and "\0" not in found else None


def integer(value: object) -> int | None:
    """A whole number that fits 32 bits, also written as text."""
    if isinstance(value, str) and len(value) <= 11 and value.removeprefix("-").isdecimal():  # noqa: PLR2004 - an int32
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_INT32 <= value < _INT32 else None


def moment(value: object) -> datetime | None:
    """Unix seconds, as text or number, to an aware time; what cannot be a time is none."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) <= 12 else None  # noqa: PLR2004 - the year 9999
    if isinstance(value, float) and 0 < value < _LATEST:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


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
