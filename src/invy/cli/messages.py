"""`invy messages` and `invy message`: the list, and one with everything known about it. The options only."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from invy.cli.context import run
from invy.domain.errors import InvalidInput
from invy.domain.state import State

if TYPE_CHECKING:
    from invy.app.house import House

LIMIT: Final = 100


def messages(
    *,
    event: Annotated[str | None, typer.Option("--event", metavar="EVENT", help="Only of this event.")] = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATE", help="Only in this state; several with commas or again."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="Only made since: 30m, 2h, 3d, or 2026-11-01."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="PHONE", help="Only to this number, in any form.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="The newest N; 0 for all.")
    ] = LIMIT,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document: messages[] as in the HTTP API.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, safe to open in a spreadsheet.")] = False,
) -> None:
    """List messages, newest first."""
    from invy.cli.message_list import Wanted, show

    if as_json and as_csv:
        raise InvalidInput("--json and --csv were both given.", hint="Keep one of the two.")
    wanted = Wanted(event, states(status), since, to, limit)
    run(lambda house: show(house, wanted, as_json=as_json, as_csv=as_csv))


def message(
    name: Annotated[str, typer.Argument(metavar="ID", help="Our id, or Meta's wamid.")],
    *,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON document: the message with evidence[], as in the HTTP API."),
    ] = False,
) -> None:
    """Show one message: how it stands, why, and all the evidence in the order of time."""

    async def work(house: "House") -> None:
        from invy.cli.message_page import show

        await show(house, name.strip(), as_json=as_json)

    run(work)


def states(given: list[str] | None) -> frozenset[State]:
    """The states named.

    Raises:
        InvalidInput: one of them does not exist.
    """
    words = [word.strip().lower() for text in given or () for word in text.split(",")]
    known = {state.value: state for state in State}
    for word in words:
        if word not in known:
            raise InvalidInput(f"There is no state {word!r}.", hint=f"The states are: {', '.join(known)}.")
    return frozenset(known[word] for word in words)
