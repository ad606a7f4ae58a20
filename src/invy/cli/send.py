"""`invy send`: one message to one number, seen off to Meta's answer, or as far as --wait says. The options only."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from invy.cli.context import run
from invy.cli.exit_code import ExitCode

PATIENCE_S: Final = 25.0
"""How long to stand by for Meta's answer when neither --wait nor --timeout says."""

WAIT_S: Final = 60.0


class Goal(StrEnum):
    """How far --wait waits."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"


def send(
    template_key: Annotated[
        str, typer.Argument(metavar="TEMPLATE_KEY", help="The entry in the template file.")
    ],
    phone: Annotated[str, typer.Argument(metavar="PHONE", help="The number, in any form.")],
    *,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="Fills the template; once for each parameter."),
    ] = None,
    event_id: Annotated[
        str | None, typer.Option("--event-id", help="The event; fills the template too.")
    ] = None,
    guest_id: Annotated[
        str | None, typer.Option("--guest-id", help="The guest; fills the template too.")
    ] = None,
    wait: Annotated[
        Goal | None,
        typer.Option("--wait", help="Stay until it is that far; delivered and read need a running service."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=0,
            help=f"How long to stay at most: {WAIT_S:g} with --wait, else {PATIENCE_S:g}.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the exact JSON that would be posted; nothing is sent.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Send although the guest has stopped marketing messages.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document: the message.")] = False,
) -> None:
    """Send one message to one number, and say what Meta answered."""
    from invy.cli import parameters
    from invy.cli.single import Single, show_request

    order = Single(
        template_key=template_key,
        phone=phone,
        params=parameters.read(param),
        event_id=event_id,
        guest_id=guest_id,
        wait=wait,
        stay_s=timeout if timeout is not None else WAIT_S if wait else PATIENCE_S,
        force=force,
        as_json=as_json,
    )
    if dry_run:
        show_request(order)
        return
    code = run(order.carry_out)
    if code is not ExitCode.OK:
        raise typer.Exit(code)
