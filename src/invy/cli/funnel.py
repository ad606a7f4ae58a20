"""The funnel of an event: a bar per stage for each template, and what did not arrive, grouped by verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.text import Text

from invy.app.house import House
from invy.cli import cell, hold_words, output, unreached_groups
from invy.cli import event as events
from invy.cli.unreached import words
from invy.domain.guest import Event
from invy.domain.hold import Hold, Scope
from invy.domain.ids import EventId, TemplateKey
from invy.domain.state import State
from invy.engine import why
from invy.meta.catalogue import Lang
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
    verdicts: Mapping[TemplateKey, why.Unreached]


async def show(house: House, name: str, *, lang: Lang, as_json: bool) -> None:
    """Raises NotFound when there is neither an event nor a message by that name."""
    found = await _standing(house, EventId(name.strip()))
    if as_json:
        output.json_document(_document(found, lang))
        return
    heading = cell.visible(found.event.name) if found.event else found.event_id
    output.show(heading if heading == found.event_id else f"{heading} ({found.event_id})", style="bold")
    if not found.funnels:
        output.show(f"{cell.count(found.guests, 'guest')} on the list; nobody is invited yet.")
        output.say(f"Invite them with: invy campaign send {found.event_id} TEMPLATE_KEY")
    for funnel in found.funnels:
        _show_funnel(funnel, found, lang)
    to_phone = sum(group.phone_count for one in found.verdicts.values() for group in one.groups)
    if to_phone:
        output.say(
            f"To phone instead: {to_phone:,}. Their list: invy status {found.event_id} --export FILE.csv"
        )
    for hold, ending in found.holds:
        output.say(f"Held: {hold_words.reason(hold)}. To go on: {ending}", style="yellow")


async def phone_list(house: House, name: str, target: str, *, lang: Lang) -> None:
    """Raises NotFound as `show` does, InvalidInput when the list cannot be written there."""
    event_id = EventId(name.strip())
    known = await house.guests.event(event_id) or await house.overview.page(
        Filter(event_id=event_id), limit=1
    )
    if not known:
        raise await events.missing(house, event_id)
    count = await unreached_groups.export(house, event_id, target, lang)
    output.say(f"{cell.count(count, 'guest')} to phone instead.")


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
        {one.template_key: one for one in await house.why.groups(event_id)},
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


def _show_funnel(funnel: Funnel, found: _Standing, lang: Lang) -> None:
    output.show()
    output.show(funnel.template_key, style="bold")
    stages = _stages(funnel, found.guests)
    most = max(number for _, number in stages)
    table = output.table("STAGE", "", "COUNT", "OF QUEUED", right=["COUNT", "OF QUEUED"])
    for stage, number in stages:
        share = f"{number / funnel.queued:.0%}" if stage != "guests" and funnel.queued else ""
        table.add_row(stage, Text(bar(number, most), style=_STYLES[stage]), f"{number:,}", share)
    output.out().print(table)
    missing = found.verdicts.get(funnel.template_key)
    if missing is None:
        output.show("Everybody was reached.", style="green")
        return
    unreached_groups.show(missing, lang)


def bar(number: int, most: int) -> str:
    """A bar of text, exact to an eighth of a character; anything but nothing is visible."""
    if not number:
        return ""
    eighths = max(1, round(number / most * WIDTH * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _document(found: _Standing, lang: Lang) -> dict[str, Any]:
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
                "verdicts": unreached_groups.documents(found.verdicts.get(funnel.template_key), lang),
            }
            for funnel in found.funnels
        ],
        "holds": [
            {"scope": hold.scope.value, "code": hold.code, "reason": hold.reason, "resume": ending}
            for hold, ending in found.holds
        ],
    }
