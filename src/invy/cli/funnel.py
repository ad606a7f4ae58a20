"""The funnel of an event: a bar per stage for each template, and what did not arrive with the reasons, counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.text import Text

from invy.app.house import House
from invy.cli import cell, hold_words, output
from invy.cli import event as events
from invy.cli.unreached import words
from invy.domain.guest import Event
from invy.domain.hold import Hold, Scope
from invy.domain.ids import EventId
from invy.domain.state import State
from invy.store.overview import Filter, Funnel, Unreached

WIDTH: Final = 40
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_STYLES: Final = {
    "guests": "",
    "queued": "",
    "sent": output.STYLES[State.SENT],
    "delivered": output.STYLES[State.DELIVERED],
    "read": output.STYLES[State.READ],
    "answered": "bold green",
}


@dataclass(frozen=True, slots=True)
class _Standing:
    event_id: EventId
    event: Event | None
    guests: int
    funnels: Sequence[Funnel]
    unreached: Sequence[Unreached]
    holds: Sequence[tuple[Hold, str]]


async def show(house: House, name: str, *, as_json: bool) -> None:
    """Raises NotFound when there is neither an event nor a message by that name."""
    found = await _standing(house, EventId(name.strip()))
    if as_json:
        output.json_document(_document(found))
        return
    heading = cell.visible(found.event.name) if found.event else found.event_id
    output.show(heading if heading == found.event_id else f"{heading} ({found.event_id})", style="bold")
    if not found.funnels:
        output.show(f"{cell.count(found.guests, 'guest')} on the list; nobody is invited yet.")
        output.say(f"Invite them with: invy campaign send {found.event_id} TEMPLATE_KEY")
    for funnel in found.funnels:
        _show_funnel(funnel, found)
    for hold, ending in found.holds:
        output.say(f"Held: {hold_words.reason(hold)}. To go on: {ending}", style="yellow")


async def _standing(house: House, event_id: EventId) -> _Standing:
    which = Filter(event_id=event_id)
    event = await house.guests.event(event_id)
    funnels = await house.overview.funnels(which)
    if event is None and not funnels:
        raise await events.missing(house, event_id)
    started = hold_words.by_id(await house.campaign_store.of_event(event_id))
    keys = {funnel.template_key for funnel in funnels}
    holds = [
        (hold, hold_words.ending(hold, started))
        for hold in await house.holds.active()
        if hold.scope is Scope.SENDER or hold.subject in keys or hold.subject in started
    ]
    return _Standing(
        event_id,
        event,
        await house.guests.count(event_id),
        funnels,
        await house.overview.unreached(which),
        holds,
    )


def _stages(funnel: Funnel, guests: int) -> list[tuple[str, int]]:
    return [
        ("guests", guests),
        ("queued", funnel.queued),
        ("sent", funnel.sent),
        ("delivered", funnel.delivered),
        ("read", funnel.read),
        ("answered", funnel.answered),
    ]


def _show_funnel(funnel: Funnel, found: _Standing) -> None:
    output.show()
    output.show(funnel.template_key, style="bold")
    stages = _stages(funnel, found.guests)
    most = max(number for _, number in stages)
    table = output.table("STAGE", "", "COUNT", "OF QUEUED", right=["COUNT", "OF QUEUED"])
    for stage, number in stages:
        share = f"{number / funnel.queued:.0%}" if stage != "guests" and funnel.queued else ""
        table.add_row(stage, Text(bar(number, most), style=_STYLES[stage]), f"{number:,}", share)
    output.out().print(table)
    missing = [one for one in found.unreached if one.template_key == funnel.template_key]
    if not missing:
        output.show("Everybody was reached.", style="green")
        return
    output.show(f"Not reached, {cell.count(sum(one.count for one in missing), 'message')}:")
    reasons = output.table("COUNT", "WHY", right=["COUNT"], wrap=["WHY"])
    reasons.show_header = False
    for one in missing:
        reasons.add_row(f"{one.count:,}", Text(cell.visible(words(one)), style=output.STYLES[one.state]))
    output.out().print(reasons)
    if any(one.state is State.FAILED for one in missing):
        output.say(f"Who they are: invy messages --event {found.event_id} --status failed")


def bar(number: int, most: int) -> str:
    """A bar of text, exact to an eighth of a character; anything but nothing is visible."""
    if not number:
        return ""
    eighths = max(1, round(number / most * WIDTH * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _document(found: _Standing) -> dict[str, Any]:
    return {
        "event_id": found.event_id,
        "event_name": found.event.name if found.event else None,
        "guests": found.guests,
        "templates": [
            {
                "template_key": funnel.template_key,
                "funnel": dict(_stages(funnel, found.guests)),
                "unreached": [
                    {
                        "state": one.state.value,
                        "code": one.code,
                        "subcode": one.subcode,
                        "title": one.title,
                        "webhook_heard": one.heard,
                        "count": one.count,
                        "words": words(one),
                    }
                    for one in found.unreached
                    if one.template_key == funnel.template_key
                ],
            }
            for funnel in found.funnels
        ],
        "holds": [
            {"scope": hold.scope.value, "code": hold.code, "reason": hold.reason, "resume": ending}
            for hold, ending in found.holds
        ],
    }
