"""`invy guests`: a list from a file into the database, with every row accounted for; and the list as it stands."""

import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invy.cli import event as events
from invy.cli.command import Command
from invy.cli.context import log_quietly, run, settings
from invy.cli.exit_code import ExitCode
from invy.domain.errors import InvalidInput
from invy.domain.ids import event_id as as_event_id

if TYPE_CHECKING:
    from invy.app.house import House
    from invy.domain.guest import Guest

app = typer.Typer(help="Import and list the guests of an event.", no_args_is_help=True)

SHOWN = 200
"""Guests in a table unless --limit says otherwise."""


@app.command("import", cls=Command)
def import_(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="CSV, XLSX, ODS or vCard; - reads standard input.")
    ],
    event: Annotated[
        str, typer.Option("--event", metavar="EVENT", help="The event's id; it is made when new.")
    ],
    name: Annotated[str, typer.Option("--name", help="What to call a new event.")] = "",
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be imported; needs no database.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Import the good rows of a guest list and list every row that is not one, with the reason."""
    from invy.cli import guest_import

    event_id = as_event_id(event)
    found = settings()
    log_quietly(found)
    roster = guest_import.read(file, found.default_region)
    unusable = guest_import.unusable(roster)
    written = None
    if not dry_run and roster.guests:
        written = run(lambda house: guest_import.write(house, roster, event_id, name.strip()))
    guest_import.report(file, event_id, roster, written, dry_run=dry_run, as_json=as_json)
    if unusable:
        raise typer.Exit(ExitCode.USAGE)
    if roster.problems or roster.duplicates:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("list", cls=Command)
def list_(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id.")],
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help=f"At most so many; {SHOWN} in a table, else all."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, safe to open in a spreadsheet.")] = False,
) -> None:
    """List the guests of an event in the order in which they were imported."""
    if as_json and as_csv:
        raise InvalidInput("--json and --csv were both given.", hint="Keep one of the two.")

    async def work(house: "House") -> None:
        found = await events.known(house, event)
        if as_json:
            from invy.cli.output import json_list

            head = {"event_id": found.id, "event_name": found.name}
            await json_list("guests", _documents(_guests(house, found.id, limit)), head)
        elif as_csv:
            await _csv(_guests(house, found.id, limit), await _keys(house, found.id))
        else:
            await _table(house, found.id, limit or SHOWN)

    run(work)


async def _guests(house: "House", event_id: Any, limit: int | None) -> AsyncIterator["Guest"]:
    left = limit
    async for page in house.guests.pages(event_id):
        for guest in page:
            if left is not None:
                if not left:
                    return
                left -= 1
            yield guest


async def _documents(guests: AsyncIterator["Guest"]) -> AsyncIterator[Mapping[str, Any]]:
    from invy.cli.cell import utc

    async for guest in guests:
        yield {
            "id": guest.id,
            "name": guest.name,
            "phone": guest.phone,
            "params": dict(guest.params),
            "created_at": utc(guest.created_at),
        }


async def _keys(house: "House", event_id: Any) -> list[str]:
    """Every further column that any guest has, in the order in which they first appear."""
    keys: dict[str, None] = {}
    async for page in house.guests.pages(event_id):
        for guest in page:
            keys.update(dict.fromkeys(guest.params))
    return list(keys)


async def _csv(guests: AsyncIterator["Guest"], keys: list[str]) -> None:
    from invy.cli.cell import harmless
    from invy.cli.output import CsvFile

    file = CsvFile(["name", "phone", *(harmless(key) for key in keys), "guest_id"])
    async for guest in guests:
        file.write([guest.name, guest.phone, *(guest.params.get(key) for key in keys), guest.id])


async def _table(house: "House", event_id: Any, limit: int) -> None:
    from rich.text import Text

    from invy.cli import output
    from invy.cli.cell import count

    table = output.table(
        "NAME",
        "PHONE",
        "FURTHER COLUMNS",
        "ID",
        wrap=["FURTHER COLUMNS"],
        cut=["NAME"],
        spare=["FURTHER COLUMNS"],
    )
    shown = 0
    async for guest in _guests(house, event_id, limit):
        table.add_row(
            output.name(guest.name), Text(guest.phone), Text("; ".join(_further(guest))), Text(guest.id)
        )
        shown += 1
    output.out().print(table)
    total = await house.guests.count(event_id)
    more = "" if shown == total else f", {shown:,} of them shown; --limit {total} or --csv shows all"
    output.say(f"{count(total, 'guest')}{more}.")


def _further(guest: "Guest") -> Iterator[str]:
    from invy.cli.cell import isolated, shortened, visible

    for key, value in guest.params.items():
        yield isolated(f"{visible(key)}={shortened(visible(value))}", terminal=sys.stdout.isatty())
