"""`invy token`: make, list and revoke the tokens that the HTTP API asks for."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli import context
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
                "created_at": token.created_at.isoformat(),
                "last_used_at": token.last_used_at.isoformat() if token.last_used_at else None,
                "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
            }
            for token in tokens
        ]
        sys.stdout.write(json.dumps({"tokens": rows}, ensure_ascii=False, indent=2) + "\n")
        return
    if not tokens:
        typer.echo("There are no tokens. Make one with: invy token create NAME", err=True)
    for token in tokens:
        standing = f"revoked {token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else "usable"
        used = f"last used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
        typer.echo(f"{token.name}  {standing}, {used} (UTC), made {token.created_at:%Y-%m-%d %H:%M}")


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The name it was made with.")]) -> None:
    """End a token at once. Its name stays in the list and cannot be used again."""

    async def work(house: "House") -> None:
        await house.tokens.revoke(name, house.clock())

    context.run(work)
    typer.echo(f"The token {name!r} is revoked.", err=True)
