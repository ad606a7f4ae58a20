"""The words for the closed sets of a verdict, in English and Hebrew, for a person with a guest list."""

from collections.abc import Mapping
from typing import Final

from invy.diagnose.finding import Confidence, MayResend
from invy.domain.state import State
from invy.meta.catalogue import Text

CONFIDENCE: Final[Mapping[Confidence, Text]] = {
    Confidence.CERTAIN: Text(en="certain", he="ודאי"),
    Confidence.LIKELY: Text(en="likely", he="סביר"),
    Confidence.POSSIBLE: Text(en="possible: other explanations fit too", he="אפשרי: גם הסברים אחרים מתאימים"),
}

MAY_RESEND: Final[Mapping[MayResend, Text]] = {
    MayResend.NOT_NEEDED: Text(en="not needed", he="אין צורך"),
    MayResend.NO: Text(en="no", he="לא"),
    MayResend.AFTER_CHANGE: Text(
        en="yes, once what is wrong has been changed", he="כן, אחרי שמה שלא תקין יתוקן"
    ),
    MayResend.LATER: Text(en="yes, later", he="כן, מאוחר יותר"),
    MayResend.RISKY: Text(en="it could arrive twice", he="היא עלולה להגיע פעמיים"),
    MayResend.YES: Text(en="yes", he="כן"),
    MayResend.UNKNOWN: Text(en="not known", he="לא ידוע"),
}

STATE: Final[Mapping[State, Text]] = {
    State.QUEUED: Text(en="queued", he="בתור"),
    State.SENDING: Text(en="sending", he="בשליחה"),
    State.UNCONFIRMED: Text(en="unconfirmed", he="לא ברור אם נשלחה"),
    State.SENT: Text(en="sent", he="נשלחה"),
    State.FAILED: Text(en="failed", he="נכשלה"),
    State.DELIVERED: Text(en="delivered", he="הגיעה"),
    State.READ: Text(en="read", he="נקראה"),
}

NOBODY: Final = Text(en="nobody has to act", he="אצל אף אחד; אין צורך לעשות דבר")
