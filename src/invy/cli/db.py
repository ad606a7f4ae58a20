"""`invy db`: the shape of the database, looked at and brought up to date."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from invy.cli import context, output
from invy.domain.errors import SchemaBehind

if TYPE_CHECKING:
    from invy.store.database import Database
    from invy.store.schema import SchemaState

T = TypeVar("T")

app = typer.Typer(help="Bring the database up to date.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database to the shape that this version of Invy needs; nothing is done when it is there already."""
    from invy.store import schema

    async def work(database: "Database") -> "tuple[SchemaState, SchemaState]":
        return await schema.state(database), await schema.upgrade(database)

    before, after = _on_database(work)
    if before.up_to_date:
        typer.echo(f"The database is up to date (revision {after.current}).", err=True)
    else:
        came = f"from {before.current}" if before.current else "new and empty before"
        typer.echo(f"The database is now at revision {after.current} ({came}).", err=True)


@app.command()
def current(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document: current, head, up_to_date.")
    ] = False,
) -> None:
    """Where the database stands. Exit 3 when it needs `invy db upgrade`."""
    from invy.store import schema

    async def work(database: "Database") -> "tuple[SchemaState, SchemaBehind | None]":
        try:
            await schema.require_current(database)
        except SchemaBehind as behind:
            return await schema.state(database), behind
        return await schema.state(database), None

    found, behind = _on_database(work)
    if as_json:
        document = {"current": found.current, "head": found.head, "up_to_date": found.up_to_date}
        output.json_document(document)
    else:
        typer.echo(f"{found.current} (up to date)" if found.up_to_date else found.current or "(empty)")
    if behind is not None:
        raise behind  # ends with exit 3 and the command that mends it


def _on_database(work: Callable[["Database"], Awaitable[T]]) -> T:
    """Without opening the house, which refuses a database that is behind."""
    from invy.store.database import Database

    settings = context.settings()
    context.log_quietly(settings)

    async def inside() -> T:
        database = Database.open(settings.database_url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(inside())
