"""How the sender, the template, the webhook and the other messages are doing: what a verdict compares a message with.

Plain values, filled by whoever knows them; what is not known stays at its default. The one judgement made here is
whether delivery reports reach us.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from invy.diagnose.neighbours import Around
from invy.domain.hold import Hold
from invy.meta.catalogue import Text

WINDOW_S = 600
"""`Others` counts messages that Meta accepted from so long before this one until so long after it."""

SETTLE_S = 120
"""A message accepted less long ago says nothing yet: its first report may still be on its way."""


class Ability(StrEnum):
    """Meta's `can_send_message` of one entity (health status page). A block of calls alone is not BLOCKED here."""

    AVAILABLE = "AVAILABLE"
    LIMITED = "LIMITED"
    BLOCKED = "BLOCKED"


@dataclass(frozen=True, slots=True)
class SenderHealth:
    """The business number we send from, and the account behind it."""

    hold: Hold | None = None
    resting_until: datetime | None = None
    """Meta asked for a slower pace; nothing goes out before."""
    ability: Ability | None = None
    """The worst of phone number, account, business and app, messaging only."""
    ability_reason: str | None = None
    ability_at: datetime | None = None
    """When Meta told so, or we saw it there."""
    quality: str | None = None
    """GREEN, YELLOW, RED, …"""
    quality_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TemplateHealth:
    hold: Hold | None = None
    status: str | None = None
    """APPROVED, PAUSED, DISABLED, … as Meta last said."""
    status_at: datetime | None = None
    lifetime_s: int | None = None
    """The template's `message_send_ttl_seconds`; None or negative means WhatsApp's 30 days."""
    lifetime_at: datetime | None = None
    """When we saw it."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What has been heard from Meta, about any message."""

    last_heard_at: datetime | None = None
    """The last genuine webhook of any kind."""
    last_receipt_at: datetime | None = None
    """The last delivery report about any message of this sender. None: none ever."""
    unanswered: int = 0
    """Messages that Meta accepted after `last_receipt_at` (ever, if there is none) and at least SETTLE_S ago."""
    last_refused_at: datetime | None = None
    """The last body of Meta's that was turned away for its signature."""
    subscribed: bool | None = None
    """Whether our app is among the account's subscribed apps, when that has been asked."""
    diverted_to: str | None = None
    """An override address that is not ours, when one has been seen."""
    looked_at: datetime | None = None
    """When these two were seen at Meta."""


@dataclass(frozen=True, slots=True)
class Others:
    """Other messages of this sender that Meta accepted at the same time (WINDOW_S), at least SETTLE_S ago.

    Without this message, and without those that Meta holds back for pacing.
    """

    accepted: int = 0
    with_receipt: int = 0
    delivered: int = 0
    around: Around = Around.UNCLEAR
    """What those accepted right before and after this message tell."""
    late: int = 0
    """Those whose first report was lost or came late; a later one was heard."""
    failing_alike: int = 0
    """Messages of this sender that failed with the same code within the last day."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The waiting work of this sender."""

    ahead: int | None = None
    """How many messages go before this one."""
    per_second: float | None = None
    looked_at: datetime | None = None
    """When a sending process last looked for work. None: none ever did."""


@dataclass(frozen=True, slots=True)
class GuestRecord:
    """What earlier messages tell about this number."""

    opted_out_at: datetime | None = None
    reached_at: datetime | None = None
    """When another message of ours last arrived there."""
    missed: int = 0
    """Other messages of ours that did not arrive there."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What we saw when we fetched the header's picture as Meta would."""

    url: str
    """As it may be shown: without its query."""
    fine: bool
    seen: Text
    """For a person: `HTTP 404`, `image/webp`, `JPEG, 212 kB`, …"""


class Hearing(StrEnum):
    """Whether delivery reports reach us, as far as one message is concerned."""

    GOOD = "good"
    DEAF = "deaf"  # nobody gets any now
    WAS_DEAF = "was_deaf"  # nobody got any at the time, and now they arrive
    UNKNOWN = "unknown"  # nothing, or too little, to compare with


def hearing(webhooks: Webhooks, others: Others, since: datetime) -> Hearing:
    """Compare a message that has been silent `since` with what was heard about the others.

    That a report has come since then proves that we hear now, and not that we heard then.
    """
    heard = webhooks.last_receipt_at
    none_of_them = others.accepted > 0 and others.with_receipt == 0
    if heard is None:
        return Hearing.GOOD if others.with_receipt > 0 else Hearing.DEAF
    if heard < since:
        return Hearing.DEAF if webhooks.unanswered > 1 or none_of_them else Hearing.UNKNOWN
    if none_of_them or others.around is Around.SILENT:
        return Hearing.DEAF if webhooks.unanswered > 1 else Hearing.WAS_DEAF
    return Hearing.GOOD if others.around is Around.HEARD else Hearing.UNKNOWN
