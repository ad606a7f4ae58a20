"""Situations for the tests: a moment, and short ways to say what happened before it."""

from datetime import UTC, datetime, timedelta

from invy.diagnose.finding import Finding
from invy.diagnose.health import Webhooks
from invy.diagnose.situation import Exhibit, Situation
from invy.diagnose.verdict import Verdict, verdict
from invy.domain.evidence import Attempt, Evidence, Phase, Receipt, Reply, Source
from invy.domain.failure import Failure
from invy.domain.ids import Wamid

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WAMID = Wamid("wamid.TEST")
HEARD_JUST_NOW = Webhooks(last_heard_at=NOW, last_receipt_at=NOW)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def accepted(at: datetime, message_status: str | None = "accepted") -> Attempt:
    return Attempt(1, Phase.ACCEPTED, at, WAMID, http_status=200, message_status=message_status)


def attempt(
    phase: Phase, at: datetime, code: int | None = None, note: str | None = None, number: int = 1
) -> Attempt:
    failure = None if code is None else Failure(code, title="Meta's title")
    return Attempt(number, phase, at, failure=failure, note=note)


def receipt(
    status: str, at: datetime, code: int | None = None, details: str | None = None, subcode: int | None = None
) -> Receipt:
    failure = None if code is None else Failure(code, details=details, subcode=subcode)
    return Receipt(WAMID, status, at, at, failure=failure)


def history(status: str, at: datetime, webhook_update_state: str) -> Receipt:
    return Receipt(WAMID, status, at, at, source=Source.HISTORY, webhook_update_state=webhook_update_state)


def reply(at: datetime) -> Reply:
    return Reply(Wamid("wamid.GUEST"), at, at, "button", "We are coming")


def exhibits(*facts: Evidence) -> tuple[Exhibit, ...]:
    return tuple(Exhibit(number, fact) for number, fact in enumerate(facts, start=1))


def situation(*facts: Evidence) -> Situation:
    """Created two hours ago, everything around it in good health and working."""
    return Situation(NOW, ago(hours=2), exhibits(*facts), webhooks=HEARD_JUST_NOW)


def judge(found: Situation, expected: Finding) -> Verdict:
    """The verdict, which must be of the expected finding."""
    judged = verdict(found)
    assert judged.finding is expected, f"{judged.finding}: {judged.why.en}"
    return judged


def remarks(judged: Verdict) -> str:
    return " ".join(remark.en for remark in judged.remarks)
