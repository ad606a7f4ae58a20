"""`invy status`: how far the invitations of an event have come, and who was not reached. The options only."""

from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli.context import run

if TYPE_CHECKING:
    from invy.app.house import House


def status(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id.")],
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON document: guests, templates[] with funnel, states and unreached[]."
        ),
    ] = False,
) -> None:
    """Show how far the invitations of an event have come: guests, queued, sent, delivered, read, answered."""

    async def work(house: "House") -> None:
        from invy.cli.funnel import show

        await show(house, event, as_json=as_json)

    run(work)
