"""One import of a guest list: read the file, write the good rows, and account for every other one."""

import os
import stat
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

from invy.cli import cell, output
from invy.domain.errors import InvalidInput
from invy.domain.guest import Event, Imported
from invy.domain.ids import EventId
from invy.engine import guest_list
from invy.roster import Listing, ProblemKind, Roster, collect

if TYPE_CHECKING:
    from invy.app.house import House

STANDARD_INPUT: Final = "-"
SHOWN: Final = 1000
"""Rows of a table for people: laying out hundreds of thousands takes minutes, and nobody reads them there."""

LARGEST: Final = 256 << 20
"""Bytes of a list: a million guests with twenty columns."""

_IN_MEMORY: Final = 16 << 20
_ALL_OF_IT: Final = frozenset(
    {ProblemKind.FILE_EMPTY, ProblemKind.FILE_UNREADABLE, ProblemKind.NO_PHONE_COLUMN}
)


@dataclass(frozen=True, slots=True)
class Written:
    """What the import did to the event."""

    imported: Imported
    event: Event
    name_kept: bool
    """Another name was asked for, and the event has one already."""


def read(file: str, region: str) -> Roster:
    """The whole list, from a file, a pipe or standard input.

    Raises:
        InvalidInput: there is no such file, it cannot be opened, or it is larger than any guest list.
    """
    if file == STANDARD_INPUT:
        return _read(sys.stdin.buffer, "standard input", region)
    if not file:
        raise InvalidInput(
            "No file was named.", hint="Name the file with the guests, or - for standard input."
        )
    path = Path(file)
    try:
        with path.open("rb") as stream:
            return _read(stream, path.name, region)
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {file}.", hint=_near(path)) from None
    except IsADirectoryError:
        raise InvalidInput(f"{file} is a folder.", hint="Name the file in it that has the guests.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(
            f"The file {file} cannot be read: {reason}.", hint="Check its permissions."
        ) from None


def _read(stream: IO[bytes], name: str, region: str) -> Roster:
    """A file is read where it is; what is no file (a pipe, a device) is kept while it comes, for it can be read once."""
    status = os.fstat(stream.fileno()) if stream is not sys.stdin.buffer else None
    if status is not None and stat.S_ISREG(status.st_mode):
        if status.st_size > LARGEST:
            raise _too_large(name)
        return collect(Listing(stream, name, region))  # type: ignore[arg-type]  # any seekable binary file will do
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
        size = 0
        while block := stream.read(1 << 20):
            size += len(block)
            if size > LARGEST:
                raise _too_large(name)
            kept.write(block)
        kept.seek(0)
        return collect(Listing(kept, name, region))  # type: ignore[arg-type]  # as above


def _too_large(name: str) -> InvalidInput:
    return InvalidInput(
        f"{name} is larger than any guest list: more than {LARGEST >> 20} megabytes.",
        hint="Check that it is the right file; a very long list can be imported in parts.",
    )


def _near(path: Path) -> str:
    from difflib import get_close_matches

    try:
        there = [entry.name for entry in islice(path.parent.iterdir(), 1000) if entry.is_file()]
    except OSError:
        return f"There is no folder {path.parent} either."
    near = get_close_matches(path.name, there, n=1)
    return f"Did you mean {path.with_name(near[0])}?" if near else "Check the path."


def unusable(roster: Roster) -> bool:
    """Whether the file as a whole is no guest list."""
    return not roster.guests and any(problem.kind in _ALL_OF_IT for problem in roster.problems)


async def write(house: "House", roster: Roster, event_id: EventId, name: str) -> Written:
    """Put the good rows on the event's list. At least once: a number that is there already keeps its guest id."""
    now = house.clock()
    there = await house.guests.event(event_id)
    event = there or Event(event_id, name or event_id, now)
    done = await guest_list.enter(house.guests, event, roster.guests, clock=house.clock, new_id=house.new_id)
    return Written(done, event, name_kept=bool(name) and name != event.name)


def report(
    file: str, event_id: EventId, roster: Roster, written: Written | None, *, dry_run: bool, as_json: bool
) -> None:
    """What became of every row."""
    if as_json:
        output.json_document(_document(file, event_id, roster, written, dry_run=dry_run))
        return
    _show_problems(roster)
    _show_duplicates(roster)
    _show_notes(roster)
    _show_phone_columns(roster)
    output.show(_summary(roster, written, dry_run=dry_run))
    if written is not None and written.name_kept:
        output.say(f"The event {event_id} keeps the name it has: {cell.visible(written.event.name)}.")
    output.say(f"The file was read as {roster.source}.", style="dim")


