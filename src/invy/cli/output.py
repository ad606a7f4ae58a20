"""Where output goes: data on stdout as a table, JSON or CSV; talk on stderr. Colour only on a terminal, never with NO_COLOR."""

import csv
import io
import json
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from invy.cli import cell
from invy.cli.table import Rows
from invy.domain.state import State

PIPED_WIDTH: Final = 1000
"""Into a pipe each row keeps to one line."""

STYLES: Final[Mapping[State, str]] = {
    State.QUEUED: "dim",
    State.SENDING: "dim",
    State.UNCONFIRMED: "magenta",
    State.SENT: "yellow",
    State.FAILED: "red",
    State.DELIVERED: "cyan",
    State.READ: "green",
}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """As any other error, so that whatever is open is closed in order; Rich would end the process from within."""
        raise  # noqa: PLE0704 - called while the BrokenPipeError is being handled


def out() -> Console:
    """For data."""
    console = _Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


def err() -> Console:
    """For talk and progress."""
    return _Console(file=sys.stderr, stderr=True, highlight=False, soft_wrap=True)


def say(sentence: str, *, style: str = "") -> None:
    """A line of talk."""
    err().print(Text(sentence, style=style))


def show(sentence: str = "", *, style: str = "") -> None:
    """A line of data for a person."""
    out().print(Text(sentence, style=style), soft_wrap=True)


def name(text: str) -> Text:
    """A person's name as a cell."""
    return Text(cell.isolated(cell.shortened(cell.visible(text)), terminal=sys.stdout.isatty()), no_wrap=True)


def state(found: State) -> Text:
    return Text(found.value, style=STYLES[found])


def table(
    *columns: str,
    wrap: Sequence[str] = (),
    cut: Sequence[str] = (),
    spare: Sequence[str] = (),
    right: Sequence[str] = (),
) -> Rows:
    """A table with these headings, or cards where the terminal is too narrow for it.

    Only the columns in `wrap` may break over lines, only of those in `cut` the end may be left out, and those in `spare`
    stand only where there is room; those in `right` are numbers.
    """
    return Rows(columns, wrap=wrap, cut=cut, spare=spare, right=right)


def json_text(value: Any, *, indent: int | None = None) -> str:
    """JSON as stdout can carry it.

    Where stdout is not UTF-8, letters are written as JSON's own escapes: those of the stream would break the document.
    """
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    return json.dumps(value, ensure_ascii=encoding not in {"utf8", "utf8sig"}, indent=indent)


def json_document(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json_text(document, indent=2) + "\n")


def json_line(document: Mapping[str, Any]) -> None:
    """One JSON document on a line of its own, there at once for whoever reads along."""
    sys.stdout.write(json_text(document) + "\n")
    sys.stdout.flush()


def request(payload: bytes) -> None:
    """A request body: byte for byte into a pipe, indented on a terminal."""
    text = payload.decode()
    if sys.stdout.isatty():
        text = json_text(json.loads(text), indent=2)
    sys.stdout.write(text + "\n")


async def json_list(key: str, items: AsyncIterator[Mapping[str, Any]], head: Mapping[str, Any]) -> None:
    """One JSON document with the members of `head` and one long list, written as it comes."""
    members = "".join(f"{json_text(name)}: {json_text(value)}, " for name, value in head.items())
    sys.stdout.write(f"{{{members}{json_text(key)}: [")
    separator = "\n"
    async for item in items:
        sys.stdout.write(separator + json_text(item))
        separator = ",\n"
    sys.stdout.write("\n]}\n")


def utf8() -> None:
    """What follows on stdout is the content of a file, in UTF-8 whatever the terminal uses."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


class CsvFile:
    """CSV on stdout (RFC 4180, UTF-8), safe to open in a spreadsheet."""

    def __init__(self, header: Sequence[str]) -> None:
        utf8()
        self._writer = csv.writer(sys.stdout, lineterminator="\r\n")
        self._writer.writerow(header)

    def write(self, values: Iterable[object]) -> None:
        self._writer.writerow(["" if value is None else cell.harmless(str(value)) for value in values])
