"""`invy why`: why a message did or did not arrive. The options only."""

from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli.context import run
from invy.meta.catalogue_row import Lang

if TYPE_CHECKING:
    from invy.app.house import House


def why(
    name: Annotated[
        str,
        typer.Argument(
            metavar="MESSAGE|PHONE|GUEST",
            help="Meta's wamid, our id, a number in any form, or a guest's id: their newest message.",
        ),
    ],
    *,
    lang: Annotated[Lang, typer.Option("--lang", help="The language to explain in.")] = Lang.EN,
    look: Annotated[
        bool, typer.Option("--look", help="Also fetch the picture of the message, as Meta would.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON document: message, verdict, evidence[], as in the HTTP API."),
    ] = False,
) -> None:
    """Explain where a message is and why: how sure that is, what it rests on, what to do, whether to send again."""

    async def work(house: "House") -> None:
        from invy.cli.why_page import show

        await show(house, name.strip(), lang=lang, look=look, as_json=as_json)

    run(work)