def _summary(roster: Roster, written: Written | None, *, dry_run: bool) -> str:
    guests = cell.count(len(roster.guests), "guest")
    if written is not None:
        done = written.imported
        first = f"{guests} imported: {done.new:,} new, {done.changed:,} changed, {done.same:,} as they were"
    elif dry_run:
        first = f"{guests} would be imported"
    else:
        first = "No guest was imported"
    left = [
        cell.count(number, *words)
        for number, words in (
            (len(roster.problems), ("problem",)),
            (len(roster.duplicates), ("duplicate",)),
            (len(roster.blank), ("blank row",)),
        )
        if number
    ]
    return f"{first}; {', '.join(left)}." if left else f"{first}."


def _show_problems(roster: Roster) -> None:
    from rich.text import Text

    if not roster.problems:
        return
    output.show("Rows that were not imported", style="bold red")
    table = output.table(
        "ROW",
        "COLUMN",
        "VALUE",
        "WHY",
        "WHAT TO DO",
        wrap=["WHY", "WHAT TO DO"],
        cut=["COLUMN"],
        right=["ROW"],
    )
    for problem in roster.problems[:SHOWN]:
        table.add_row(
            str(problem.row) if problem.row else "file",
            output.name(problem.column),
            output.name(problem.value),
            Text(problem.reason),
            Text(problem.suggestion),
        )
    output.out().print(table)
    _say_what_is_not_shown(len(roster.problems))
    output.show()


def _show_duplicates(roster: Roster) -> None:
    if not roster.duplicates:
        return
    output.show("Duplicates: the same number stands in an earlier row", style="bold yellow")
    table = output.table(
        "ROW", "NAME", "WRITTEN", "PHONE", "KEPT ROW", cut=["NAME"], right=["ROW", "KEPT ROW"]
    )
    for twin in roster.duplicates[:SHOWN]:
        table.add_row(
            str(twin.row), output.name(twin.name), output.name(twin.raw_phone), twin.phone, str(twin.kept_row)
        )
    output.out().print(table)
    _say_what_is_not_shown(len(roster.duplicates))
    output.show()


def _say_what_is_not_shown(there: int) -> None:
    if there > SHOWN:
        output.show(f"… and {there - SHOWN:,} more; --json lists every one.")


def _show_notes(roster: Roster) -> None:
    rows: dict[str, list[int]] = {}
    for guest in roster.guests:
        for warning in guest.warnings:
            rows.setdefault(warning, []).append(guest.row)
    for warning, where in rows.items():
        first = ", ".join(str(row) for row in where[:8]) + (", …" if len(where) > 8 else "")  # noqa: PLR2004 - what fits a line
        output.show(
            f"{cell.count(len(where), 'guest')} with a remark (row {first}): {warning}.", style="yellow"
        )


def _show_phone_columns(roster: Roster) -> None:
    """Which of several columns the numbers came from: the person with the list must be able to disagree."""
    columns = roster.phone_columns
    if columns is None:
        return
    first, *later = (
        cell.isolated(cell.visible(name), terminal=sys.stdout.isatty()) for name in columns.names
    )
    others = " and ".join(later)
    told = [f"The list has {len(columns.names)} columns of numbers; {first} was taken, not {others}."]
    if columns.filled_in:
        told.append(f"Where {first} has none ({cell.count(columns.filled_in, 'guest')}), the next one was.")
    if columns.left:
        told.append(
            f"{cell.count(columns.left, 'guest')} {'has' if columns.left == 1 else 'have'} another number there, which "
            "was left; it is kept among their further columns."
        )
    output.show(" ".join(told), style="yellow")


def _document(
    file: str, event_id: EventId, roster: Roster, written: Written | None, *, dry_run: bool
) -> dict[str, Any]:
    done = written.imported if written else None
    return {
        "event_id": event_id,
        "event_name": written.event.name if written else None,
        "file": file,
        "read_as": roster.source,
        "dry_run": dry_run,
        "rows": {
            "good": len(roster.guests),
            "problems": len(roster.problems),
            "duplicates": len(roster.duplicates),
            "blank": len(roster.blank),
            "headings": len(roster.headings),
        },
        "phone_columns": {
            "names": list(columns.names),
            "filled_in": columns.filled_in,
            "left": columns.left,
        }
        if (columns := roster.phone_columns)
        else None,
        "imported": {"new": done.new, "changed": done.changed, "same": done.same} if done else None,
        "problems": [
            {
                "row": problem.row,
                "column": problem.column,
                "value": problem.value,
                "kind": problem.kind.value,
                "reason": problem.reason,
                "suggestion": problem.suggestion,
            }
            for problem in roster.problems
        ],
        "duplicates": [
            {
                "row": twin.row,
                "name": twin.name,
                "value": twin.raw_phone,
                "phone": twin.phone,
                "kept_row": twin.kept_row,
            }
            for twin in roster.duplicates
        ],
        "remarks": [
            {"row": guest.row, "name": guest.name, "phone": guest.phone, "remarks": list(guest.warnings)}
            for guest in roster.guests
            if guest.warnings
        ],
    }
