"""A hold: why the work of a sender, a template or a campaign rests until someone releases it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

RESTORED = "Restored from"
"""How the reason begins with which a restored backup holds its senders."""


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
    """Meta's error code, when Meta caused the hold; None when a person or a restored backup did."""

    @property
    def guards_restored(self) -> bool:
        """Whether it is there because a backup was restored: what is queued may have been sent since that was made."""
        return self.code is None and self.reason.startswith(RESTORED)
