"""What the demo shows: a bar per state while it runs, and at the end a table of guests with the reasons in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from invy.demo.ending import NOT_INVITED, GuestRow
from invy.domain.state import State

_COLOURS = {
    State.QUEUED: "white",
    State.SENDING: "white",
    State.UNCONFIRMED: "magenta",
    State.SENT: "yellow",
    State.DELIVERED: "cyan",
    State.READ: "green",
    State.FAILED: "red",
}
_ALWAYS = (State.QUEUED, State.SENT, State.DELIVERED, State.READ, State.FAILED)
_BAR = 40

# Names in Hebrew and Arabic stand among Latin columns: an isolate keeps each from pulling its neighbours along.
_FIRST_STRONG, _POP = "\u2068", "\u2069"


def bars(counts: Mapping[State, int]) -> Group:
    """One bar per state, each as long as its share of all messages."""
    total = sum(counts.values()) or 1
    grid = Table.grid(padding=(0, 2))
    for state in State:
        if state in _ALWAYS or counts[state]:
            grid.add_row(
                Text(state.value, style=_COLOURS[state]),
                ProgressBar(
                    total=total,
                    completed=counts[state],
                    width=_BAR,
                    complete_style=_COLOURS[state],
                    finished_style=_COLOURS[state],
                ),
                Text(str(counts[state]), justify="right"),
            )
    return Group(grid)


def guests(rows: Sequence[GuestRow]) -> Group:
    """Who got the invitation and when; below, everyone who did not, with the reason in words."""
    table = Table(title="Guests", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Guest", no_wrap=True, overflow="ellipsis", min_width=12, max_width=20)
    table.add_column("Number", no_wrap=True, min_width=13)
    for column in ("State", "Sent", "Delivered", "Read"):
        table.add_column(column, no_wrap=True)
    invited = [row for row in rows if row.state != NOT_INVITED]
    for row in invited:
        moments = (_clock(row.sent_at), _clock(row.delivered_at), _clock(row.read_at))
        table.add_row(_name(row), row.phone, Text(row.state, style=_COLOURS[State(row.state)]), *moments)
    return Group(table, _unreached([row for row in rows if row.reason]))


def _unreached(rows: Sequence[GuestRow]) -> Table:
    table = Table(
        title="Not reached, and why", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), expand=True
    )
    table.add_column("Guest", overflow="fold", ratio=2)
    table.add_column("Number", overflow="fold", min_width=14, ratio=2)
    table.add_column("State", no_wrap=True, min_width=11)
    table.add_column("Why", overflow="fold", ratio=6)
    for row in rows:
        style = _COLOURS[State(row.state)] if row.state != NOT_INVITED else "bright_black"
        table.add_row(_name(row), Text(row.phone), Text(row.state, style=style), Text(row.reason))
    return table


def _name(row: GuestRow) -> Text:
    return Text(f"{_FIRST_STRONG}{row.name}{_POP}")


def _clock(moment: datetime | None) -> str:
    """Local time of day: whoever looks at the screen is here."""
    return moment.astimezone().strftime("%H:%M:%S") if moment else ""
