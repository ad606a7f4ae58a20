"""What is to be said of a message that Meta refused or reported as failed: the code decides, and what stands beside it."""

from invy.diagnose.finding import Finding, MayResend, Remark, by_code
from invy.diagnose.ruling import Added, Ruling
from invy.diagnose.situation import Situation, later
from invy.domain.errors import Side
from invy.domain.evidence import Attempt, Decision, Evidence, Receipt, Settlement
from invy.domain.failure import Failure
from invy.domain.fold import FailedAt, Folded
from invy.domain.message import was_stopped_by_guest
from invy.meta.catalogue import Retry, Row, lookup

MARKETING_CAP = 131049
PICTURE = 131053
TEMPLATE_PAUSED = 132015
_NO_SUCH_OBJECT = (100, 33)

_BY_SIDE = {
    Side.OURS: Finding.FAILED_OURS,
    Side.META: Finding.FAILED_META,
    Side.GUEST: Finding.FAILED_GUEST,
    Side.ACCOUNT: Finding.FAILED_ACCOUNT,
}
_RESEND = {
    Retry.NEVER: MayResend.NO,
    Retry.AFTER_CHANGE: MayResend.AFTER_CHANGE,
    Retry.LATER: MayResend.LATER,
    Retry.SAFE_NOW: MayResend.YES,
}
_LONGEST = 300
"""Meta's details are quoted up to here: they are a sentence, and a stranger's text may be anything."""


def failed(situation: Situation, folded: Folded, reason: FailedAt) -> Ruling:
    """A message in the state `failed`; `reason` is the first failure."""
    rests_on = situation.ids(lambda fact: _failure_of(fact) == reason.failure)
    if reason.failure.code is None:
        return _without_code(situation, reason, rests_on)
    code, subcode = reason.failure.code, reason.failure.subcode
    row = lookup(code, subcode)
    resend = _RESEND[row.retry] if row.known else MayResend.UNKNOWN
    finding = _finding(situation, folded, row, code, subcode)
    wait = row.earliest_s if resend is MayResend.LATER else None
    picture = situation.picture
    return Ruling(
        finding,
        since=reason.at,
        code=code,
        subcode=subcode,
        values={"url": picture.url, "reason": picture.seen} if picture else {},
        rests_on=rests_on,
        side=row.side,
        resend=resend,
        resend_not_before=None if wait is None else later(reason.at, wait),
        added=(*_picture(situation, code), *_said(reason.failure), *_alike(situation)),
    )


def _picture(situation: Situation, code: int) -> tuple[Added, ...]:
    """Which address Meta could not use, as long as nobody has looked at it."""
    if code != PICTURE or situation.picture is not None or situation.picture_link is None:
        return ()
    return ((Remark.PICTURE_LINK, {"url": situation.picture_link}),)


def _finding(situation: Situation, folded: Folded, row: Row, code: int, subcode: int | None) -> Finding:
    if not row.known:
        return Finding.FAILED_UNKNOWN_CODE
    if (code, subcode) == _NO_SUCH_OBJECT:
        return Finding.ACCESS
    if code == PICTURE and situation.picture is not None:
        return Finding.PICTURE_FINE_HERE if situation.picture.fine else Finding.PICTURE_BROKEN
    if code == TEMPLATE_PAUSED and (folded.message_status or "").casefold().startswith("held"):
        return Finding.PACING_DROPPED
    if code == MARKETING_CAP and situation.earlier_tries > 0:
        return Finding.MARKETING_CAP_AGAIN
    return by_code().get(code, _BY_SIDE[row.side])


def _without_code(situation: Situation, reason: FailedAt, rests_on: tuple[int, ...]) -> Ruling:
    settled = situation.settled(Decision.NOT_SENT)
    if settled is not None and settled.at == reason.at:
        if was_stopped_by_guest(settled):
            return Ruling(
                Finding.OPTED_OUT_WAITING,
                since=situation.guest.opted_out_at or settled.at,
                rests_on=situation.ids(_settled_not_sent),
            )
        return Ruling(
            Finding.SETTLED_NOT_SENT,
            since=reason.at,
            values={"who": settled.by},
            rests_on=situation.ids(_settled_not_sent),
        )
    return Ruling(
        Finding.FAILED_WITHOUT_CODE, since=reason.at, rests_on=rests_on, added=_said(reason.failure)
    )


def _settled_not_sent(fact: Evidence) -> bool:
    return isinstance(fact, Settlement) and fact.decision is Decision.NOT_SENT


def _failure_of(fact: Evidence) -> Failure | None:
    return fact.failure if isinstance(fact, Attempt | Receipt) else None


def _said(failure: Failure) -> tuple[Added, ...]:
    words = failure.details or failure.message or failure.title
    if not words or not words.strip():
        return ()
    said = " ".join(words.split()).rstrip(".")
    return ((Remark.SAID, {"words": said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"}),)


def _alike(situation: Situation) -> tuple[Added, ...]:
    count = situation.others.failing_alike
    return ((Remark.FAILING_NOW, {"count": str(count)}),) if count > 0 else ()
