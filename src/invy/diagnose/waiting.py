"""What is to be said of a message that Meta has not accepted: it waits, is under way, or nobody knows."""

import shlex

from invy.diagnose import notes
from invy.diagnose.finding import Finding, Remark
from invy.diagnose.health import SETTLE_S, Hearing, hearing
from invy.diagnose.ruling import Added, Ruling, Value
from invy.diagnose.situation import Situation, later, span
from invy.domain.errors import Side
from invy.domain.evidence import Attempt, Evidence, Phase
from invy.domain.fold import Folded
from invy.domain.hold import Hold, Scope
from invy.meta.catalogue import Text, lookup
from invy.meta.holding import subcode

IDLE_S = 60
"""A sending process looks for work every few seconds; one that has not for so long is not there."""

STUCK_S = 120
"""No request takes so long: the client gives up well before."""

GRACE_S = 900
"""How long a delivery report is waited for before a person is asked about an unconfirmed message."""

_HELD = {
    Scope.CAMPAIGN: Finding.HELD_CAMPAIGN,
    Scope.TEMPLATE: Finding.HELD_TEMPLATE,
    Scope.SENDER: Finding.HELD_SENDER,
}
_NO_REASON = Text(en="no reason is known", he="הסיבה אינה ידועה")
_RESTORED = Text(
    en="It may have been sent after the backup was made, and going on would send it again. First let `invy serve` hear Meta's "
    "reports, which settle what had gone out; where the old service worked on after the backup, take out what is queued: "
    "invy campaign cancel.",
    he="ייתכן שהיא כבר נשלחה אחרי שנוצר הגיבוי, ואז חידוש השליחה ישלח אותה שוב. קודם כדאי להריץ `invy serve` כדי לקבל את "
    "הדיווחים של מטא על מה שכבר יצא; אם השירות הישן המשיך לעבוד אחרי הגיבוי, יש להוציא את מה שבתור: invy campaign cancel.",
)


def queued(situation: Situation) -> Ruling:
    """Why a written message has not left, the strongest reason first."""
    opted_out_at = situation.guest.opted_out_at
    if opted_out_at is not None and opted_out_at >= situation.created_at:
        return Ruling(Finding.OPTED_OUT_WAITING, since=opted_out_at)
    holds = (situation.campaign_hold, situation.template.hold, situation.sender.hold)
    for hold in holds:
        if hold is not None:
            return _held(hold, situation)
    return _free(situation)


def _held(hold: Hold, situation: Situation) -> Ruling:
    return Ruling(
        _HELD[hold.scope],
        since=hold.since,
        code=hold.code,
        subcode=subcode(hold),
        side=Side.OURS if hold.code is None else lookup(hold.code, subcode(hold)).side,
        values={"reason": hold.reason, "command": _ending(hold, situation)}
        | ({"remedy": _RESTORED} if hold.guards_restored else {}),
        rests_on=situation.ids(lambda fact: _failed_with(fact, hold.code)),
    )


def _ending(hold: Hold, situation: Situation) -> str:
    """The command that lets the work go on."""
    known = situation.campaign if hold.scope is Scope.CAMPAIGN else None
    words = [hold.scope.value, *(known or (hold.subject,))]
    return f"invy resume {shlex.join(words)}"


def _failed_with(fact: Evidence, code: int | None) -> bool:
    failure = fact.failure if isinstance(fact, Attempt) else None
    return failure is not None and failure.code is not None and failure.code == code


def _free(situation: Situation) -> Ruling:
    due_at, resting_until = situation.due_at, situation.sender.resting_until
    if due_at is not None and due_at > situation.now:
        return _due_later(situation, situation.until(due_at))
    if resting_until is not None and resting_until > situation.now:
        return Ruling(Finding.QUEUED_RESTING, values={"ahead": situation.until(resting_until)})
    ready_at = max(situation.created_at, due_at) if due_at else situation.created_at
    looked_at = situation.queue.looked_at
    idle_since = ready_at if looked_at is None else max(looked_at, ready_at)
    if situation.seconds_since(idle_since) > IDLE_S:
        return Ruling(Finding.NOBODY_SENDS, since=looked_at or ready_at)
    return Ruling(Finding.QUEUED_TURN, since=ready_at, added=_queue(situation))


def _due_later(situation: Situation, ahead: Text) -> Ruling:
    last = _last(situation, Phase.DEFERRED)
    if last is None:
        return Ruling(Finding.QUEUED_PLANNED, values={"ahead": ahead})
    return Ruling(
        Finding.QUEUED_RETRY,
        since=last.at,
        code=last.failure.code if last.failure else None,
        values={"ahead": ahead, "reason": _reason(last)},
        rests_on=situation.ids(lambda fact: fact == last),
    )


def _queue(situation: Situation) -> tuple[Added, ...]:
    ahead, per_second = situation.queue.ahead, situation.queue.per_second
    if not ahead or not per_second or per_second <= 0:
        return ()
    seconds = min(ahead / per_second, float(10**9))
    return ((Remark.QUEUE, {"count": str(ahead), "ahead": span(int(seconds))}),)


def sending(situation: Situation) -> Ruling:
    """The request is out: for a moment that is as it should be."""
    last = _last(situation, Phase.STARTED)
    since = last.at if last else situation.created_at
    stuck = situation.seconds_since(since) > STUCK_S
    return Ruling(
        Finding.SENDING_STUCK if stuck else Finding.SENDING,
        since=since,
        rests_on=situation.ids(lambda fact: fact == last),
    )


def unconfirmed(situation: Situation, folded: Folded) -> Ruling:
    """The request left and its outcome is unknown: only evidence may settle it."""
    since = folded.unsure_at or situation.created_at
    last = _last(situation, Phase.UNSURE)
    age_s = situation.seconds_since(since)
    deaf = hearing(situation.webhooks, situation.others, since) is Hearing.DEAF
    if deaf and age_s > SETTLE_S:
        finding = Finding.UNCONFIRMED_DEAF
    else:
        finding = Finding.UNCONFIRMED_LONG if age_s > GRACE_S else Finding.UNCONFIRMED
    return Ruling(
        finding,
        since=since,
        code=last.failure.code if last and last.failure else None,
        values={"reason": _reason(last) if last else _NO_REASON},
        rests_on=situation.ids(lambda fact: isinstance(fact, Attempt) and fact.phase is Phase.UNSURE),
        resend_not_before=later(since, GRACE_S),
    )


def _last(situation: Situation, phase: Phase) -> Attempt | None:
    attempts = (fact for fact in situation.facts() if isinstance(fact, Attempt) and fact.phase is phase)
    return max(attempts, key=_order, default=None)


def _order(attempt: Attempt) -> tuple[object, ...]:
    """Total, so that which of two attempts is shown never depends on which was read first."""
    failure = attempt.failure.key() if attempt.failure else ()
    return (attempt.number, attempt.at, failure, attempt.note or "", attempt.http_status or 0)


def _reason(attempt: Attempt) -> Value:
    """What we saw, in the words we have: Meta's title, our note, or the HTTP status."""
    failure = attempt.failure
    if failure is not None and failure.code is not None:
        return f"{failure.code} {failure.title or failure.message or lookup(failure.code, failure.subcode).title}"
    if attempt.note and attempt.note.strip():
        return notes.told(attempt.note)
    return f"HTTP {attempt.http_status}" if attempt.http_status is not None else _NO_REASON
