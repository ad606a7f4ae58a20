"""Why messages have not arrived, counted and in words."""

from collections.abc import Collection, Sequence
from typing import Final

from invy.cli.message_words import NO_REASON
from invy.diagnose.words import STATE
from invy.domain.state import State
from invy.meta import catalogue, catalogue_words
from invy.meta.catalogue import Lang, Text
from invy.store.overview import Unreached


def by_reason(found: Sequence[Unreached], *, only: Collection[State] = frozenset(State)) -> list[str]:
    """One line for each reason, the most frequent first: `12 failed: 131026 Message Undeliverable. …`."""
    return [f"{one.count:,} {words(one)}" for one in found if one.state in only]


def words(one: Unreached, lang: Lang = Lang.EN) -> str:
    """What is known about these, and where they stand. A title of Meta's is in English whatever the language."""
    if one.state is not State.FAILED:
        unheard = one.state is State.SENT and not one.heard
        return (_UNREPORTED if unheard else _WORDS[one.state]).say(lang)
    failed = STATE[State.FAILED].say(lang)
    if one.code is None:
        return f"{failed}: {one.title or NO_REASON.say(lang)}"
    row = catalogue.lookup(one.code, one.subcode)
    return f"{failed}: {one.code} {one.title or catalogue_words.title(row, lang)}. {row.meaning.say(lang)}"


_UNREPORTED: Final = Text(
    en="sent only: Meta accepted, and no webhook has come about it at all",
    he="נשלחה בלבד: מטא קיבלה אותה, ולא הגיע עליה שום דיווח",
)
_WORDS: Final = {
    State.QUEUED: Text(en="queued", he="בתור"),
    State.SENDING: Text(en="being sent", he="בשליחה"),
    State.UNCONFIRMED: Text(
        en="unconfirmed: the request left and nobody knows whether Meta took it; reports will settle it",
        he="לא ברור אם נשלחה: הבקשה יצאה, ולא ידוע אם מטא קיבלה אותה; הדיווחים יכריעו",
    ),
    State.SENT: Text(
        en="sent only: Meta has reported sending and no delivery yet (phone off, or blocked: Meta does not say)",
        he="נשלחה בלבד: מטא דיווחה על שליחה ועוד לא על מסירה (הטלפון כבוי, או שחסמו אותנו: מטא לא אומרת)",
    ),
}
