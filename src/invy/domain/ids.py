"""Names of things, each its own type so that one cannot be taken for another.

New ids are UUIDs of version 7 (RFC 9562): they sort by the time they were made, which keeps database indexes warm
and lists stable. Time and randomness are handed in.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NewType
from uuid import UUID

MessageId = NewType("MessageId", str)
"""Ours, made before anything is sent; travels to Meta and back as `biz_opaque_callback_data`."""

Wamid = NewType("Wamid", str)
"""Meta's name for an accepted message."""

EventId = NewType("EventId", str)
GuestId = NewType("GuestId", str)
CampaignId = NewType("CampaignId", str)
TemplateKey = NewType("TemplateKey", str)
SenderId = NewType("SenderId", str)
"""Meta's `phone_number_id` of a business phone number."""

JournalId = NewType("JournalId", int)


def new_id(now: datetime, randomness: Callable[[int], bytes]) -> str:
    """A fresh UUIDv7 in its usual written form. `now` is aware; its milliseconds lead the id."""
    milliseconds = int(now.timestamp() * 1000)
    noise = int.from_bytes(randomness(10), "big")
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76
    value |= ((noise >> 62) & 0xFFF) << 64
    value |= 0b10 << 62
    value |= noise & (2**62 - 1)
    return str(UUID(int=value))
