"""The kinds of value that requests carry, each with its limits."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from invy.domain.errors import InvalidInput
from invy.domain.ids import event_id

PAGE: Final = 100
LARGEST_PAGE: Final = 1000

_LONGEST_NAME: Final = 200
_LONGEST_VALUE: Final = 4096


def _printable(text: str) -> str:
    """Control characters have no place in a name, and PostgreSQL cannot store all of them."""
    if any(ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 for sign in text):  # noqa: PLR2004 - the control characters of Unicode
        raise ValueError("must not contain control characters")
    return text


def _event_id(text: str) -> str:
    try:
        return event_id(text)
    except InvalidInput as error:
        raise ValueError(f"{error.message} {error.hint}") from None


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is too near the beginning or the end of time") from None


Name = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_NAME), AfterValidator(_printable)]
"""An id or a name that somebody chose."""

Value = Annotated[str, StringConstraints(max_length=_LONGEST_VALUE)]
"""What a template is filled with. Meta's stricter rules are the template's affair."""

Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A time with its zone, as RFC 3339 writes it."""

EventName = Annotated[
    Name, AfterValidator(_event_id), Path(description="Your id of the event.", examples=["wedding"])
]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many at most.")]
Cursor = Annotated[Name | None, Query(description="The `next` of the page before.")]

Number = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="A phone number in any form; without a country code it is dialled in INVY_DEFAULT_REGION.",
        examples=["+447700900123"],
    ),
]
