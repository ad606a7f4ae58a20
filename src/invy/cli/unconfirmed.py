"""`invy unconfirmed`: messages of which nobody knows whether Meta took them; a person decides, never a program."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from invy.cli.command import Command
from invy.cli.context import run
from invy.domain.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from invy.app.house import House
    from invy.domain.doubt import Doubt

app = typer.Typer(help="Messages of unknown outcome: look at the evidence, decide, send again.")

GRACE: Final = "10m"


@app.callback(invoke_without_command=True)
def unconfirmed(
    context: typer.Context,
    *,
    older_than: Annotated[
        str,
        typer.Option("--older-than", metavar="AGE", help="Unconfirmed for at least so long: 10m, 2h, 1d."),
    ] = GRACE,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One JSON document: unconfirmed[] of messages with evidence[], resent_as and heard_since.",
        ),
    ] = False,
) -> None:
    """List the messages that stay unconfirmed, with what is known about each."""
    if context.invoked_subcommand is not None:
        return

    async def work(house: "House") -> None:
        from invy.cli import age

        grace = age.read(older_than, "--older-than")
        await let_go(house)
        found = _each(house, grace)
        if as_json:
            from invy.cli.output import json_list

            await json_list("unconfirmed", _documents(found, await house.journal.last_heard()), {})
        else:
            await _show(house, found)

    run(work)


One = Annotated[str | None, typer.Argument(metavar="[ID]", help="Our id of the message.")]
OfEvent = Annotated[
    str | None, typer.Option("--event", metavar="EVENT", help="Instead of an ID: all of this event.")
]


@app.command(cls=Command)
def settle(
    name: One = None,
    *,
    event: OfEvent = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="AGE", help=f"Instead of an ID: all unconfirmed for so long; {GRACE}."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With many: do not ask whether to go on.")] = False,
    sent: Annotated[bool, typer.Option("--sent", help="The guest has it.")] = False,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="The guest does not have it.")] = False,
    note: Annotated[str, typer.Option("--note", help="How you know.")] = "",
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who decides; your user name if left out.")
    ] = "",
) -> None:
    """Say what you found out about an unconfirmed message, or about many. A later report of Meta's still outranks it."""
    if sent == not_sent:
        raise InvalidInput("Say one of --sent and --not-sent.", hint="Ask the guest whether it came.")
    if name is None:
        from invy.cli.unconfirmed_many import Many, settle_many

        settle_many(Many.of(event, older_than, yes=yes), not_sent=not_sent, note=note, by=by)
        return
    _alone(event, older_than)

    async def work(house: "House") -> None:
        from invy.cli import output, person
        from invy.domain.evidence import Decision

        await let_go(house)
        decision = Decision.SENT if sent else Decision.NOT_SENT
        message = await house.settling.settle(
            name.strip(), decision, by=person.named(by), note=note.strip() or None
        )
        output.show(f"Message {message.id} is settled: {message.state}.")
        if not_sent:
            output.say(f"To send it again: invy unconfirmed resend {message.id}")

    run(work)


@app.command(cls=Command)
def resend(
    name: One = None,
    *,
    event: OfEvent = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than",
            metavar="AGE",
            help="Instead of an ID: all whose outcome was unknown so long ago.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With many: do not ask whether to go on.")] = False,
    twice: Annotated[
        bool,
        typer.Option(
            "--yes-it-may-arrive-twice", help="Although nobody knows whether the first one arrived."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Although the guest has stopped marketing messages.")
    ] = False,
) -> None:
    """Send a message again, as a new one, once it is settled as not sent; or many."""
    if name is None:
        from invy.cli.unconfirmed_many import Many, resend_many

        # What a person has settled waits for nothing more; only what is still unconfirmed may settle itself.
        many = Many.of(event, older_than, yes=yes, grace=GRACE if twice else "0m")
        resend_many(many, twice=twice, force=force)
        return
    _alone(event, older_than)

    async def work(house: "House") -> None:
        from invy.cli import output
        from invy.cli.departure import works

        await let_go(house)
        draft = await house.settling.resend(name.strip(), may_arrive_twice=twice, force=force)
        output.show(f"Message {draft.id} is in the outbox; it sends {draft.retry_of} again.")
        if not await works(house):
            output.say("No service is running: start `invy serve` or `invy worker` to send it.")

    run(work)


def _alone(event: str | None, older_than: str | None) -> None:
    if event is not None or older_than is not None:
        raise InvalidInput("An ID stands alone.", hint="Leave out --event and --older-than, or the ID.")


async def let_go(house: "House") -> None:
    """What a process that died had in the air is unconfirmed too; nobody else may be there to say so."""
    while await house.outbox.expire(house.clock()):
        continue


async def _each(house: "House", grace: Any) -> "AsyncIterator[Doubt]":
    async for page in house.settling.unconfirmed(grace):
        for doubt in page:
            yield doubt


async def _documents(
    found: "AsyncIterator[Doubt]", last_heard: "datetime | None"
) -> AsyncIterator[dict[str, Any]]:
    from invy.cli import message_words

    async for doubt in found:
        yield message_words.document(doubt.message) | {
            "resent_as": doubt.resent_as,
            "heard_since": _heard_since(doubt, last_heard),
            "evidence": message_words.evidence(doubt.evidence),
        }


def _heard_since(doubt: "Doubt", last_heard: "datetime | None") -> bool:
    """Whether any webhook came after this message left: then the way back to us was open, and its silence says more."""
    left = doubt.message.folded.unsure_at
    return left is not None and last_heard is not None and last_heard > left


def say_none(sentence: str, younger: int, how: str) -> None:
    """That there are none, or none for so long, and how to come to those that are younger."""
    from invy.cli import cell, output

    output.show(sentence + (" for so long." if younger else "."))
    if younger:
        output.say(
            f"{cell.count(younger, 'message')} not for so long yet: a report may still settle them by itself. {how}"
        )


async def _show(house: "House", found: "AsyncIterator[Doubt]") -> None:
    from invy.cli import cell, output
    from invy.cli.evidence_words import what

    zone, last_heard, shown = cell.zone_of(house.clock()), await house.journal.last_heard(), 0
    async for doubt in found:
        shown += 1
        message = doubt.message
        about = f", event {cell.visible(message.event_id)}" if message.event_id else ""
        output.show(f"{message.id}  to {message.to}, {message.template_key}{about}", style="bold")
        for heard_at, known in doubt.evidence:
            output.show(f"  {cell.local(heard_at, zone)}  {'; '.join(what(known))}")
        output.show(
            "  Other webhooks have come since, and none about this message."
            if _heard_since(doubt, last_heard)
            else "  No webhook at all has come since: perhaps none can reach us. Try: invy doctor"
        )
        if doubt.resent_as:
            output.show(f"  It has been sent again as {doubt.resent_as}.")
    if not shown:
        younger = len(await house.settling.undecided(None, timedelta(0)))
        say_none("No message is unconfirmed", younger, "To see them: invy unconfirmed --older-than 0m")
        return
    output.say(
        f"{cell.count(shown, 'message')}, times in {zone}. Ask the guest, then: "
        "invy unconfirmed settle ID --sent, or --not-sent"
    )
