"""After which failures the same guests may be invited again: what the error catalogue says of a code, at a time.

Asked for by a person, cause by cause, once the cause is mended: never by itself, because Meta took those messages.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from invy.domain.campaign import Again
from invy.domain.errors import InvalidInput
from invy.meta import catalogue
from invy.meta.catalogue_row import Retry

_INT32 = 2**31
"""As wide as the column."""


def again(codes: Collection[int], now: datetime) -> tuple[Again, ...]:
    """The failures that are meant by these codes of Meta's; where Meta wants time to pass, only those that are old enough.

    Raises:
        InvalidInput: sending again after one of them would give the same answer.
    """
    return tuple(_of(code, now) for code in sorted(set(codes)))


def _of(code: int, now: datetime) -> Again:
    if not -_INT32 <= code < _INT32:
        raise InvalidInput(
            f"No error of Meta's has the code {code}.",
            hint="`invy status EVENT` shows the codes of an event.",
        )
    row = catalogue.lookup(code)
    if row.retry is Retry.NEVER:
        raise InvalidInput(
            f"After {code} ({row.title}) nobody is invited again: it would fail as before.",
            hint=f"{row.todo.en} More: invy explain {code}",
        )
    return Again(code, now - timedelta(seconds=row.earliest_s) if row.earliest_s is not None else None)


def may_be(code: int) -> bool:
    """Whether a person may be told that guests can be invited again after this failure, once its cause is mended."""
    row = catalogue.lookup(code)
    return row.known and row.retry is not Retry.NEVER
