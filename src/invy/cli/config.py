"""`invy config show`: every effective setting and where it comes from, secrets masked."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from invy.cli import cell, output
from invy.cli.context import settings

app = typer.Typer(help="What Invy is set to, and where each value comes from.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Keeps `show` a command of its own however few there are."""


@app.command()
def show(
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON document: settings[] of name, value, set, secret, origin, remark."
        ),
    ] = False,
) -> None:
    """Print every effective value with its origin. Secrets are only said to be set."""
    from invy.app.overview import rows

    table = rows(settings(), datetime.now(UTC).date())
    if as_json:
        document = [
            {
                "name": row.name,
                "value": row.value,
                "set": row.value is not None,
                "secret": row.secret,
                "origin": {"kind": row.origin.kind.value, "place": row.origin.place},
                "remark": row.remark or None,
            }
            for row in table
        ]
        output.json_document({"settings": document})
        return
    shown = output.table("SETTING", "VALUE", "FROM", wrap=["VALUE", "FROM"])
    shown.show_header = False
    for row in table:
        value = "(not set)" if row.value is None else row.value
        shown.add_row(Text(row.name), Text(cell.visible(value)), Text(cell.visible(str(row.origin))))
    output.out().print(shown)
    for row in table:
        if row.remark:
            typer.echo(f"{row.name}: {row.remark}", err=True)
