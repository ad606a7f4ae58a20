"""Small things that tests make over and over: times, drafts, receipts."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

from invy.domain.evidence import Receipt, Told
from invy.domain.failure import Failure
from invy.domain.ids import CampaignId, EventId, GuestId, MessageId, SenderId, TemplateKey, Wamid
from invy.domain.message import Draft
from invy.domain.phone import E164

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
SENDER = SenderId("106540000000001")


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def message_id(n: int) -> MessageId:
    return MessageId(f"019a0000-0000-7000-8000-{n:012d}")


def phone(n: int) -> E164:
    return E164(f"+4477009{n:05d}")


def draft(n: int, *, once_key: str | None = None, campaign: str | None = None, template: str = "t") -> Draft:
    return Draft(
        id=message_id(n),
        to=phone(n),
        template_key=TemplateKey(template),
        template_name="hina_invitation",
        template_language="he",
        sender_id=SENDER,
        payload=b"{}",
        created_at=at(n / 1000),
        event_id=EventId("wedding"),
        guest_id=GuestId(f"guest-{n}"),
        campaign_id=CampaignId(campaign) if campaign else None,
        once_key=once_key,
    )


async def chunks(*given: Sequence[Draft]) -> AsyncIterator[Sequence[Draft]]:
    for chunk in given:
        yield chunk


def receipt(
    wamid: str | None,
    status: str,
    seconds: float = 10,
    *,
    opaque: str | None = None,
    failure: Failure | None = None,
    heard: float | None = None,
) -> Told:
    named = Wamid(wamid) if wamid else None
    heard_at = at(seconds + 1 if heard is None else heard)
    fact = Receipt(named, status, at(seconds), heard_at, opaque=opaque, failure=failure)
    return Told(fact, wamid=named, opaque=opaque)
