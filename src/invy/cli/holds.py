"""`invy holds` and `invy resume`: what rests until someone has acted, and letting it go on."""

from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli.command import Command
from invy.cli.context import run
from invy.domain.hold import Scope

if TYPE_CHECKING:
    from invy.app.house import House

app = typer.Typer(help="Let a sender, a template or a campaign go on.", no_args_is_help=True)


def holds(
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON document: holds[] of scope, subject, code, reason, since, resume."
        ),
    ] = False,
) -> None:
    """Show what rests until someone has acted, why, and the command that lets it go on."""

    async def work(house: "House") -> None:
        from invy.cli import cell, hold_words, output

        found = await house.holds.active()
        campaigns = hold_words.by_id(await house.campaign_store.all())
        if as_json:
            output.json_document({"holds": [hold_words.document(hold, campaigns) for hold in found]})
            return
        if not found:
            output.show("Nothing is held.")
            return
        from rich.text import Text

        zone = cell.zone_of(house.clock())
        table = output.table(f"SINCE ({zone})", "WHAT", "WHICH", "WHY", "TO GO ON", wrap=["WHY"])
        for hold in found:
            code = "" if hold.code is None else f"{hold.code}: "
            table.add_row(
                cell.local(hold.since, zone),
                hold.scope.value,
                output.name(hold_words.subject(hold, campaigns)),
                Text(code + cell.visible(hold.reason)),
                Text(hold_words.ending(hold, campaigns)),
            )
        output.out().print(table)
        if any(hold.code is not None for hold in found):
            output.say("What a code means and what to do about it first: invy explain CODE")

    run(work)


@app.command(cls=Command)
def sender(
    number_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="The phone_number_id; the one in the settings if left out."),
    ] = None,
) -> None:
    """Let a business phone number send again, once what stopped it has been put right."""

    async def work(house: "House") -> None:
        await _release(
            house, Scope.SENDER, number_id or house.sender_id, f"The sender {number_id or ''}".strip()
        )

    run(work)


@app.command(cls=Command)
def template(
    template_key: Annotated[
        str, typer.Argument(metavar="TEMPLATE_KEY", help="The entry in the template file.")
    ],
) -> None:
    """Let a template be sent again."""

    async def work(house: "House") -> None:
        await _release(house, Scope.TEMPLATE, template_key, f"The template {template_key}")

    run(work)


@app.command(cls=Command)
def campaign(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id.")],
    template_key: Annotated[
        str, typer.Argument(metavar="TEMPLATE_KEY", help="The entry in the template file.")
    ],
) -> None:
    """Let a campaign go on; the same as `invy campaign resume`."""
    run(lambda house: resume_campaign(house, event, template_key))


async def resume_campaign(house: "House", event: str, template_key: str) -> None:
    from invy.cli.campaign_named import named

    found = await named(house, event, template_key)
    await _release(house, Scope.CAMPAIGN, found.id, f"The campaign {found.event_id} {found.template_key}")


async def _release(house: "House", scope: Scope, subject: str, called: str) -> None:
    from invy.cli import output
    from invy.cli.departure import works

    if not await house.holds.release(scope, subject, house.clock()):
        output.show(f"{called} was not held.")
        return
    output.show(f"{called} goes on.")
    if await house.outbox.unfinished() and not await works(house):
        output.say("No service is running: start `invy serve` or `invy worker` to send what waits.")
