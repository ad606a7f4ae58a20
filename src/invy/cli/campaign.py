"""`invy campaign`: one template to every guest of an event; and holding it. The options only."""

import shlex
from typing import TYPE_CHECKING, Annotated, Final

import typer

from invy.cli.command import Command
from invy.cli.context import run
from invy.cli.exit_code import ExitCode

if TYPE_CHECKING:
    from invy.app.house import House

app = typer.Typer(help="Send a template to every guest of an event.", no_args_is_help=True)

WAIT_S: Final = 300.0

EventName = Annotated[str, typer.Argument(metavar="EVENT", help="The event's id.")]
TemplateName = Annotated[str, typer.Argument(metavar="TEMPLATE_KEY", help="The entry in the template file.")]


@app.command(cls=Command)
def send(
    event: EventName,
    template_key: TemplateName,
    *,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            metavar="NAME=VALUE",
            help="The same for every guest whose own column does not say otherwise.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say who would get what; write and send nothing.")
    ] = False,
    first: Annotated[
        int, typer.Option("--show", metavar="N", min=0, help="With --dry-run: the exact JSON of the first N.")
    ] = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Include guests who have stopped marketing messages.")
    ] = False,
    again: Annotated[
        list[int] | None,
        typer.Option(
            "--again",
            metavar="CODE",
            help="Also those to whom Meta could not deliver with this code, once its cause is mended; may be given often.",
        ),
    ] = None,
    no_preflight: Annotated[
        bool,
        typer.Option("--no-preflight", help="Do not compare the template with what Meta has now."),
    ] = False,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait", help="Stay until every message is delivered, read or failed; needs a running service."
        ),
    ] = False,
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", min=0, help="How long --wait stays after sending."),
    ] = WAIT_S,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Invite every guest of an event, each at most once however often this is run."""
    from invy.cli import parameters
    from invy.cli.campaign_run import CampaignRun

    order = CampaignRun(
        event=event,
        template_key=template_key,
        params=parameters.read(param),
        first=first,
        force=force,
        again=tuple(again or ()),
        preflight=not no_preflight,
        wait_s=timeout if wait else None,
        as_json=as_json,
    )
    code = run(order.rehearse if dry_run else order.carry_out)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


@app.command(cls=Command)
def hold(
    event: EventName,
    template_key: TemplateName,
    reason: Annotated[str, typer.Option("--reason", help="For whoever looks at it later.")] = "held by hand",
) -> None:
    """Let nothing more of a campaign leave until it is resumed. What has left is not called back."""

    async def work(house: "House") -> None:
        from invy.cli import cell, hold_words, output
        from invy.cli.campaign_named import named
        from invy.domain.hold import Hold, Scope

        found = await named(house, event, template_key)
        for there in await house.holds.active():
            if there.scope is Scope.CAMPAIGN and there.subject == found.id:
                since = cell.local(there.since, cell.zone_of(house.clock()))
                output.show(
                    f"The campaign {found.event_id} {found.template_key} is held already, since {since}: "
                    f"{hold_words.reason(there)}."
                )
                return
        await house.holds.place(
            Hold(Scope.CAMPAIGN, found.id, reason.strip() or "held by hand", house.clock())
        )
        output.show(f"The campaign {found.event_id} {found.template_key} is held.")
        output.say(f"To go on: invy campaign resume {shlex.join([found.event_id, found.template_key])}")

    run(work)


@app.command(cls=Command)
def resume(event: EventName, template_key: TemplateName) -> None:
    """Let a held campaign go on."""
    from invy.cli.holds import resume_campaign

    run(lambda house: resume_campaign(house, event, template_key))


@app.command(cls=Command)
def cancel(
    event: EventName,
    template_key: TemplateName,
    *,
    note: Annotated[str, typer.Option("--note", help="Why; kept with every message.")] = "",
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who decides; your user name if left out.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many would be cancelled.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document: cancelled, and counts per state.")
    ] = False,
) -> None:
    """Take what is still queued of a campaign out of the outbox for good. What has left is not called back."""
    from invy.cli.cancel import cancel_campaign

    run(
        lambda house: cancel_campaign(
            house, event, template_key, by=by, note=note, dry_run=dry_run, as_json=as_json
        )
    )
