"""What Meta tells about templates, numbers and the account. Kept whole; the few words that matter stand beside it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """One change of a webhook field other than `messages`, or an error that belongs to no message.

    `field` is Meta's (message_template_status_update, account_update, …); an error at the level of the value has the
    field `messages` and the word `error`.
    """

    field: str
    at: datetime
    heard_at: datetime
    subject: str | None = None
    """What it is about: template name, phone number, or account id."""
    language: str | None = None
    word: str | None = None
    """The event or new value: APPROVED, PAUSED, RED, THROUGHPUT_UPGRADE, ACCOUNT_RESTRICTION, …"""
    code: int | None = None
    reason: str | None = None
    raw: bytes = b""
    """The change as it came, JSON."""
