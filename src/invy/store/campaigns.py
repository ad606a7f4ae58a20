"""Campaigns: one row per event and template."""

import difflib
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, update

from invy.domain.campaign import Again, Campaign
from invy.domain.errors import NotFound
from invy.domain.evidence import Phase
from invy.domain.ids import CampaignId, EventId, MessageId
from invy.domain.phone import E164
from invy.domain.state import State
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.tables import campaigns, messages


def _read(row: Row[*tuple[object, ...]]) -> Campaign:
    return Campaign(row.id, row.event_id, row.template_key, row.created_at)


def _refused(codes: Collection[int]) -> ColumnElement[bool]:
    """Meta's answer to the request was a refusal, and nothing else was ever heard: it was certainly not sent."""
    return and_(
        messages.c.status == State.FAILED.value,
        messages.c.phase == Phase.REFUSED.value,
        messages.c.wamid.is_(None),
        messages.c.accepted_at.is_(None),
        messages.c.unsure_at.is_(None),
        messages.c.first_receipt_at.is_(None),
        messages.c.error_code.in_(codes),
    )


_other = messages.alias("other")

_SUCCEEDED = and_(
    _other.c.attempt > 0,
    or_(
        _other.c.retry_of == messages.c.id,
        # Written without that word because a start was broken off; unless clocks say so of the one that is sent again.
        and_(
            _other.c.created_at > messages.c.created_at,
            or_(messages.c.retry_of.is_(None), messages.c.retry_of != _other.c.id),
        ),
    ),
)
"""Another message came after this one and left."""

_UNDELIVERED = and_(
    messages.c.status == State.FAILED.value,
    messages.c.first_receipt_at.is_not(None),
    ~exists().where(
        _other.c.to_phone == messages.c.to_phone,
        # Not as a bare column: SQLite would go through the whole campaign for each guest instead of through the number.
        func.coalesce(_other.c.campaign_id, "") == messages.c.campaign_id,
        # Something of it may have arrived, may still, or is on its way; or a later one has failed, and that one counts.
        or_(_other.c.status != State.FAILED.value, _SUCCEEDED),
    ),
)
"""Meta took the message and reported that it failed, and nothing else of this campaign was sent to that number since."""


def _meant(again: Collection[Again]) -> ColumnElement[bool]:
    return or_(
        *(
            and_(messages.c.error_code == each.code, messages.c.failed_at <= each.before)
            if each.before is not None
            else messages.c.error_code == each.code
            for each in again
        )
    )


class CampaignStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, campaign: Campaign) -> Campaign:
        """Make a campaign, or return the one that this event and template have already."""
        async with self._database.write() as connection:
            await connection.execute(
                self._database.insert_new(campaigns, ["event_id", "template_key"]).values(
                    id=campaign.id,
                    event_id=campaign.event_id,
                    template_key=campaign.template_key,
                    created_at=campaign.created_at,
                )
            )
            found = await connection.execute(
                select(campaigns).where(
                    campaigns.c.event_id == campaign.event_id,
                    campaigns.c.template_key == campaign.template_key,
                )
            )
            return _read(found.one())

    async def of_event(self, event_id: EventId) -> Sequence[Campaign]:
        async with self._database.read() as connection:
            found = await connection.execute(
                select(campaigns).where(campaigns.c.event_id == event_id).order_by(campaigns.c.created_at)
            )
            return [_read(row) for row in found]

    async def started(self, event_id: EventId, template_key: str) -> Campaign:
        """The campaign that was started for this event with this template.

        Raises:
            NotFound: this template was never sent to the guests of that event.
        """
        found = {str(each.template_key): each for each in await self.of_event(event_id)}
        if template_key in found:
            return found[template_key]
        near = difflib.get_close_matches(template_key, found, n=1)
        raise NotFound(
            f"The template {template_key[:128]!r} was never sent to the guests of {event_id!r}.",
            hint=f"Did you mean {near[0]!r}?"
            if near
            else f"Started there: {', '.join(found) or 'none yet'}.",
        )

    async def refused(self, once_keys: Collection[str], codes: Collection[int]) -> set[str]:
        """Those of these keys that belong to a request which Meta refused with one of `codes`."""
        found: set[str] = set()
        asked = sorted(once_keys)
        for start in range(0, len(asked), CHUNK):
            part = messages.c.once_key.in_(asked[start : start + CHUNK])
            async with self._database.read() as connection:
                rows = await connection.execute(select(messages.c.once_key).where(part, _refused(codes)))
                found.update(row.once_key for row in rows)
        return found

    async def give_back(self, campaign_id: CampaignId, codes: Collection[int]) -> int:
        """Count the guests as not invited whose requests Meta refused with one of `codes`; returns how many."""
        async with self._database.write() as connection:
            given = await connection.execute(
                update(messages)
                .where(
                    messages.c.campaign_id == campaign_id, messages.c.once_key.is_not(None), _refused(codes)
                )
                .values(once_key=None)
            )
            return int(given.rowcount)

    async def undelivered(self, campaign_id: CampaignId) -> Mapping[int, int]:
        """How many guests Meta could not deliver to, by its code."""
        statement = (
            select(messages.c.error_code, func.count().label("guests"))
            .where(messages.c.campaign_id == campaign_id, messages.c.error_code.is_not(None), _UNDELIVERED)
            .group_by(messages.c.error_code)
            .order_by(func.count().desc(), messages.c.error_code)
        )
        async with self._database.read() as connection:
            return {row.error_code: row.guests for row in await connection.execute(statement)}

    async def undelivered_among(
        self, campaign_id: CampaignId, phones: Collection[E164], again: Collection[Again]
    ) -> dict[E164, MessageId]:
        """Those of these numbers to which Meta could not deliver as is meant, with the message that failed."""
        found: dict[E164, MessageId] = {}
        asked = sorted(phones)
        for start in range(0, len(asked), CHUNK):
            statement = select(messages.c.to_phone, messages.c.id).where(
                messages.c.campaign_id == campaign_id,
                messages.c.to_phone.in_(asked[start : start + CHUNK]),
                _UNDELIVERED,
                _meant(again),
            )
            async with self._database.read() as connection:
                found.update({row.to_phone: row.id for row in await connection.execute(statement)})
        return found

    async def give_back_undelivered(self, campaign_id: CampaignId, again: Collection[Again]) -> None:
        """Count the guests as not invited to whom Meta could not deliver as is meant."""
        meant = (
            select(messages.c.to_phone)
            .where(messages.c.campaign_id == campaign_id, _UNDELIVERED, _meant(again))
            .correlate(None)  # of all rows, not of the one that is being changed
        )
        async with self._database.write() as connection:
            await connection.execute(
                update(messages)
                .where(
                    messages.c.campaign_id == campaign_id,
                    messages.c.once_key.is_not(None),
                    messages.c.to_phone.in_(meant),
                )
                .values(once_key=None)
            )

    async def all(self) -> Sequence[Campaign]:
        async with self._database.read() as connection:
            found = await connection.execute(select(campaigns).order_by(campaigns.c.created_at))
            return [_read(row) for row in found]
