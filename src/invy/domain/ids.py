"""Names of things, each its own type so that one cannot be taken for another.

New ids are UUIDs of version 7 (RFC 9562): they sort by the time they were made, which keeps database indexes warm
and lists stable. Time and randomness are handed in.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NewType
from uuid import UUID

from invy.domain.errors import InvalidInput

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

LONGEST_EVENT_ID: Final = 200


def event_id(text: str) -> EventId:
    """The id of an event as a user gives it: the one rule, for the command line, the HTTP API and the library.

    Blanks around it are not part of it. Marks that nobody sees (bidi marks, zero-width characters, controls) are
    refused: two ids that look alike would be two events.

    Raises:
        InvalidInput: it is empty, far too long, or has characters that nobody could type again.
    """
    name = text.strip()
    if not name or len(name) > LONGEST_EVENT_ID or not name.isprintable():
        raise InvalidInput(
            "That cannot be the id of an event.",
            hint=f"Use 1 to {LONGEST_EVENT_ID} visible letters, digits and signs on one line, such as noa-and-amit.",
        )
    return EventId(name)


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
