"""Theory of operation: how evidence becomes the state of a message. The only place where this is decided.

`Folded` is a join-semilattice: every field is combined by a minimum or a maximum over a total order, so `join` is
commutative, associative and idempotent by construction. From that follow the promises:

- any order, repetition or splitting of the same evidence gives the same state;
- the fold may run in one go (`fold`) or step by step on what is stored (`folded.join(of(new))`), with the same result;
- a state never moves backwards, because each field moves one way and the state is read off the fields. The one
  exception is meant: `sending` returns to `queued` when Meta certainly did not process the request.

What each piece of evidence contributes:

| evidence | contributes |
| --- | --- |
| attempt *n* started / deferred / unsure / refused / accepted | the highest (n, phase); the wamid; the time Meta accepted |
| receipt `sent` | Meta's time of sending |
| receipt `delivered` | the time of delivery |
| receipt `read` or `played`, a reply | the time of reading, which is also a time of delivery: Meta omits `delivered` when both coincide |
| receipt `failed`, a refusal | the time and the first reason of failing; one with a code before one without |
| any other receipt | only that we heard something |
| a person's settlement | sent, or not sent |

A receipt without a time of Meta's own counts with the time we heard it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Final, TypeVar

import msgspec

from invy.domain.evidence import Attempt, Decision, Evidence, Phase, Receipt, Reply, Settlement, Source
from invy.domain.failure import Failure
from invy.domain.ids import Wamid
from invy.domain.state import State

KNOWN_STATUSES = frozenset({"sent", "delivered", "read", "played", "failed"})
"""Meta's words that move a message (status webhook reference, 2026-09). Any other is kept and moves nothing."""


# Written out: these run a dozen times for every receipt, and a generator would cost more than the comparison.
def _earliest(a: datetime | None, b: datetime | None) -> datetime | None:
    if a is None:
        return b
    return a if b is None or a <= b else b


def _latest(a: datetime | None, b: datetime | None) -> datetime | None:
    if a is None:
        return b
    return a if b is None or a >= b else b


SETTLED: Final = "Settled as not sent"
"""Our words, never Meta's: the title of a failure that was decided here."""


@dataclass(frozen=True, slots=True)
class FailedAt:
    """When a message failed and why; the first one is the reason we show.

    One with a code of Meta's stands before one without: message_history tells of failures without their code, and a
    person may settle a message as not sent before Meta says why.
    """

    at: datetime
    failure: Failure

    def key(self) -> tuple[bool, datetime, tuple[int, str, str, str, str, int, str]]:
        return (self.failure.code is None, self.at, self.failure.key())


class Folded(msgspec.Struct, frozen=True):
    """What all the evidence of one message adds up to. The empty one is a message that was only queued.

    A struct and not a dataclass: three are made for every receipt, at a tenth of the cost.
    """

    progress: tuple[int, Phase] = (0, Phase.NONE)
    """The highest attempt and how far it came, compared in that order."""
    wamid: Wamid | None = None
    message_status: str | None = None
    wa_id: str | None = None
    accepted_at: datetime | None = None
    """Our clock: when Meta's 200 came."""
    unsure_at: datetime | None = None
    """Our clock: when a request left whose outcome nobody knew."""
    sent_receipt_at: datetime | None = None
    """Meta's clock: the earliest `sent` receipt."""
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    replied_at: datetime | None = None
    failed: FailedAt | None = None
    settled_sent_at: datetime | None = None
    first_receipt_at: datetime | None = None
    """Our clock: when the first webhook about this message was heard."""
    last_receipt_at: datetime | None = None

    @property
    def phase(self) -> Phase:
        return self.progress[1]

    @property
    def sent_at(self) -> datetime | None:
        """The time of the state `sent`: Meta's own where it said so, else when its 200 came.

        A delivered message whose sending nobody reported was sent no later than it was delivered.
        """
        return self.sent_receipt_at or self.accepted_at or self.settled_sent_at or self.delivered_at

    @property
    def failed_at(self) -> datetime | None:
        return self.failed.at if self.failed else None

    @property
    def anomalous(self) -> bool:
        """Failed *and* delivered: kept and shown, and it erases nothing."""
        return self.failed is not None and self.delivered_at is not None

    @property
    def state(self) -> State:
        """The highest rank that anything known supports; asked in falling order of rank."""
        if self.read_at:
            return State.READ
        if self.delivered_at:
            return State.DELIVERED
        if self.failed:
            return State.FAILED
        if self.sent_receipt_at or self.settled_sent_at or self.accepted_at:
            return State.SENT
        if self.unsure_at:
            return State.UNCONFIRMED
        return State.SENDING if self.phase is Phase.STARTED else State.QUEUED

    def join(self, other: "Folded") -> "Folded":
        """The least upper bound of both: what is known when both are known."""
        return Folded(
            progress=max(self.progress, other.progress),
            wamid=_smallest(self.wamid, other.wamid),
            message_status=_smallest(self.message_status, other.message_status),
            wa_id=_smallest(self.wa_id, other.wa_id),
            accepted_at=_earliest(self.accepted_at, other.accepted_at),
            unsure_at=_earliest(self.unsure_at, other.unsure_at),
            sent_receipt_at=_earliest(self.sent_receipt_at, other.sent_receipt_at),
            delivered_at=_earliest(self.delivered_at, other.delivered_at),
            read_at=_earliest(self.read_at, other.read_at),
            replied_at=_earliest(self.replied_at, other.replied_at),
            failed=_first_failure(self.failed, other.failed),
            settled_sent_at=_earliest(self.settled_sent_at, other.settled_sent_at),
            first_receipt_at=_earliest(self.first_receipt_at, other.first_receipt_at),
            last_receipt_at=_latest(self.last_receipt_at, other.last_receipt_at),
        )


