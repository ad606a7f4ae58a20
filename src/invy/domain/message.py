"""A message: one send of one template to one number. At most one wamid, ever; a resend is a new message."""

from dataclasses import dataclass
from datetime import datetime

from invy.domain.fold import Folded
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
    return "\x1f".join((event_id, template_key, to))
