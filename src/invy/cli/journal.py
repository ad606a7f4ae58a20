"""`invy journal`: the raw webhook bodies, what was read out of each, and reading all of them again."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from invy.cli.command import Command
from invy.cli.context import run
from invy.cli.exit_code import ExitCode
from invy.domain.difference import Left
from invy.domain.errors import InvalidInput

if TYPE_CHECKING:
    from invy.app.house import House
    from invy.app.proof import Proof

app = typer.Typer(help="Look at the raw webhooks, and read them again.", no_args_is_help=True)

SHOWN = 50


@app.command("list", cls=Command)
def list_(
    *,
    unparsed: Annotated[
        bool, typer.Option("--unparsed", help="Only those of which something could not be read.")
    ] = False,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Only those that tell of a message which is not known here.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="The newest N; 0 for all.")
    ] = SHOWN,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON document: entries[] of id, received_at, size, outcome, applied_at, note."
        ),
    ] = False,
) -> None:
    """List the webhooks that came, newest first."""

    async def work(house: "House") -> None:
        from invy.cli import journal_page
        from invy.domain.journal import Lines

        lines = house.journal.lines(Lines(unparsed=unparsed, orphans=orphans), limit)
        await journal_page.listing(lines, house.clock(), as_json=as_json)

    run(work)


@app.command(cls=Command)
def show(
    entry: Annotated[
        int, typer.Argument(metavar="ID", help="The entry's number, as in the list.", min=1, max=2**63 - 1)
    ],
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Only the body, byte for byte, with nothing masked.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, with nothing masked.")] = False,
) -> None:
    """Show one webhook: its body, and what is read out of it. Numbers, names and texts are masked."""
    if raw and as_json:
        raise InvalidInput("--raw and --json were both given.", hint="Keep one of the two.")

    async def work(house: "House") -> None:
        from invy.cli import journal_page

        await journal_page.show(house, entry, raw=raw, as_json=as_json)

    run(work)


@app.command(cls=Command)
def replay(
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only compare; works beside a running service. Exit 6 on a difference."),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One JSON document: differences[] of table, id, column, written, folded, mendable, left; replayed; count; left.",
        ),
    ] = False,
) -> None:
    """Build every message again from the raw webhooks and our send log, and write what differs.

    All of it is written or, when interrupted, nothing. Needs room on the disk of INVY_DATA_DIR.
    """
    done = run(lambda house: _replay(house, check=check, as_json=as_json))
    if not as_json:
        _conclude(done, check=check)
    if done.differences if check else done.left:
        raise typer.Exit(ExitCode.FINDINGS)


async def _replay(house: "House", *, check: bool, as_json: bool) -> "Proof":
    from contextlib import AsyncExitStack

    from invy.app import proof
    from invy.cli.difference_sheet import Sheet
    from invy.cli.long_work import LongWork

    async with AsyncExitStack() as stack:
        if not check:
            await stack.enter_async_context(house.workplace.alone(house.clock()))
        doing = stack.enter_context(LongWork("Replaying the journal"))
        sheet = Sheet(as_json=as_json)
        done = await proof.replay(
            house.database,
            house.settings.data_dir,
            mend=not check,
            clock=house.clock,
            found=sheet.found,
            progress=doing,
        )
    sheet.close(replayed=done.checked, count=done.differences, left=done.left)
    return done


_LEFT: Final = {
    Left.SENT_AGAIN: "by the evidence these messages were never sent, yet their rows say otherwise. Putting them back "
    "into the queue could send them twice.",
    Left.NO_SOURCE: "no webhook brought this evidence, so the journal cannot bring it again. What these messages' rows "
    "say was taken as given; what was lost is in a backup, if anywhere.",
    Left.REFUSED: "the database does not take these rows. Everything else has been written; please report it.",
}


def _conclude(done: "Proof", *, check: bool) -> None:
    from invy.cli import output
    from invy.cli.cell import count

    output.say(
        f"{count(done.checked, 'journal entry', 'journal entries')} replayed, "
        f"{count(done.differences, 'difference')}."
    )
    if not done.differences:
        return
    if check:
        output.say("To write what the journal says: stop the service, then invy journal replay")
    elif done.left:
        for reason, number in done.reasons.items():
            output.say(f"{count(number, 'difference')} not written: {_LEFT[reason]}")
    else:
        output.say("Everything that differed has been written.")
