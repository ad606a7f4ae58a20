"""`invy reconcile`: ask Meta's message history about messages that look stuck."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from invy.cli.context import run
from invy.domain.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from invy.app.house import House
    from invy.domain.silence import Learnt, Stuck
    from invy.engine.reconcile import Asked

OLDER_THAN: Final = "1h"
LIMIT: Final = 60


def reconcile(
    *,
    event: Annotated[str | None, typer.Option("--event", metavar="EVENT", help="Only of this event.")] = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="AGE", help=f"Sent at least so long ago: 30m, {OLDER_THAN}, 2d."
        ),
    ] = None,
    wamid: Annotated[
        str | None, typer.Option("--wamid", metavar="WAMID", help="Only this message, whatever its state.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=100, help="At most N; one a second is asked.")
    ] = LIMIT,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON document: messages[] with before, after, events[]; and totals."
        ),
    ] = False,
) -> None:
    """Ask Meta about messages that were accepted and not reported as delivered; what it says becomes evidence."""
    if wamid is not None and (event is not None or older_than is not None):
        raise InvalidInput("--wamid stands alone.", hint="Leave out --event and --older-than.")
    learnt: list[Learnt] = []

    async def work(house: "House") -> "Asked":
        from invy.cli.long_work import LongWork
        from invy.engine.reconcile import PER_HOUR_BY_HAND

        found, asked_before = await _stuck(
            house, event, OLDER_THAN if older_than is None else older_than, wamid, limit
        )
        async with house.graph() as graph:
            with LongWork(f"Asking Meta about {len(found)}") as doing:

                def told(each: "Learnt") -> None:
                    learnt.append(each)
                    doing.now(f"Asked Meta about {len(learnt)} of {len(found)}")

                by_hand = house.reconciler(graph, per_hour=PER_HOUR_BY_HAND)
                return await by_hand.ask(found, told, asked_before=asked_before)

    asked = run(work)
    _show(asked, learnt, as_json=as_json)
    if asked.error is not None:
        raise asked.error


async def _stuck(
    house: "House", event: str | None, older_than: str, wamid: str | None, limit: int
) -> "tuple[Sequence[Stuck], datetime]":
    """Which messages, and when they may have been asked about last: the one that was named, a moment ago."""
    from datetime import timedelta

    from invy.cli import age
    from invy.cli import event as events
    from invy.domain.silence import Silence, Stuck

    if wamid is not None:
        message = await house.overview.find(wamid.strip())
        if message is None or message.folded.wamid is None:
            raise NotFound(
                f"There is no message with the wamid {wamid[:128]!r}.",
                hint="Meta can only be asked about a message it accepted. Find it with: invy messages",
            )
        return [Stuck(message.id, message.folded.wamid, message.sender_id, message.state)], house.clock()
    now = house.clock()
    which = Silence(
        before=now - age.read(older_than, "--older-than"),
        asked_before=now - timedelta(hours=1),
        event_id=(await events.known(house, event)).id if event is not None else None,
    )
    return await house.silence.stuck(which, limit), which.asked_before


def _show(asked: "Asked", learnt: "Sequence[Learnt]", *, as_json: bool) -> None:
    from invy.cli import cell, output

    if as_json:
        output.json_document(
            {
                "messages": [_document(each) for each in learnt],
                "asked": asked.learnt,
                "moved": asked.moved,
                "untold": asked.untold,
                "unknown": asked.unknown,
                "budget_spent": asked.spent,
            }
        )
        return
    if learnt:
        table = output.table(
            "MESSAGE", "BEFORE", "NOW", "META'S HISTORY", "OUR WEBHOOK", wrap=["META'S HISTORY"]
        )
        for each in learnt:
            words = ", ".join(dict.fromkeys(cell.visible(receipt.status) for receipt in each.receipts))
            calls = dict.fromkeys(
                cell.visible((receipt.webhook_update_state or "not said").lower())
                for receipt in each.receipts
            )
            table.add_row(
                each.stuck.id,
                output.state(each.stuck.state),
                output.state(each.state),
                words or "nothing known",
                ", ".join(calls) or cell.NOTHING,
            )
        output.out().print(table)
    output.say(
        f"{cell.count(asked.learnt, 'message')} asked about, {asked.moved:,} moved on, "
        f"{asked.untold:,} of which Meta could not tell our webhook."
    )
    if asked.untold:
        output.say("Why webhooks do not arrive: invy doctor")
    if asked.spent:
        output.say("Enough has been asked in this hour; the rest can be asked later.")


def _document(each: "Learnt") -> dict[str, Any]:
    from invy.cli.cell import utc

    return {
        "id": each.stuck.id,
        "wamid": each.stuck.wamid,
        "before": each.stuck.state.value,
        "after": each.state.value,
        "untold": each.untold,
        "events": [
            {
                "status": receipt.status,
                "at": utc(receipt.at),
                "webhook_update_state": receipt.webhook_update_state,
                "details": receipt.failure.details if receipt.failure else None,
            }
            for receipt in each.receipts
        ],
    }
