"""A finding on its way to becoming a verdict: what the stages of a message's way hand to the one who words it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from invy.diagnose.finding import Confidence, Finding, MayResend, Remark
from invy.domain.errors import Side
from invy.meta.catalogue import Text

Value = Text | str
"""What fills a blank of a sentence: the same in both languages, or one for each."""

Added = tuple[Remark, Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Ruling:
    """`side` and `resend` fill in where the finding's entry leaves them open; the others, where not None, overrule it."""

    finding: Finding
    since: datetime | None = None
    """When it began to be so."""
    code: int | None = None
    subcode: int | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    rests_on: tuple[int, ...] = ()
    confidence: Confidence | None = None
    side: Side | None = None
    resend: MayResend | None = None
    resend_not_before: datetime | None = None
    phone_instead: bool | None = None
    added: tuple[Added, ...] = ()
