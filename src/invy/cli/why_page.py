"""The verdict on one message on a page, and the evidence that it rests on."""

import shlex
from collections.abc import Sequence
from typing import Any, Final

from rich.padding import Padding
from rich.text import Text as Styled

from invy.app.house import House
from invy.cli import cell, output
from invy.cli.evidence_words import what
from invy.cli.message_words import document as message_document
from invy.cli.message_words import evidence
from invy.cli.right_to_left import on_terminal
from invy.cli.verdict_words import PICTURE, document, lines
from invy.diagnose.finding import MayResend
from invy.diagnose.situation import Exhibit
from invy.diagnose.words import STATE
from invy.domain.campaign import Again
from invy.domain.message import Message
from invy.engine.again import may_be
from invy.engine.why import Explained
from invy.meta.catalogue import Lang, Text

_INDENT: Final = (0, 0, 0, 2)
_FINE: Final = Text(en="can be used", he="תקינה")
_UNFIT: Final = Text(en="cannot be used", he="אינה תקינה")
_RESTS_ON: Final = Text(en="It rests on:", he="על מה זה נשען:")
_ON_NOTHING: Final = Text(
    en="It rests on how things stand here, not on evidence about this message.",
    he="זה נשען על המצב כאן, ולא על עדות על ההודעה הזאת.",
)
_AGAIN: Final = Text(en="The command", he="הפקודה")
_OTHERS: Final = Text(en="Other messages of this guest:", he="הודעות נוספות לאותו אדם:")


async def show(house: House, name: str, *, lang: Lang, look: bool, as_json: bool) -> None:
    """Raises NotFound when there is no message by that name."""
    found = await house.why.explain(name, eyes=house.eyes if look else None)
    if as_json:
        output.json_document(_document(found, lang))
        return
    zone = cell.zone_of(house.clock())
    _headline(found, lang)
    _judgement(found, lang, zone, await _again(house, found, lang))
    _evidence(found, lang, zone)
    _others(found.others, lang, zone)


def exhibits(found: Explained) -> Sequence[Exhibit]:
    """Each piece of evidence once, as it was first heard, in the order in which it was stored."""
    return list({each.id: each for each in reversed(found.case.situation.exhibits)}.values())[::-1]


def _headline(found: Explained, lang: Lang) -> None:
    message = found.case.message
    line = Styled()
    if found.case.guest_name:
        line.append_text(output.name(found.case.guest_name)).append("  ")
    line.append(f"{message.to}  {message.template_key}  ")
    line.append(STATE[message.state].say(lang), style=output.STYLES[message.state])
    output.out().print(line, soft_wrap=True)
    output.show(message.folded.wamid or message.id, style="dim")
    output.show()
    output.show(on_terminal(found.verdict.headline.say(lang)), style=f"bold {output.STYLES[message.state]}")


def _judgement(found: Explained, lang: Lang, zone: str, more: Sequence[tuple[str, str]]) -> None:
    verdict, out = found.verdict, output.out()
    for sentence in (verdict.why, *verdict.remarks):
        out.print(Padding(Styled(on_terminal(cell.visible(sentence.say(lang)))), _INDENT, expand=False))
    output.show()
    table = output.table("", "", wrap=[""])
    table.show_header = False
    for heading, value in (*lines(verdict, lang, zone), *more, *_picture(found, lang)):
        table.add_row(Styled(on_terminal(heading), style="bold"), Styled(on_terminal(cell.visible(value))))
    out.print(table)
    output.show()


async def _again(house: House, found: Explained, lang: Lang) -> Sequence[tuple[str, str]]:
    """The command that invites again all who share this failure, where this message is one of them."""
    message, failed = found.case.message, found.case.message.folded.failed
    code = failed.failure.code if failed is not None else None
    if code is None or message.campaign_id is None or message.event_id is None:
        return ()
    if found.verdict.may_resend is MayResend.NO or not may_be(code):
        return ()
    among = await house.campaign_store.undelivered_among(message.campaign_id, [message.to], [Again(code)])
    if among.get(message.to) != message.id:
        return ()
    words = shlex.join([message.event_id, message.template_key])
    return ((_AGAIN.say(lang), f"invy campaign send {words} --again {code}"),)


def _picture(found: Explained, lang: Lang) -> Sequence[tuple[str, str]]:
    picture = found.case.situation.picture
    if picture is None:
        return ()
    judged = (_FINE if picture.fine else _UNFIT).say(lang)
    return ((PICTURE.say(lang), f"{judged}: {picture.seen.say(lang)}. {picture.url}"),)


def _evidence(found: Explained, lang: Lang, zone: str) -> None:
    rests_on = set(found.verdict.rests_on)
    rows = [each.fact for each in exhibits(found) if each.id in rests_on]
    if not rows:
        output.show(on_terminal(_ON_NOTHING.say(lang)))
        return
    output.show(on_terminal(_RESTS_ON.say(lang)))
    table = output.table("", "", wrap=[""])
    table.show_header = False
    for fact in rows:
        table.add_row(cell.local(fact.at, zone), Styled(on_terminal("; ".join(what(fact, lang)))))
    output.out().print(Padding(table, _INDENT, expand=False))


def _others(others: Sequence[Message], lang: Lang, zone: str) -> None:
    if not others:
        return
    output.show()
    output.show(on_terminal(_OTHERS.say(lang)))
    table = output.table("", "", "", "")
    table.show_header = False
    for message in others:
        table.add_row(
            cell.local(message.created_at, zone),
            message.template_key,
            Styled(STATE[message.state].say(lang), style=output.STYLES[message.state]),
            message.id,
        )
    output.out().print(Padding(table, _INDENT, expand=False))


def _document(found: Explained, lang: Lang) -> dict[str, Any]:
    """The declared form for programs; members may be added, never changed."""
    told = exhibits(found)
    rests_on = set(found.verdict.rests_on)
    facts = evidence([(found.case.situation.now, each.fact) for each in told])
    picture = found.case.situation.picture
    return {
        "message": message_document(found.case.message),
        "guest_name": found.case.guest_name,
        "verdict": document(found.verdict, lang),
        "evidence": [
            {"id": each.id, "decisive": each.id in rests_on, **fact}
            for each, fact in zip(told, facts, strict=True)
        ],
        "picture": None
        if picture is None
        else {"url": picture.url, "fine": picture.fine, "seen": picture.seen.say(lang)},
        "others": [message_document(message) for message in found.others],
    }
