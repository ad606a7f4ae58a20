"""`invy status`: how far the invitations of an event have come, and who was not reached. The options only."""

from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli.context import run
from invy.domain.errors import InvalidInput
from invy.meta.catalogue_row import Lang

if TYPE_CHECKING:
    from invy.app.house import House


def status(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id.")],
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One JSON document: guests, templates[] with funnel, unreached[] and verdicts[].",
        ),
    ] = False,
    lang: Annotated[Lang, typer.Option("--lang", help="The language of the verdicts.")] = Lang.EN,
    export: Annotated[
        str | None,
        typer.Option(
            "--export",
            metavar="FILE",
            help="Write the guests to phone instead to this CSV file, and nothing else; - for standard output.",
        ),
    ] = None,
) -> None:
    """Show how far the invitations of an event have come, and why the others were not reached."""
    if export is not None and as_json:
        raise InvalidInput("--json and --export were both given.", hint="Keep one of the two.")

    async def work(house: "House") -> None:
        from invy.cli.funnel import phone_list, show

        if export is not None:
            await phone_list(house, event, export, lang=lang)
        else:
            await show(house, event, lang=lang, as_json=as_json)

    run(work)
