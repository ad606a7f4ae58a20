"""The words for the catalogue's closed sets, in English and Hebrew, for a person with a guest list."""

from collections.abc import Mapping

from invy.domain.errors import Side
from invy.meta.catalogue_row import Channel, Effect, Lang, Outcome, Retry, Row, Text

SIDE: Mapping[Side, Text] = {
    Side.OURS: Text(
        en="ours: the settings, the template or the list here", he="אצלנו: ההגדרות, התבנית או הרשימה"
    ),
    Side.META: Text(en="Meta's", he="אצל מטא"),
    Side.GUEST: Text(en="the guest's", he="אצל האורח/ת"),
    Side.ACCOUNT: Text(en="our WhatsApp account at Meta", he="בחשבון הוואטסאפ שלנו אצל מטא"),
}

CHANNEL: Mapping[Channel, Text] = {
    Channel.REPLY: Text(en="at once, in Meta's answer to sending", he="מיד, בתשובה של מטא לשליחה"),
    Channel.WEBHOOK: Text(
        en="later, in a delivery report, after Meta had accepted the message",
        he="מאוחר יותר, בדיווח מסירה, אחרי שמטא כבר קיבלה את ההודעה",
    ),
    Channel.BOTH: Text(
        en="in Meta's answer to sending or later in a delivery report",
        he="בתשובה של מטא לשליחה, או מאוחר יותר בדיווח מסירה",
    ),
    Channel.INBOUND: Text(en="on a message that a guest sent to us", he="בהודעה שהגיעה אלינו"),
    Channel.MANAGEMENT: Text(
        en="when the account is managed; not when sending", he="בניהול החשבון, לא בשליחה"
    ),
}

OUTCOME: Mapping[Outcome, Text] = {
    Outcome.REFUSED: Text(en="this message has failed", he="ההודעה הזאת נכשלה"),
    Outcome.DEFERRED: Text(
        en="the message was not taken; it is sent again by itself",
        he="ההודעה לא התקבלה, והיא תישלח שוב מעצמה",
    ),
    Outcome.HELD: Text(
        en="the message was not taken; it waits in the queue until you release it",
        he="ההודעה לא התקבלה, והיא ממתינה בתור עד שתשוחרר",
    ),
    Outcome.UNSURE: Text(
        en="the message may have gone out; it is never sent again on a guess",
        he="ייתכן שההודעה יצאה; היא לעולם לא נשלחת שוב על סמך ניחוש",
    ),
}

EFFECT: Mapping[Effect, Text] = {
    Effect.NONE: Text(en="the others go on", he="שאר ההודעות ממשיכות לצאת"),
    Effect.WAIT_PAIR: Text(
        en="this guest waits, the others go on", he="המספר הזה ממתין, שאר ההודעות ממשיכות לצאת"
    ),
    Effect.SLOW_DOWN: Text(en="sending goes on more slowly", he="השליחה נמשכת, בקצב איטי יותר"),
    Effect.HOLD_TEMPLATE: Text(
        en="everything of this template waits until you release it",
        he="כל ההודעות של התבנית הזאת ממתינות עד שתשוחרר",
    ),
    Effect.HOLD_SENDER: Text(
        en="everything from this number waits until you release it",
        he="כל ההודעות מהמספר השולח הזה ממתינות עד שישוחרר",
    ),
}

_RETRY: Mapping[Retry, Text] = {
    Retry.NEVER: Text(en="no: it would give the same answer", he="לא: התשובה תהיה זהה"),
    Retry.AFTER_CHANGE: Text(en="yes, once what is wrong has been changed", he="כן, אחרי שמה שלא תקין יתוקן"),
    Retry.LATER: Text(en="yes, later; Meta does not say when", he="כן, מאוחר יותר; מטא לא מציינת מתי"),
    Retry.SAFE_NOW: Text(en="yes, at once", he="כן, מיד"),
}

_DAY = 86_400
_SMALL = 10
_UNITS = (
    (_DAY, ("day", "days"), ("יממה אחת", "יומיים", "ימים")),
    (3_600, ("hour", "hours"), ("שעה אחת", "שעתיים", "שעות")),
    (60, ("minute", "minutes"), ("דקה אחת", "שתי דקות", "דקות")),
    (1, ("second", "seconds"), ("שנייה אחת", "שתי שניות", "שניות")),
)


_NOT_KNOWN = Text(
    en="not known; a send answered with it is never repeated on a guess",
    he="לא ידוע; שליחה שנענתה בקוד הזה לעולם לא חוזרת על סמך ניחוש",
)
_UNKNOWN_TITLE = "קוד לא מוכר"
_UNKNOWN_SOURCE = "אינו מופיע ברשימות שמטא מפרסמת"


def title(row: Row, lang: Lang | str) -> str:
    """Meta's own title, in English whatever the language; of a code that it does not document, ours."""
    return row.title if row.known or lang != Lang.HE else _UNKNOWN_TITLE


def source(row: Row, lang: Lang | str) -> str:
    """Where the row is from; a page of Meta's keeps its name."""
    return row.source if row.known or lang != Lang.HE else _UNKNOWN_SOURCE


def resend(row: Row) -> Text:
    """Whether and when the same message may be sent again."""
    if not row.known:
        return _NOT_KNOWN
    if row.retry is Retry.LATER and row.earliest_s is not None:
        span = duration(row.earliest_s)
        return Text(en=f"yes, after {span.en} at the earliest", he=f"כן, לכל המוקדם אחרי {span.he}")
    return _RETRY[row.retry]


def duration(seconds: int) -> Text:
    """A length of time in its largest fitting unit, rounded down: `300` is five minutes."""
    size, english, hebrew = next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])
    count = seconds // size
    # Hebrew has a form of its own for two of a thing, and says "30 day" from eleven days on.
    many = "יום" if size == _DAY and count > _SMALL else hebrew[2]
    in_hebrew = {1: hebrew[0], 2: hebrew[1]}.get(count, f"{count} {many}")
    return Text(en=f"{count} {english[0 if count == 1 else 1]}", he=in_hebrew)
