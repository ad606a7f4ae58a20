"""One message on a page: what it is, how it stands and why, and every piece of evidence about it in the order of time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from invy.app.house import House
from invy.cli import cell, output
from invy.cli.evidence_words import what
from invy.cli.message_words import document, evidence, in_short, in_words
from invy.domain.errors import NotFound
from invy.domain.evidence import Attempt, Evidence, Phase, Receipt, Reply, Settlement, Source
from invy.domain.message import Message, was_stopped_by_guest
from invy.domain.state import State

_MEANING: Final = {
    State.QUEUED: "written down, not yet asked of Meta",
    State.SENDING: "the request may be on its way",
    State.UNCONFIRMED: "the request left and its outcome is unknown; reports will settle it, do not send it again",
    State.SENT: "Meta accepted it; that is not delivery",
    State.FAILED: "not delivered",
    State.DELIVERED: "the guest's phone has it",
    State.READ: "the guest has seen it",
}


async def show(house: House, name: str, *, as_json: bool) -> None:
    """Raises NotFound when nothing has that id."""
    message = await house.overview.find(name)
    if message is None:
        hint = "Find it with: invy messages, with --to PHONE or --event EVENT."
        raise NotFound(f"There is no message {name[:128]!r}.", hint=hint)
    timeline = await house.overview.timeline(message.id)
    if as_json:
        output.json_document(document(message) | {"evidence": evidence(timeline)})
        return
    guest = await house.guests.find(message.guest_id) if message.guest_id else None
    zone = cell.zone_of(house.clock())
    _identity(message, guest.name if guest else "", zone)
    _standing(message)
    _times(message, zone)
    _timeline(timeline, zone)


def _pairs(rows: Sequence[tuple[str, str | Text]]) -> None:
    table = output.table("", "", wrap=[""])
    table.show_header = False
    for heading, value in rows:
        table.add_row(
            Text(heading, style="bold"), value if isinstance(value, Text) else Text(cell.visible(value))
        )
    output.out().print(table)


def _identity(message: Message, name: str, zone: str) -> None:
    rows: list[tuple[str, str | Text]] = [("Message", message.id)]
    if message.folded.wamid:
        rows.append(("wamid", message.folded.wamid))
    rows.append(("To", message.to))
    if message.folded.wa_id and message.folded.wa_id != message.to.removeprefix("+"):
        rows.append(("Known to Meta as", message.folded.wa_id))
    if name or message.guest_id:
        rows.append(("Guest", output.name(name or message.guest_id or "")))
    if message.event_id:
        rows.append(("Event", message.event_id))
    rows.append(
        ("Template", f"{message.template_key} ({message.template_name}, {message.template_language})")
    )
    if message.retry_of:
        rows.append(("Sends again", message.retry_of))
    if message.due_at:
        rows.append(("Not before", f"{cell.local(message.due_at, zone)} {zone}"))
    _pairs(rows)


def _standing(message: Message) -> None:
    state, failed = message.state, message.folded.failed
    line = Text.assemble("\n", (state.value, f"bold {output.STYLES[state]}"), f": {_MEANING[state]}")
    if state is State.SENT and message.folded.first_receipt_at is None:
        line.append("; no webhook has come about it yet")
    output.out().print(line)
    if message.folded.anomalous:
        output.show("It was reported as failed too; delivery counts, and both are kept.", style="yellow")
    if failed is not None:
        output.show(f"Failure: {in_short(failed.failure)}", style="red")
        _pairs([*in_words(failed.failure)])
    output.show()


def _times(message: Message, zone: str) -> None:
    folded = message.folded
    rows = [
        ("made", message.created_at),
        ("unsure", folded.unsure_at),
        ("sent", folded.sent_at),
        ("delivered", folded.delivered_at),
        ("read", folded.read_at),
        ("answered", folded.replied_at),
        ("failed", folded.failed_at),
        ("first heard of", folded.first_receipt_at),
        ("last heard of", folded.last_receipt_at),
    ]
    table = output.table("STAGE", f"TIME ({zone})")
    for stage, at in rows:
        if at is not None:
            table.add_row(stage, cell.local(at, zone))
    output.out().print(table)
    output.show()


def _timeline(timeline: Sequence[tuple[datetime, Evidence]], zone: str) -> None:
    if not timeline:
        output.show("There is no evidence yet.")
        return
    table = output.table(f"HAPPENED ({zone})", "HEARD", "WHAT", "FROM", wrap=["WHAT"])
    # Meta tells whole seconds: within one, what we stored first stands first.
    order = sorted(timeline, key=lambda told: (told[1].at or told[0]).replace(microsecond=0))
    for heard_at, fact in order:
        at = fact.at
        late = (heard_at - (at or heard_at)).total_seconds()
        heard = "at once" if late < 1 else f"{cell.duration(late)} later"
        table.add_row(
            cell.local(at, zone) if at else "not said",
            heard if at else cell.local(heard_at, zone),
            Text("; ".join(what(fact))),
            Text(_source(fact)),
        )
    output.out().print(table)


def _source(fact: Evidence) -> str:
    match fact:
        case Attempt():
            return "our request" if fact.phase is Phase.STARTED else "Meta's answer"
        case Receipt(source=Source.HISTORY):
            return "Meta's message history"
        case Receipt() | Reply():
            return "webhook"
        case Settlement() if was_stopped_by_guest(fact):
            return "Invy"
    return "a person"
