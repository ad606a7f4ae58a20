"""Differences as they are found: a line each for a person, a growing JSON list for a program. Nothing is collected."""

import sys
from datetime import datetime
from typing import Any, Final

from invy.cli import cell, output
from invy.domain.difference import Difference, Left

_LEFT: Final = {
    Left.SENT_AGAIN: "it could be sent again",
    Left.NO_SOURCE: "no webhook brought it, so none can bring it again",
    Left.REFUSED: "the database does not take it",
}


class Sheet:
    """Told every difference by `found`; `close` ends it with the totals."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._separator = "\n"
        if as_json:
            sys.stdout.write('{"differences": [')

    def found(self, difference: Difference) -> None:
        if self._as_json:
            sys.stdout.write(self._separator + output.json_text(_document(difference)))
            self._separator = ",\n"
            return
        row = "message" if difference.table == "whatsapp_messages" else difference.table
        left = "" if difference.left is None else f" (not written: {_LEFT[difference.left]})"
        output.show(
            f"{row} {cell.visible(difference.id)}  {difference.column}: "
            f"written {_words(difference.written)}, by the evidence {_words(difference.folded)}{left}"
        )

    def close(self, **totals: object) -> None:
        if self._as_json:
            members = "".join(
                f", {output.json_text(name)}: {output.json_text(value)}" for name, value in totals.items()
            )
            sys.stdout.write("\n]" + members + "}\n")


def _document(difference: Difference) -> dict[str, Any]:
    """The declared form for programs; members may be added, never changed."""
    return {
        "table": difference.table,
        "id": difference.id,
        "column": difference.column,
        "written": _plain(difference.written),
        "folded": _plain(difference.folded),
        "mendable": difference.mendable,
        "left": difference.left,
    }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return cell.utc(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _words(value: object) -> str:
    return "nothing" if value is None else cell.visible(str(_plain(value)))
