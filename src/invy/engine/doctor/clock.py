"""Whether Meta answers at all, and how far our clock is from Meta's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from invy.engine.doctor.asking import CALL_S, unread
from invy.engine.doctor.finding import Finding, Mark, found
from invy.engine.doctor.section import Foundation, Section
from invy.engine.doctor.subject import Subject
from invy.meta.catalogue import Text
from invy.meta.catalogue_words import duration
from invy.meta.graph_object import GraphObject
from invy.meta.graph_reply import Unread, Why, read

TOLERATED: Final = timedelta(seconds=10)
"""Meta's `Date` has whole seconds, and the answer takes its time."""

HARMFUL: Final = timedelta(minutes=5)
WHAT: Final = Text(en="Meta's Graph API", he="ה־Graph API של מטא")

_BROKEN: Final = (Foundation.META,)
_TROUBLE_CODES: Final = frozenset({1, 2})


async def clock(subject: Subject) -> Sequence[Finding]:
    """One small question, who we are: whether Meta's refusal or an id comes, it is Meta that answers, and with a date."""
    assert subject.meta is not None
    began = subject.clock()
    reply = await subject.meta.get("me", {"fields": "id"}, timeout_s=CALL_S)
    ours = began + (subject.clock() - began) / 2
    answer = read(reply)
    if isinstance(answer, Unread) and _is_trouble(answer):
        # However harmless it looks: nothing at Meta's could be looked at, and nothing can be sent now.
        return [replace(unread(Section.CLOCK, WHAT, answer, breaks=_BROKEN), mark=Mark.FAILED)]
    if _is_strange(answer):
        status = reply.status or 0
        address = subject.settings.api_base_url
        return [found(Section.CLOCK, "clock.stranger", about="meta", address=address, status=status)]
    subject.chart.served_version = reply.served_version
    findings = [found(Section.CLOCK, "clock.answers", about="meta", address=subject.settings.api_base_url)]
    if reply.date is None:
        return [*findings, found(Section.CLOCK, "clock.no_date")]
    ahead = ours - reply.date
    off = duration(max(1, int(abs(ahead).total_seconds())))
    way = (
        Text(en="ahead of", he="מקדים את השעון")
        if ahead > timedelta(0)
        else Text(en="behind", he="מפגר אחרי השעון")
    )
    key = "clock.right"
    if abs(ahead) > TOLERATED:
        key = "clock.off" if abs(ahead) <= HARMFUL else "clock.far_off"
    return [*findings, found(Section.CLOCK, key, off=off, way=way)]


def _is_strange(answer: GraphObject | Unread) -> bool:
    """Whether it is neither a refusal of Meta's nor tells the id that was asked for, which is text at Meta."""
    if isinstance(answer, Unread):
        return answer.why is Why.SHAPE
    return "id" not in dict(answer.items())


def _is_trouble(answer: Unread) -> bool:
    """Whether nothing of Meta's can be expected now. A refusal is an answer, too."""
    if answer.why is Why.REFUSED:
        return answer.code in _TROUBLE_CODES
    return answer.why is not Why.SHAPE
