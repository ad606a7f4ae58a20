"""The funnel of an event: a bar per stage for each template, and what did not arrive, grouped by verdict."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.cells import cell_len
from rich.text import Text as Styled

from invy.app.house import House
from invy.cli import cell, hold_words, output, unreached_groups
from invy.cli import event as events
from invy.cli.right_to_left import isolated, on_terminal
from invy.cli.table import GAP
from invy.cli.unreached import words
from invy.cli.verdict_words import counted
from invy.domain.guest import Event
from invy.domain.hold import Hold, Scope
from invy.domain.ids import EventId, TemplateKey
from invy.domain.state import State
from invy.engine import why
from invy.meta.catalogue import Lang, Text, lookup
from invy.meta.holding import subcode
from invy.store.overview import Filter, Funnel, Unreached

WIDTH: Final = 40
NARROWEST: Final = 6
"""Characters of the longest bar, in a roomy and in a narrow terminal."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_STYLES: Final = {
    "guests": "",
    "queued": "",
    "sent": output.STYLES[State.SENT],
    "delivered": output.STYLES[State.DELIVERED],
    "read": output.STYLES[State.READ],
    "answered": "bold green",
}


_STAGES: Final[Mapping[str, Text]] = {
    "guests": Text(en="guests", he="אורחים"),
    "queued": Text(en="queued", he="נכנסו לתור"),
    "sent": Text(en="sent", he="נשלחו"),
    "delivered": Text(en="delivered", he="הגיעו"),
    "read": Text(en="read", he="נקראו"),
    "answered": Text(en="answered", he="התקבלה תשובה"),
}
_STAGE: Final = Text(en="STAGE", he="שלב")
_COUNT: Final = Text(en="COUNT", he="כמה")
_SHARE: Final = Text(en="OF QUEUED", he="מתוך מה שנכנס לתור")
_GUESTS: Final = (Text(en="1 guest", he="אורח/ת אחד/ת"), Text(en="{count} guests", he="{count} אורחים"))
_NOBODY_YET: Final = Text(
    en="{count} on the list; nobody is invited yet.", he="ברשימה: {count}. עוד לא נשלחו הזמנות."
)
_INVITE: Final = Text(en="Invite them with: {command}", he="כדי לשלוח הזמנות: {command}")
_ALL_REACHED: Final = Text(en="Everybody was reached.", he="ההזמנה הגיעה לכולם.")
_TO_PHONE: Final = Text(
    en="To phone instead: {count}. Their list: {command}", he="כדאי להתקשר במקום: {count}. הרשימה: {command}"
)
_HELD: Final = Text(en="Held: {reason}. To go on: {command}", he="מושהה: {reason}. כדי להמשיך: {command}")
_LISTED: Final = Text(en="{count} to phone instead.", he="כדאי להתקשר אל: {count}.")


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
        _show(_NOBODY_YET, lang, count=counted(_GUESTS, found.guests, lang))
        _say(_INVITE, lang, command=f"invy campaign send {found.event_id} TEMPLATE_KEY")
    for funnel in found.funnels:
        _show_funnel(funnel, found, lang)
    to_phone = sum(group.phone_count for one in found.verdicts.values() for group in one.groups)
    if to_phone:
        command = f"invy status {found.event_id} --export FILE.csv"
        _say(_TO_PHONE, lang, count=f"{to_phone:,}", command=command)
    for hold, ending in found.holds:
        _say(_HELD, lang, style="yellow", reason=_reason(hold, lang), command=ending)


async def phone_list(house: House, name: str, target: str, *, lang: Lang) -> None:
    """Raises NotFound as `show` does, InvalidInput when the list cannot be written there."""
    event_id = EventId(name.strip())
    known = await house.guests.event(event_id) or await house.overview.page(
        Filter(event_id=event_id), limit=1
    )
    if not known:
        raise await events.missing(house, event_id)
    count = await unreached_groups.export(house, event_id, target, lang)
    _say(_LISTED, lang, count=counted(_GUESTS, count, lang))


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


def _reason(hold: Hold, lang: Lang) -> str:
    """Why it is held: in English as it was said; in Hebrew what Meta's code means, where there is one."""
    if lang is Lang.EN or hold.code is None:
        return hold_words.reason(hold)
    return f"{hold.code}, {lookup(hold.code, subcode(hold)).meaning.say(lang).rstrip('.')}"


def _show(text: Text, lang: Lang, *, style: str = "", **values: str) -> None:
    output.show(on_terminal(text.say(lang).format(**values)), style=style)


def _say(text: Text, lang: Lang, *, style: str = "", **values: str) -> None:
    output.say(isolated(text.say(lang).format(**values), terminal=sys.stderr.isatty()), style=style)


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
    stage_heading, *numbers = (text.say(lang) for text in (_STAGE, _COUNT, _SHARE))
    table = output.table(stage_heading, "", *numbers, right=numbers)
    rows = [
        (
            _STAGES[stage].say(lang),
            f"{number:,}",
            f"{number / funnel.queued:.0%}" if stage != "guests" and funnel.queued else "",
        )
        for stage, number in stages
    ]
    beside = sum(
        max(map(cell_len, column)) + GAP for column in zip((stage_heading, *numbers), *rows, strict=True)
    )
    width = max(NARROWEST, min(WIDTH, output.out().width - beside))
    for (stage, number), (name, *figures) in zip(stages, rows, strict=True):
        table.add_row(name, Styled(bar(number, most, width), style=_STYLES[stage]), *figures)
    output.out().print(table)
    missing = found.verdicts.get(funnel.template_key)
    if missing is None:
        _show(_ALL_REACHED, lang, style="green")
        return
    unreached_groups.show(missing, lang)


def bar(number: int, most: int, width: int = WIDTH) -> str:
    """A bar of text, exact to an eighth of a character; anything but nothing is visible."""
    if not number:
        return ""
    eighths = max(1, round(number / most * width * 8))
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
                        "words": words(one, lang),
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
