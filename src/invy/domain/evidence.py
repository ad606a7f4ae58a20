"""Everything that can be known about a message, one frozen fact each. Facts only: what they add up to is the fold's.

Two clocks appear. `at` is when the thing happened by the teller's clock (Meta's for receipts and replies, ours for
attempts); `heard_at` is when we heard of it.

Structs and not dataclasses: several are made for every receipt, at a fifth of the cost.
"""

from datetime import datetime
from enum import IntEnum, StrEnum
from hashlib import blake2b

import msgspec

from invy.domain.failure import Failure
from invy.domain.ids import JournalId, MessageId, Wamid


class Phase(IntEnum):
    """How far one attempt to send has come. Later phases of the same attempt override earlier ones."""

    NONE = 0
    STARTED = 1  # the intent is durable; the request may have left
    DEFERRED = 2  # certainly not processed by Meta: back to the queue
    UNSURE = 3  # left, and nobody knows
    REFUSED = 4  # Meta said no
    ACCEPTED = 5  # Meta said yes and gave a wamid


class Attempt(msgspec.Struct, frozen=True):
    """One step of one of our attempts to send. `number` counts from 1 for each message."""

    number: int
    phase: Phase
    at: datetime
    wamid: Wamid | None = None
    failure: Failure | None = None
    http_status: int | None = None
    message_status: str | None = None
    """Meta's word in an accepted reply: `accepted`, `held_for_quality_assessment`, `paused`."""
    wa_id: str | None = None
    """The number as Meta knows it, which may differ from the one dialled (Brazil, Mexico, Argentina)."""
    note: str | None = None
    """For deferred and unsure attempts: what we saw (timeout, reset, crash, …)."""


class Source(StrEnum):
    """How a receipt came to us."""

    WEBHOOK = "webhook"
    HISTORY = "history"  # we asked Meta's message_history


class Receipt(msgspec.Struct, frozen=True):
    """A status that Meta reports about a message. Joined by wamid, else by `opaque`; never by recipient.

    `status` is Meta's word as it came; words we do not know are kept and move nothing.
    """

    wamid: Wamid | None
    status: str
    at: datetime | None
    heard_at: datetime
    opaque: str | None = None
    failure: Failure | None = None
    recipient: str | None = None
    user_id: str | None = None
    source: Source = Source.WEBHOOK
    webhook_update_state: str | None = None
    """Only from message_history: whether Meta managed to call our webhook."""


class Reply(msgspec.Struct, frozen=True):
    """The guest answered: a button, a text, a reaction. It proves that the message was read."""

    wamid: Wamid
    """Of the guest's own message."""
    at: datetime
    heard_at: datetime
    kind: str
    """Meta's type: button, text, interactive, reaction, …"""
    text: str | None = None
    payload: str | None = None


class Decision(StrEnum):
    """What a person decided about an unconfirmed message."""

    SENT = "sent"
    NOT_SENT = "not_sent"


class Settlement(msgspec.Struct, frozen=True):
    """A person has looked at an unconfirmed message and decided."""

    decision: Decision
    at: datetime
    by: str
    note: str | None = None


Evidence = Attempt | Receipt | Reply | Settlement


class Told(msgspec.Struct, frozen=True):
    """A fact and what it is about, as its teller named it: our id, or the wamid and the opaque text of a receipt.

    A fact whose message is not known is an orphan: it waits and is found again by wamid or opaque text.
    """

    fact: Evidence
    message_id: MessageId | None = None
    wamid: Wamid | None = None
    opaque: str | None = None
    journal_id: JournalId | None = None


def once_key(evidence: Evidence, about: str) -> str:
    """The name under which a fact is stored at most once. `about` is the message, as its teller named it.

    When a fact is told twice, only the moment of hearing differs, so that is left out. Everything else that the fold
    looks at is in: two facts of one key must fold to the same state.
    """
    match evidence:
        case Attempt(number=number, phase=phase):
            parts: tuple[object, ...] = (
                "attempt",
                about,
                number,
                int(phase),
                evidence.at.timestamp(),
                evidence.wamid,
                evidence.wa_id,
                evidence.message_status,
                *_key(evidence.failure),
            )
        case Receipt(status=status, at=at, source=source):
            # Most of what is ever told, so written in one piece.
            moment = at.timestamp() if at else None
            said = (
                f"receipt\x1f{about}\x1f{status}\x1f{moment}\x1f{source}\x1f{evidence.webhook_update_state}"
            )
            return _digest("\x1f".join((said, *map(str, _key(evidence.failure)))))
        case Reply(wamid=wamid):
            parts = ("reply", about, wamid, evidence.at.timestamp())
        case Settlement(decision=decision, at=at):
            parts = ("settlement", about, decision, at.timestamp(), evidence.by, evidence.note)
    return _digest("\x1f".join(map(str, parts)))


def _digest(said: str) -> str:
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _key(failure: Failure | None) -> tuple[object, ...]:
    return () if failure is None else failure.key()
