"""`invy cancel` and `invy campaign cancel`: queued messages out of the outbox. What has left is never called back."""

from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli.context import run

if TYPE_CHECKING:
    from invy.app.house import House


def cancel(
    name: Annotated[str, typer.Argument(metavar="ID", help="Our id of the message.")],
    *,
    note: Annotated[str, typer.Option("--note", help="Why; kept with the message.")] = "",
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who decides; your user name if left out.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document: the message as in the HTTP API.")
    ] = False,
) -> None:
    """Take one queued message out of the outbox, so that it is never sent."""

    async def work(house: "House") -> None:
        from invy.cli import output, person
        from invy.cli.message_words import document

        message = await house.cancelling.message(name.strip(), by=person.named(by), note=note.strip() or None)
        if as_json:
            output.json_document(document(message))
        else:
            output.show(f"Message {message.id} to {message.to} is cancelled; it was never sent.")

    run(work)


async def cancel_campaign(
    house: "House", event: str, template_key: str, *, by: str, note: str, dry_run: bool, as_json: bool
) -> None:
    """Raises NotFound when no such campaign was started."""
    from invy.cli import cell, output, person
    from invy.cli.campaign_named import named
    from invy.domain.state import State
    from invy.store.overview import Filter

    campaign = await named(house, event, template_key)
    which = Filter(campaign_id=campaign.id)
    if dry_run:
        cancelled = (await house.overview.counts(which))[State.QUEUED]
    else:
        cancelled = await house.cancelling.campaign(
            campaign.id, by=person.named(by), note=note.strip() or None
        )
    counts = await house.overview.counts(which)
    if as_json:
        output.json_document(
            {
                "event_id": campaign.event_id,
                "template_key": campaign.template_key,
                "campaign_id": campaign.id,
                "dry_run": dry_run,
                "cancelled": cancelled,
                "counts": {state.value: number for state, number in counts.items()},
            }
        )
        return
    would = "would be" if dry_run else "is" if cancelled == 1 else "are"
    if cancelled:
        output.show(f"{cell.count(cancelled, 'queued message')} {would} cancelled.")
    else:
        output.show(f"Nothing of the campaign {campaign.event_id} {campaign.template_key} is queued.")
    if leaving := counts[State.SENDING]:
        verbs = "is leaving right now and is" if leaving == 1 else "are leaving right now and are"
        output.say(f"{cell.count(leaving, 'message')} {verbs} not called back.")
    if cancelled and not dry_run:
        output.say(
            "What has left is not called back. These guests count as not invited: invy campaign send invites them."
        )
