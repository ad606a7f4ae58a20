"""`invy backup` and `invy restore`: the whole database into one file and back, on either database."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli.context import log_quietly, run, settings
from invy.cli.exit_code import ExitCode
from invy.domain.errors import InvalidInput

if TYPE_CHECKING:
    from invy.app.house import House
    from invy.app.recovery import Recovered
    from invy.app.settings import Settings
    from invy.cli.difference_sheet import Sheet
    from invy.cli.long_work import LongWork
    from invy.store.backup import Made


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    *,
    portable: Annotated[
        bool, typer.Option("--portable", help="From SQLite too, an archive instead of a database file.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON document: file, kind, bytes, revision, rows by table."),
    ] = False,
) -> None:
    """Write a backup of everything, as it stands at this moment. A running service is not disturbed."""

    async def work(house: "House") -> "Made":
        from importlib.metadata import version

        from invy.cli.long_work import LongWork
        from invy.store.backup import make

        with LongWork("Backing up") as doing:
            return await make(
                house.database,
                file,
                portable=portable,
                overwrite=force,
                now=house.clock(),
                made_by=f"invy {version('invy')}",
                progress=lambda table, rows: doing.now(f"{table}: {rows:,}"),
            )

    _tell(run(work), as_json=as_json)


def _tell(made: "Made", *, as_json: bool) -> None:
    from invy.cli import cell, output

    if as_json:
        output.json_document(
            {
                "file": str(made.file),
                "kind": "archive" if made.portable else "sqlite",
                "bytes": made.size,
                "revision": made.revision,
                "rows": made.rows,
            }
        )
        return
    output.show(
        f"{made.file}: {cell.count(made.rows['whatsapp_messages'], 'message')}, "
        f"{cell.count(made.rows['journal'], 'webhook')}, {made.size:,} bytes"
    )
    output.say(
        f"It holds names, numbers and texts of guests: keep it safe. Try it: invy restore {made.file} --dry-run"
    )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup made by invy backup.")],
    *,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="First prove it in a throw-away database: audit, and replay of the journal."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only prove it; the database is left alone.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace everything in a database that is not empty.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON document: differences[] of the proof, count, restored, rows."),
    ] = False,
) -> None:
    """Put a backup into the configured database, which must be empty. All of it is written, or nothing."""
    found = settings()
    log_quietly(found)
    from invy.cli.difference_sheet import Sheet
    from invy.cli.long_work import LongWork

    sheet = Sheet(as_json=as_json)
    with LongWork("Reading the backup") as doing:
        done = asyncio.run(
            _recover(found, file, sheet, doing, prove=verify or dry_run, write=not dry_run, force=force)
        )
    sheet.close(count=done.differences, restored=done.written, rows=done.rows, held=done.held)
    if not as_json:
        _tell_recovered(done, file, dry_run=dry_run)
    if done.differences:
        raise typer.Exit(ExitCode.FINDINGS)


async def _recover(
    found: "Settings",
    file: Path,
    sheet: "Sheet",
    doing: "LongWork",
    *,
    prove: bool,
    write: bool,
    force: bool,
) -> "Recovered":
    from invy.app.house import utc_now
    from invy.app.recovery import recover
    from invy.store.database import Database

    database = Database.open(found.database_url) if write else None
    try:
        if database is not None and database.sqlite_file is not None:
            await asyncio.to_thread(_refuse_itself, file, database.sqlite_file)
        return await recover(
            database,
            file,
            folder=found.data_dir,
            prove=prove,
            force=force,
            clock=utc_now,
            found=sheet.found,
            watching=doing,
        )
    finally:
        if database is not None:
            await database.close()


def _refuse_itself(file: Path, configured: Path) -> None:
    try:
        itself = file.samefile(configured)
    except OSError:  # one of them is not there, or no file can be called that: whoever reads it says so
        return
    if itself:
        raise InvalidInput(f"{file} is the configured database itself.", hint="Give a backup of it.")


def _tell_recovered(done: "Recovered", file: Path, *, dry_run: bool) -> None:
    from invy.cli import cell, output

    inside = f"{cell.count(done.rows['whatsapp_messages'], 'message')}, {cell.count(done.rows['journal'], 'webhook')}"
    if done.differences:
        output.say(
            f"{file} holds {inside}, and {cell.count(done.differences, 'difference')} between its messages and their "
            "evidence. Nothing was written. Without --verify it can be restored as it is; then: invy journal replay"
        )
        return
    if dry_run:
        output.show(f"{file} is whole: {inside}; every message equals its evidence and its replay.")
        return
    output.show(f"Restored from {file}: {inside}.")
    for sender in done.held:
        output.say(
            f"The sender {sender} is held: messages that wait in the backup may have been sent after it was made. "
            f"Look at them with invy messages --status queued, then: invy resume sender {sender}"
        )
