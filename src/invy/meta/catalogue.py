"""What each error code of Meta's means, whose trouble it is, and what may be done about it. Lookup never raises.

The rows are data in `catalogue_rows/*.toml`; they are read once and checked then, so a row that lacks a column or
has an unknown word stops the program at its first question, not in the middle of a campaign.
Meta's rule (error codes page): branch on the code, never on the title or the HTTP status. The status is used only
where the code says nothing about the message: an undocumented code, or one that is not about sending.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from invy.domain.errors import Side
from invy.meta.catalogue_row import Channel, Effect, Lang, Outcome, Retry, Row, Text

__all__ = [
    "AS_OF",
    "Channel",
    "Effect",
    "Lang",
    "Outcome",
    "Retry",
    "Row",
    "Text",
    "all_rows",
    "lookup",
]

AS_OF = date(2026, 11, 22)
"""When the table as a whole was last compared with what Meta publishes."""

_SERVER_ERROR = 500


@cache
def all_rows() -> tuple[Row, ...]:
    """Every row, ordered by code; a code's general row stands before its subcodes, a single code before a range."""
    rows = (row for table in _tables() for row in _rows(table))
    return tuple(sorted(rows, key=lambda row: (row.code, row.until or 0, row.subcode or 0)))


def lookup(code: int, subcode: int | None = None, http_status: int | None = None) -> Row:
    """The row that speaks about this code, most special first: code and subcode, code, range, unknown.

    `http_status` is that of the reply to a send, where there was one. The answer carries the code that was asked for,
    also when it comes from a range. Never raises.
    """
    exact, ranges = _index()
    row = exact.get((code, subcode)) or exact.get((code, None))
    if row is None:
        spanning = next((r for r in ranges if r.until is not None and r.code <= code <= r.until), None)
        row = _unknown(code) if spanning is None else _narrowed(spanning, code)
    return _with_http(row, http_status) if row.by_http else row


def _with_http(row: Row, http_status: int | None) -> Row:
    """A 4xx without a telling code is a refusal; anything else leaves open what became of the message."""
    refused = http_status is not None and _SERVER_ERROR > http_status >= 400  # noqa: PLR2004 - 4xx, RFC 9110
    return msgspec.structs.replace(row, outcome=Outcome.REFUSED if refused else Outcome.UNSURE)


def _narrowed(row: Row, code: int) -> Row:
    return msgspec.structs.replace(row, code=code, until=None)


def _unknown(code: int) -> Row:
    return Row(
        code=code,
        title="Unknown code",
        meaning=Text(
            en="Meta does not document this code, so what it means cannot be said for certain.",
            he="הקוד הזה אינו מתועד אצל מטא, ולכן אי אפשר לומר בוודאות מה משמעותו.",
        ),
        side=Side.META,
        channel=Channel.BOTH,
        retry=Retry.AFTER_CHANGE,
        outcome=Outcome.UNSURE,
        effect=Effect.NONE,
        todo=Text(
            en="Read the title and the details that Meta gave with it. If it keeps coming back, ask Meta's support "
            "and name the trace id.",
            he="כדאי לקרוא את הכותרת והפירוט שמטא צירפה. אם זה חוזר, אפשר לפנות לתמיכה של מטא ולציין את מזהה "
            "המעקב (trace id).",
        ),
        source="Not in Meta's published lists",
        as_of=AS_OF,
        by_http=True,
        known=False,
    )


def _tables() -> Iterator[Mapping[str, Any]]:
    folder = files("invy.meta.catalogue_rows")
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            yield tomllib.loads(entry.read_text(encoding="utf-8"))


def _rows(table: Mapping[str, Any]) -> Iterator[Row]:
    defaults = table["defaults"]
    for row in table["row"]:
        yield msgspec.convert({**defaults, **row}, Row)


@cache
def _index() -> tuple[Mapping[tuple[int, int | None], Row], tuple[Row, ...]]:
    exact = {(row.code, row.subcode): row for row in all_rows() if row.until is None}
    ranges = tuple(row for row in all_rows() if row.until is not None)
    return exact, ranges
