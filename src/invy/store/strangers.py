"""What is queued for other business phone numbers than the one in the settings: no process with these settings sends it."""

from collections.abc import Mapping

from sqlalchemy import func, select, text

from invy.domain.ids import CampaignId, SenderId
from invy.store.database import Database
from invy.store.tables import messages

_QUEUED = text("status = 'queued'")
"""The very words of the partial index."""


async def queued_for_others(
    database: Database, campaign_id: CampaignId, sender_id: SenderId
) -> Mapping[SenderId, int]:
    """How many messages of the campaign wait for each number that is not this one."""
    statement = (
        select(messages.c.sender_id, func.count().label("number"))
        .where(_QUEUED, messages.c.campaign_id == campaign_id, messages.c.sender_id != sender_id)
        .group_by(messages.c.sender_id)
        .order_by(messages.c.sender_id)
    )
    async with database.read() as connection:
        rows = await connection.execute(statement)
        return {SenderId(row.sender_id): row.number for row in rows}
