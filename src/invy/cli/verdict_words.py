"""A verdict as the command line tells it: its members for programs, and its lines for a person in either language."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from invy.cli import cell
from invy.diagnose.groups import Group
from invy.diagnose.verdict import Verdict
from invy.diagnose.words import CONFIDENCE, MAY_RESEND, NOBODY
from invy.domain.ids import MessageId
from invy.meta.catalogue import Lang, Text
from invy.meta.catalogue_words import SIDE

HOW_SURE: Final = Text(en="How sure", he="עד כמה זה בטוח")
WHOSE: Final = Text(en="Whose side", he="אצל מי הבעיה")
SINCE: Final = Text(en="Since", he="מאז")
TODO: Final = Text(en="What to do", he="מה לעשות")
RESEND: Final = Text(en="Send again?", he="לשלוח שוב?")
PHONE: Final = Text(en="Phone instead?", he="להתקשר במקום?")
PICTURE: Final = Text(en="The picture", he="התמונה")
_YES: Final = Text(en="yes", he="כן")
_NOT_BEFORE: Final = Text(en="not before {at}", he="לא לפני {at}")
_CODE: Final = Text(en="Code", he="קוד")


def counted(words: tuple[Text, Text], number: int, lang: Lang) -> str:
    """How many there are: the first of the words for one, the second for none and for many."""
    return words[0 if number == 1 else 1].say(lang).format(count=f"{number:,}")


def document(verdict: Verdict, lang: Lang) -> dict[str, Any]:
    """The declared form, as in the HTTP API; members may be added, never changed."""
    return {
        "lang": lang.value,
        "finding": verdict.finding.value,
        "reached": verdict.reached,
        "code": verdict.code,
        "label": verdict.label,
        "headline": verdict.headline.say(lang),
        "why": verdict.why.say(lang),
        "remarks": [remark.say(lang) for remark in verdict.remarks],
        "confidence": verdict.confidence.value,
        "side": verdict.side.value if verdict.side else None,
        "since": cell.utc(verdict.since),
        "rests_on": list(verdict.rests_on),
        "todo": verdict.todo.say(lang),
        "may_resend": verdict.may_resend.value,
        "resend_not_before": cell.utc(verdict.resend_not_before),
        "phone_instead": verdict.phone_instead,
    }


def lines(verdict: Verdict, lang: Lang, zone: str) -> Iterator[tuple[str, str]]:
    """Headings and values: how sure, whose side, since when, what to do, whether to send again."""
    yield HOW_SURE.say(lang), CONFIDENCE[verdict.confidence].say(lang)
    yield WHOSE.say(lang), (SIDE[verdict.side] if verdict.side else NOBODY).say(lang)
    if verdict.since:
        yield SINCE.say(lang), _moment(verdict.since, lang, zone)
    if verdict.label:
        yield _CODE.say(lang), f"{verdict.label} (invy explain {verdict.label})"
    yield TODO.say(lang), verdict.todo.say(lang)
    yield RESEND.say(lang), resend(verdict, lang, zone)
    if verdict.phone_instead:
        yield PHONE.say(lang), _YES.say(lang)


def resend(verdict: Verdict, lang: Lang, zone: str) -> str:
    """Whether the message may be sent again, and when."""
    words = MAY_RESEND[verdict.may_resend].say(lang)
    earliest: datetime | None = verdict.resend_not_before
    if earliest is None:
        return words
    return f"{words}; {_NOT_BEFORE.say(lang).format(at=_moment(earliest, lang, zone))}"


def _moment(at: datetime, lang: Lang, zone: str) -> str:
    """In the time zone of this machine, the way the language writes it."""
    if lang is not Lang.HE:
        return f"{cell.local(at, zone)} {zone}"
    return f"{at.astimezone():%d.%m.%Y, %H:%M} ({_brief(cell.zone_of(at))})"


def _brief(zone: str) -> str:
    """`UTC+02:00` is UTC+2, and `UTC+00:00` is UTC."""
    hours, _, minutes = zone.removeprefix("UTC").partition(":")
    whole = f"UTC{hours[0]}{int(hours[1:])}" + ("" if minutes == "00" else f":{minutes}")
    return "UTC" if whole == "UTC+0" else whole


def group_document(group: Group[MessageId], lang: Lang) -> dict[str, Any]:
    """One group of the unreached, as in the HTTP API."""
    return {
        "finding": group.finding.value,
        "label": group.label,
        "headline": group.headline.say(lang),
        "todo": group.todo.say(lang),
        "side": group.side.value if group.side else None,
        "may_resend": group.may_resend.value,
        "remarks": [remark.say(lang) for remark in group.remarks],
        "count": group.count,
        "phone_count": group.phone_count,
    }
