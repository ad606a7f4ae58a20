"""What the demo shows: a bar per state while it runs, and at the end a table of guests with the reasons in words."""

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from invy.demo.ending import GuestRow
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


def guests(rows: Sequence[GuestRow]) -> Table:
    """Who got the invitation, when, and for those who did not: why not."""
    table = Table(title="Guests", title_justify="left", expand=False)
    table.add_column("Guest", overflow="fold", max_width=24)
    table.add_column("Number", no_wrap=True)
    table.add_column("State", no_wrap=True)
    for column in ("Sent", "Delivered", "Read"):
        table.add_column(column, no_wrap=True)
    table.add_column("Why not", overflow="fold")
    for row in rows:
        table.add_row(
            Text(f"{_FIRST_STRONG}{row.name}{_POP}"),
            row.phone,
            Text(row.state, style=_style(row.state)),
            row.sent_at.astimezone().strftime("%H:%M:%S") if row.sent_at else "",
            row.delivered_at.astimezone().strftime("%H:%M:%S") if row.delivered_at else "",
            row.read_at.astimezone().strftime("%H:%M:%S") if row.read_at else "",
            Text(row.reason),
        )
    return table


def _style(state: str) -> str:
    return _COLOURS[State(state)] if state in set(State) else "bright_black"
