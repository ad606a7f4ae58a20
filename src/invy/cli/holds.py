"""`invy holds` and `invy resume`: what rests until someone has acted, and letting it go on."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from invy.cli.command import Command
from invy.cli.context import run
from invy.domain.hold import Scope

if TYPE_CHECKING:
    from invy.app.house import House

app = typer.Typer(help="Let a sender, a template or a campaign go on.", no_args_is_help=True)

LONGEST: Final = 80
"""Characters of a name that are repeated in an error."""


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
    run(lambda house: _resume(house, Scope.SENDER, house.sender_id if number_id is None else number_id))


@app.command(cls=Command)
def template(
    template_key: Annotated[
        str, typer.Argument(metavar="TEMPLATE_KEY", help="The entry in the template file.")
    ],
) -> None:
    """Let a template be sent again."""
    run(lambda house: _resume(house, Scope.TEMPLATE, template_key))


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
    """Raises NotFound when no such campaign was started; one that is not held goes on as it did."""
    from invy.cli import output
    from invy.cli.campaign_named import named

    found = await named(house, event, template_key)
    called = f"The campaign {found.event_id} {found.template_key}"
    if await house.holds.release(Scope.CAMPAIGN, found.id, house.clock()):
        await _tell_going_on(house, called)
    else:
        output.show(f"{called} was not held; it goes on as it did.")


async def _resume(house: "House", scope: Scope, name: str) -> None:
    """Raises NotFound when nothing of that name is held or ever was; the message says what is."""
    from invy.cli import cell, hold_words, output
    from invy.domain.errors import NotFound

    subject = name.strip()
    called = f"The {scope} {cell.visible(subject)[:LONGEST]}"
    active = await house.holds.active()
    by_meta = any(hold.code is not None and (hold.scope, hold.subject) == (scope, subject) for hold in active)
    if await house.holds.release(scope, subject, house.clock()):
        await _tell_going_on(house, called, renewed=by_meta and scope is Scope.SENDER)
        return
    ended = await house.holds.released_at(scope, subject)
    if ended is not None:  # somebody was quicker, or this is the same command once more
        ago = cell.duration(max(0.0, (house.clock() - ended).total_seconds()))
        output.show(f"{called} is not held: it was let go on {ago} ago.")
        return
    raise NotFound(
        f"{called} is not held.", hint=hold_words.choice(active, await house.campaign_store.all(), subject)
    )


async def _tell_going_on(house: "House", called: str, *, renewed: bool = False) -> None:
    """`renewed`: Meta's reason may be over because of new settings, which a running process does not know."""
    from invy.cli import output
    from invy.cli.departure import works

    output.show(f"{called} goes on.")
    working = await works(house)
    if renewed and working:
        output.say(
            "A service or worker that is running goes on with the settings it was started with: "
            "after a change of WHATSAPP_ACCESS_TOKEN start it again."
        )
    if await house.outbox.unfinished() and not working:
        output.say("No service is running: start `invy serve` or `invy worker` to send what waits.")
