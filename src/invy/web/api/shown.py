"""Messages and their evidence as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from invy.domain.evidence import Attempt, Decision, Evidence, Receipt, Reply, Source
from invy.domain.failure import Failure
from invy.domain.message import Message
from invy.domain.state import State

Time = datetime | None


class FailureShown(BaseModel):
    """What Meta said when something failed; any member may be null."""

    model_config = ConfigDict(from_attributes=True)

    code: int | None
    title: str | None
    message: str | None
    details: str | None
    href: str | None
    subcode: int | None
    trace_id: str | None


class MessageShown(BaseModel):
    """A message: what was asked for, and what all its evidence adds up to."""

    id: str = Field(description="Ours.", examples=["019a8f3c-7d2e-7c41-9b1f-3a5d0c9e8f72"])
    wamid: str | None = Field(description="Meta's, once it has accepted the message.")
    to: str = Field(description="E.164.", examples=["+447700900123"])
    status: State = Field(description="`sent` is not delivery.")
    template_key: str
    template_name: str
    template_language: str
    event_id: str | None
    guest_id: str | None
    campaign_id: str | None
    retry_of: str | None = Field(description="The message that this one sends again.")
    created_at: datetime
    due_at: Time = Field(description="For a queued message: not before this.")
    accepted_at: Time = Field(description="When Meta answered with a wamid.")
    sent_at: Time
    delivered_at: Time
    read_at: Time
    replied_at: Time = Field(description="When the guest answered.")
    failed_at: Time
    unsure_at: Time = Field(description="When a request left whose outcome nobody knew.")
    first_receipt_at: Time = Field(description="When we first heard of it by webhook.")
    last_receipt_at: Time
    anomalous: bool = Field(description="Reported as failed and as delivered.")
    failure: FailureShown | None = Field(description="The first reason of failing.")


class PhaseWord(StrEnum):
    """How far an attempt came."""

    NONE = "none"
    STARTED = "started"
    DEFERRED = "deferred"
    UNSURE = "unsure"
    REFUSED = "refused"
    ACCEPTED = "accepted"


class AttemptShown(BaseModel):
    """A step of one of our attempts to send; `at` by our clock."""

    kind: Literal["attempt"]
    number: int
    phase: PhaseWord
    at: datetime
    wamid: str | None
    http_status: int | None
    message_status: str | None
    wa_id: str | None
    note: str | None
    failure: FailureShown | None


class ReceiptShown(BaseModel):
    """A status that Meta reported; `at` by Meta's clock."""

    kind: Literal["receipt"]
    status: str = Field(description="Meta's word; one that nobody knows yet changes nothing.")
    at: Time
    heard_at: datetime
    source: Source
    failure: FailureShown | None


class ReplyShown(BaseModel):
    """The guest answered."""

    kind: Literal["reply"]
    at: datetime
    heard_at: datetime
    type: str = Field(description="Meta's word: button, text, reaction, …")
    text: str | None
    payload: str | None


class SettlementShown(BaseModel):
    """A person decided about an unconfirmed message."""

    kind: Literal["settlement"]
    decision: Decision
    at: datetime
    by: str
    note: str | None


EvidenceShown = Annotated[
    AttemptShown | ReceiptShown | ReplyShown | SettlementShown, Field(discriminator="kind")
]


class MessageWithEvidence(MessageShown):
    """A message with everything known about it."""

    evidence: list[EvidenceShown] = Field(description="In the order in which we learnt of it.")


def message(found: Message) -> MessageShown:
    return MessageShown.model_validate(_members(found))


def with_evidence(found: Message, timeline: Sequence[tuple[datetime, Evidence]]) -> MessageWithEvidence:
    shown = [evidence(fact) for _, fact in timeline]
    return MessageWithEvidence.model_validate(_members(found) | {"evidence": shown})


def _members(found: Message) -> dict[str, object]:
    folded = found.folded
    return {
        "id": found.id,
        "wamid": folded.wamid,
        "to": found.to,
        "status": found.state,
        "template_key": found.template_key,
        "template_name": found.template_name,
        "template_language": found.template_language,
        "event_id": found.event_id,
        "guest_id": found.guest_id,
        "campaign_id": found.campaign_id,
        "retry_of": found.retry_of,
        "created_at": found.created_at,
        "due_at": found.due_at,
        "accepted_at": folded.accepted_at,
        "sent_at": folded.sent_at,
        "delivered_at": folded.delivered_at,
        "read_at": folded.read_at,
        "replied_at": folded.replied_at,
        "failed_at": folded.failed_at,
        "unsure_at": folded.unsure_at,
        "first_receipt_at": folded.first_receipt_at,
        "last_receipt_at": folded.last_receipt_at,
        "anomalous": folded.anomalous,
        "failure": _failure(folded.failed.failure if folded.failed else None),
    }


def _failure(found: Failure | None) -> FailureShown | None:
    return FailureShown.model_validate(found) if found else None


def evidence(fact: Evidence) -> BaseModel:
    match fact:
        case Attempt():
            return AttemptShown(
                kind="attempt",
                number=fact.number,
                phase=PhaseWord(fact.phase.name.lower()),
                at=fact.at,
                wamid=fact.wamid,
                http_status=fact.http_status,
                message_status=fact.message_status,
                wa_id=fact.wa_id,
                note=fact.note,
                failure=_failure(fact.failure),
            )
        case Receipt():
            return ReceiptShown(
                kind="receipt",
                status=fact.status,
                at=fact.at,
                heard_at=fact.heard_at,
                source=fact.source,
                failure=_failure(fact.failure),
            )
        case Reply():
            return ReplyShown(
                kind="reply",
                at=fact.at,
                heard_at=fact.heard_at,
                type=fact.kind,
                text=fact.text,
                payload=fact.payload,
            )
    return SettlementShown(kind="settlement", decision=fact.decision, at=fact.at, by=fact.by, note=fact.note)