S = TypeVar("S", bound=str)


def _smallest(a: S | None, b: S | None) -> S | None:
    """A choice that does not depend on order. Two different values are an anomaly that the evidence shows."""
    if a is None:
        return b
    return a if b is None or a <= b else b


def _first_failure(a: FailedAt | None, b: FailedAt | None) -> FailedAt | None:
    if a is None or b is None:
        return a or b
    return min(a, b, key=FailedAt.key)


EMPTY = Folded()


def of(evidence: Evidence) -> Folded:
    """What one piece of evidence says on its own."""
    match evidence:
        case Attempt():
            return _of_attempt(evidence)
        case Receipt():
            return _of_receipt(evidence)
        case Reply():
            return Folded(read_at=evidence.at, delivered_at=evidence.at, replied_at=evidence.at)
        case Settlement(decision=Decision.SENT):
            return Folded(settled_sent_at=evidence.at)
        case Settlement():
            return Folded(failed=FailedAt(evidence.at, Failure(None, SETTLED, evidence.note)))


def fold(evidence: Iterable[Evidence]) -> Folded:
    """What all of it adds up to, in whatever order it comes."""
    return reduce(Folded.join, map(of, evidence), EMPTY)


def wamids(evidence: Iterable[Evidence]) -> frozenset[Wamid]:
    """Every wamid that the evidence names. One, as a rule; several when Meta accepted one request twice.

    The fold keeps the smallest, and receipts of all of them are about this message.
    """
    return frozenset(named for named in (of(fact).wamid for fact in evidence) if named is not None)


def _of_attempt(attempt: Attempt) -> Folded:
    refused = attempt.phase is Phase.REFUSED
    return Folded(
        progress=(attempt.number, attempt.phase),
        wamid=attempt.wamid,
        message_status=attempt.message_status,
        wa_id=attempt.wa_id,
        accepted_at=attempt.at if attempt.phase is Phase.ACCEPTED else None,
        unsure_at=attempt.at if attempt.phase is Phase.UNSURE else None,
        failed=FailedAt(attempt.at, attempt.failure or _UNNAMED) if refused else None,
    )


def _of_receipt(receipt: Receipt) -> Folded:
    at = receipt.at or receipt.heard_at
    seen = receipt.status in ("read", "played")
    from_webhook = receipt.source is Source.WEBHOOK
    return Folded(
        wamid=receipt.wamid,
        sent_receipt_at=at if receipt.status == "sent" else None,
        delivered_at=at if receipt.status == "delivered" or seen else None,
        read_at=at if seen else None,
        failed=FailedAt(at, receipt.failure or _UNNAMED) if receipt.status == "failed" else None,
        first_receipt_at=receipt.heard_at if from_webhook else None,
        last_receipt_at=receipt.heard_at if from_webhook else None,
    )


_UNNAMED = Failure(code=None)
"""A failure that Meta reported without saying which."""
