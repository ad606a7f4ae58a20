"""A message: one send of one template to one number. At most one wamid, ever; a resend is a new message."""

from dataclasses import dataclass
from datetime import datetime

from invy.domain.evidence import Attempt, Decision, Settlement
from invy.domain.fold import Folded
from invy.domain.hold import Hold
from invy.domain.ids import CampaignId, EventId, GuestId, MessageId, SenderId, TemplateKey
from invy.domain.phone import E164
from invy.domain.state import State


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is ready to be written down. `payload` is the exact request body for Meta."""

    id: MessageId
    to: E164
    template_key: TemplateKey
    template_name: str
    template_language: str
    sender_id: SenderId
    payload: bytes
    created_at: datetime
    event_id: EventId | None = None
    guest_id: GuestId | None = None
    campaign_id: CampaignId | None = None
    retry_of: MessageId | None = None
    once_key: str | None = None
    """Two drafts of one key are one invitation: the second is not written."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A message whose next attempt has been written down and whose request must now leave, once."""

    id: MessageId
    to: E164
    template_key: TemplateKey
    campaign_id: CampaignId | None
    sender_id: SenderId
    payload: bytes
    attempt: int
    lease_until: datetime
    """When whoever took the message counts as gone, and anybody may say that the outcome of this attempt is unknown."""
    rested_s: float | None = None
    """How long the sender has rested, if this message goes ahead alone to see whether Meta answers again."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands: what was asked for and what its evidence folds to."""

    id: MessageId
    to: E164
    template_key: TemplateKey
    template_name: str
    template_language: str
    sender_id: SenderId
    created_at: datetime
    event_id: EventId | None
    guest_id: GuestId | None
    campaign_id: CampaignId | None
    retry_of: MessageId | None
    due_at: datetime | None
    folded: Folded

    @property
    def state(self) -> State:
        return self.folded.state


def once_key(event_id: EventId, template_key: TemplateKey, to: E164) -> str:
    """The key under which a guest is invited at most once: the event, the template and the number."""
    return f"{event_id}\x1f{template_key}\x1f{to}"


def retry_key(original: MessageId) -> str:
    """The key under which a message is sent again at most once."""
    return f"retry\x1f{original}"


def stopped_by_guest(at: datetime) -> Settlement:
    """What is decided about a queued message whose guest asks for no more of them: nobody's decision but the guest's."""
    return Settlement(Decision.NOT_SENT, at, _NOBODY, _STOPPED)


def was_stopped_by_guest(settlement: Settlement) -> bool:
    return (settlement.by, settlement.note) == (_NOBODY, _STOPPED)


_NOBODY = "Invy"
_STOPPED = "the guest asked for no more marketing messages while it was queued"


@dataclass(frozen=True, slots=True)
class Posted:
    """The outcome of one attempt, with what follows from it for this message and for others."""

    message_id: MessageId
    attempt: Attempt
    due_at: datetime | None = None
    """For a deferred attempt: not before this."""
    hold: Hold | None = None
    rest_until: datetime | None = None
    """Nobody should use this sender before then."""
    sender_id: SenderId | None = None
    probed: bool = False
    """It went ahead alone after a rest. What its answer says of resting replaces what was said before."""
    pair: E164 | None = None
    """Meta wants no other message of this sender to this number before `due_at` either."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What a sender got when it asked for work, and when asking again makes sense."""

    messages: tuple[Leased, ...]
    wait_s: float
    """0 when there may be more at once."""
    idle: bool = False
    """Nothing can be sent now at any pace: nothing is due, or what is due is held or the sender rests."""
    left_out: tuple[MessageId, ...] = ()
    """Taken out of the queue instead: their guests have asked for no more of them since they were written."""
