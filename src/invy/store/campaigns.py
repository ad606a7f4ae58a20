"""Campaigns: one row per event and template."""

import difflib
from collections.abc import Sequence

from sqlalchemy import Row, select

from invy.domain.campaign import Campaign
from invy.domain.errors import NotFound
from invy.domain.ids import EventId
from invy.store.database import Database
from invy.store.tables import campaigns


def _read(row: Row[*tuple[object, ...]]) -> Campaign:
    return Campaign(row.id, row.event_id, row.template_key, row.created_at)


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

    async def all(self) -> Sequence[Campaign]:
        async with self._database.read() as connection:
            found = await connection.execute(select(campaigns).order_by(campaigns.c.created_at))
            return [_read(row) for row in found]
