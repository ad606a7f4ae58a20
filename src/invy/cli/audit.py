"""`invy audit`: is every message's written state what its stored evidence adds up to?"""

from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli.context import run
from invy.cli.exit_code import ExitCode

if TYPE_CHECKING:
    from invy.app.house import House
    from invy.app.proof import Proof


def audit(
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One JSON document: differences[] of table, id, column, written, folded, mendable, left; checked; count.",
        ),
    ] = False,
) -> None:
    """Compare every message with the fold of its evidence and show each difference. Exit 6 when there is one."""

    async def work(house: "House") -> "Proof":
        from invy.app import proof
        from invy.cli.difference_sheet import Sheet
        from invy.cli.long_work import LongWork

        sheet = Sheet(as_json=as_json)
        with LongWork("Auditing") as doing:
            done = await proof.audit(
                house.database, sheet.found, lambda checked: doing.now(f"{checked:,} messages audited")
            )
        sheet.close(checked=done.checked, count=done.differences)
        return done

    done = run(work)
    if not as_json:
        from invy.cli import output
        from invy.cli.cell import count

        output.say(f"{count(done.checked, 'message')} audited, {count(done.differences, 'difference')}.")
        if done.differences:
            output.say("Rebuild the rows from raw bytes with: invy journal replay")
    if done.differences:
        raise typer.Exit(ExitCode.FINDINGS)
