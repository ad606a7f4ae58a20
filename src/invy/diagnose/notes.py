"""The notes that sending leaves beside an attempt, in both languages. They are stored in English, as they were written.

A note that is not found here, from an older version perhaps, is told as it stands.
"""

import re
from typing import Final

from invy.meta.catalogue import Text

_NOTES: Final = tuple(
    (re.compile(pattern), hebrew)
    for pattern, hebrew in (
        (r"Meta could not be reached: (?P<kind>\w+)", "לא היה אפשר להגיע למטא ({kind})"),
        (r"No answer within (?P<seconds>[\d.e+]+) seconds", "לא הגיעה תשובה בתוך {seconds} שניות"),
        (
            r"The connection broke before the answer came: (?P<kind>\w+)",
            "החיבור נותק לפני שהגיעה תשובה ({kind})",
        ),
        (
            r"Meta answered 200 without a message id that could be read",
            "מטא ענתה 200, אבל בלי מזהה הודעה שאפשר לקרוא",
        ),
        (r"HTTP (?P<status>\d+) without an error that could be read", "HTTP {status}, בלי שגיאה שאפשר לקרוא"),
        (
            r"The lease ran out before the request left",
            "תהליך השליחה נעצר לזמן מה, והבקשה לא יצאה",
        ),
        (r"The sending process ended before the answer", "תהליך השליחה נפסק לפני שהגיעה תשובה"),
    )
)


def told(note: str) -> Text:
    """A note for a person."""
    for pattern, hebrew in _NOTES:
        match = pattern.fullmatch(note.strip().rstrip("."))
        if match is not None:
            return Text(en=note, he=hebrew.format_map(match.groupdict()))
    return Text(en=note, he=note)
