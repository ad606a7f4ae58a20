"""`--since`: a moment as a person writes it, `2h` or `2026-11-01`. Local where no zone is given."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from invy.domain.errors import InvalidInput

_AGO: Final = re.compile(r"(\d{1,6})\s*(s|m|min|h|d|w)", re.IGNORECASE)
_UNITS: Final = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read(text: str, now: datetime) -> datetime:
    """The moment meant, in UTC.

    Raises:
        InvalidInput: it is neither a length of time nor a date.
    """
    written = text.strip()
    ago = _AGO.fullmatch(written)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2].lower()]: int(ago[1])})
        return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(
            f"{text!r} is not a time that --since can use.",
            hint="Write 30m, 2h, 3d or 1w for so long ago, or a date such as 2026-11-01 or 2026-11-01T18:30.",
        ) from None
