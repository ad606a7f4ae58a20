"""A length of time as a person writes it: `30s`, `10m`, `2h`, `3d`."""

import re
from datetime import timedelta
from typing import Final

from invy.domain.errors import InvalidInput

LONGEST: Final = timedelta(days=36_500)

_WRITTEN: Final = re.compile(r"(\d{1,6})\s*(s|m|min|h|d|w)", re.IGNORECASE)
_UNITS: Final = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read(text: str, option: str) -> timedelta:
    """The length meant.

    Raises:
        InvalidInput: it is no length of time; `option` is named in the message.
    """
    found = _WRITTEN.fullmatch(text.strip())
    age = timedelta(**{_UNITS[found[2].lower()]: int(found[1])}) if found else LONGEST + timedelta(1)
    if age > LONGEST:
        raise InvalidInput(
            f"{text!r} is not a length of time that {option} can use.",
            hint="Write a whole number and its unit: 30s, 10m, 2h, 3d or 1w.",
        )
    return age
