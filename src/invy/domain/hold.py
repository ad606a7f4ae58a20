"""A hold: why the work of a sender, a template or a campaign rests until someone releases it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What rests."""

    SENDER = "sender"  # a business phone number, with everything it sends
    TEMPLATE = "template"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class Hold:
    scope: Scope
    subject: str
    """The sender's phone_number_id, the template key, or the campaign id."""
    reason: str
    since: datetime
    code: int | None = None
    """Meta's error code, when Meta caused the hold; None when a person did."""
