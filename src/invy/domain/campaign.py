"""A campaign: one template sent to the guests of one event."""

from dataclasses import dataclass
from datetime import datetime

from invy.domain.ids import CampaignId, EventId, GuestId, TemplateKey
from invy.domain.message import Draft


@dataclass(frozen=True, slots=True)
class Campaign:
    id: CampaignId
    event_id: EventId
    template_key: TemplateKey
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Again:
    """Guests of a campaign to whom Meta could not deliver, with this code; and, where that counts, before then."""

    code: int
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A guest who was not put in the outbox, and why, in words for the person with the list."""

    guest_id: GuestId
    name: str
    phone: str
    reason: str
    hint: str
    kind: str
    """`parameter-refused` or `opted-out`."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What starting a campaign did."""

    campaign: Campaign
    new: int
    """Messages written to the outbox now."""
    already: int
    """Guests who have this template for this event already, from an earlier start."""
    left_out: tuple[LeftOut, ...]
    """Who was left out; of very many, the first."""
    left_out_count: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What starting a campaign would do."""

    new: int
    already: int
    left_out: tuple[LeftOut, ...]
    left_out_count: int
    first: tuple[Draft, ...]
    """The first messages that would be written, with their exact requests."""
