"""`invy token`: make, list and revoke the tokens that the HTTP API asks for."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli import cell, context, output
from invy.domain.errors import InvalidInput

if TYPE_CHECKING:
    from invy.app.house import House
    from invy.store.tokens import Token

app = typer.Typer(help="Tokens for the HTTP API.", no_args_is_help=True)

_LONGEST = 100


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the token is for; you revoke it by this name.")],
) -> None:
    """Make a token and print it. It is shown this once: only its digest is kept."""
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST:
        raise InvalidInput(
            "The name of a token is a short line of visible text.", hint="For example: invy token create crm"
        )

    async def work(house: "House") -> str:
        return await house.tokens.create(house.new_id(), name, house.clock())

    token = context.run(work)
    typer.echo(f"The token {name!r} is on the next line. Keep it: it cannot be shown again.", err=True)
    sys.stdout.write(token + "\n")


@app.command("list")
def list_tokens(
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON document: tokens[] of name, created_at, last_used_at, revoked_at."
        ),
    ] = False,
) -> None:
    """The tokens there are, by name. None can be read back."""

    async def work(house: "House") -> "list[Token]":
        return await house.tokens.all()

    tokens = context.run(work)
    if as_json:
        rows = [
            {
                "name": token.name,
                "created_at": cell.utc(token.created_at),
                "last_used_at": cell.utc(token.last_used_at),
                "revoked_at": cell.utc(token.revoked_at),
            }
            for token in tokens
        ]
        output.json_document({"tokens": rows})
        return
    if not tokens:
        output.say("There are no tokens. Make one with: invy token create NAME")
        return
    zone = cell.zone_of(datetime.now(UTC))
    table = output.table("NAME", "STANDING", f"MADE ({zone})", "LAST USED", "REVOKED", cut=["NAME"])
    for token in tokens:
        standing = "revoked" if token.revoked_at else "usable"
        times = [cell.local(at, zone) for at in (token.created_at, token.last_used_at, token.revoked_at)]
        table.add_row(output.name(token.name), standing, *times)
    output.out().print(table)


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The name it was made with.")]) -> None:
    """End a token at once. Its name stays in the list and cannot be used again."""

    async def work(house: "House") -> None:
        await house.tokens.revoke(name, house.clock())

    context.run(work)
    typer.echo(f"The token {name!r} is revoked.", err=True)
