"""One piece of evidence in words, in English or Hebrew. Meta's own words and the guest's stay as they came."""

from collections.abc import Iterator, Mapping
from typing import Final

from invy.cli import cell
from invy.cli.message_words import in_short
from invy.diagnose import notes
from invy.domain.evidence import Attempt, Decision, Evidence, Phase, Receipt, Reply, Settlement
from invy.domain.failure import Failure
from invy.meta.catalogue import Lang, Text

_ATTEMPT: Final = Text(en="attempt {number}: {phase}", he="ניסיון {number}: {phase}")
_PHASE: Final[Mapping[Phase, Text]] = {
    Phase.NONE: Text(en="nothing", he="לא קרה דבר"),
    Phase.STARTED: Text(en="request about to leave", he="הבקשה עומדת לצאת"),
    Phase.DEFERRED: Text(en="not processed by Meta, back in the queue", he="לא טופלה אצל מטא, חזרה לתור"),
    Phase.UNSURE: Text(
        en="left, and nobody knows whether Meta took it", he="יצאה, ולא ידוע אם מטא קיבלה אותה"
    ),
    Phase.REFUSED: Text(en="refused", he="מטא סירבה"),
    Phase.ACCEPTED: Text(en="accepted: HTTP 200 with a wamid", he="מטא קיבלה: HTTP 200 עם wamid"),
}
_METAS_WORD: Final = Text(en="Meta's word: {word}", he="במילה של מטא: {word}")
# Meta's statuses; one that is not here is told as Meta wrote it.
_STATUS: Final[Mapping[str, str]] = {
    "sent": "נשלחה",
    "delivered": "הגיעה",
    "read": "נקראה",
    "played": "הושמעה",
    "failed": "נכשלה",
    "deleted": "נמחקה",
}
_TELLING_US: Final = Text(en="telling our webhook of it: {word}", he="העדכון ל־webhook שלנו: {word}")
_ANSWERED: Final = Text(en="the guest answered ({kind})", he="התקבלה תשובה ({kind})")
# Meta's types of message; one that is not here is told as Meta wrote it.
_KIND: Final[Mapping[str, str]] = {
    "button": "כפתור",
    "interactive": "כפתור",
    "text": "טקסט",
    "reaction": "תגובה באימוג׳י",
    "image": "תמונה",
    "audio": "הקלטה",
    "video": "סרטון",
}
_SETTLED: Final[Mapping[Decision, Text]] = {
    Decision.SENT: Text(en="settled as sent by {who}", he="נקבע שנשלחה, על ידי {who}"),
    Decision.NOT_SENT: Text(en="settled as not sent by {who}", he="נקבע שלא נשלחה, על ידי {who}"),
}


def what(fact: Evidence, lang: Lang = Lang.EN) -> Iterator[str]:
    """One fact in words, part by part."""
    match fact:
        case Attempt():
            yield _ATTEMPT.say(lang).format(number=fact.number, phase=_PHASE[fact.phase].say(lang))
            if fact.http_status is not None and fact.phase is not Phase.ACCEPTED:
                yield f"HTTP {fact.http_status}"
            if fact.message_status and fact.message_status != "accepted":
                yield _METAS_WORD.say(lang).format(word=cell.visible(fact.message_status))
            yield from _more(fact.failure, fact.note, lang)
        case Receipt():
            yield cell.visible(_own(_STATUS, fact.status, lang))
            if fact.webhook_update_state:
                yield _TELLING_US.say(lang).format(word=cell.visible(fact.webhook_update_state.lower()))
            yield from _more(fact.failure, None, lang)
        case Reply():
            yield _ANSWERED.say(lang).format(kind=cell.visible(_own(_KIND, fact.kind, lang)))
            if fact.text:
                yield f"“{cell.shortened(cell.visible(fact.text), 120)}”"
        case Settlement():
            yield _SETTLED[fact.decision].say(lang).format(who=cell.visible(fact.by))
            if fact.note:
                yield cell.visible(fact.note)


def _own(hebrew: Mapping[str, str], word: str, lang: Lang) -> str:
    return hebrew.get(word, word) if lang is Lang.HE else word


def _more(failure: Failure | None, note: str | None, lang: Lang) -> Iterator[str]:
    if failure is not None:
        short = in_short(failure, lang)
        yield cell.visible(short)
        if failure.details and failure.details.strip(" .").casefold() not in short.casefold():
            yield cell.visible(failure.details)
    if note:
        yield cell.visible(notes.told(note).say(lang))
