"""Queued messages out of the outbox: the decision is stored and the row settled in one transaction.

The rows are locked before they are judged, so a sender's lease and a cancellation cannot both have one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.evidence import Settlement, Told
from invy.domain.ids import CampaignId
from invy.domain.message import Message, once_key, retry_key
from invy.store import messages as message_rows
from invy.store import telling
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.tables import messages

_QUEUED = text("status = 'queued'")
"""The very words of the partial index."""

_COLUMNS = (
    messages.c.id,
    messages.c.once_key,
    messages.c.event_id,
    messages.c.template_key,
    messages.c.to_phone,
    messages.c.retry_of,
)


class CancelStore:
    """Fits the port of cancelling."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def one(self, name: str, settlement: Settlement) -> tuple[Message, bool] | None:
        """The message as it stands afterwards, and whether it was cancelled: only if it was queued."""
        async with self._database.write() as connection:
            named = select(*_COLUMNS, messages.c.status).where(messages.c.id == name)
            row = (await connection.execute(self._database.for_update(named))).one_or_none()
            message = None if row is None else await message_rows.find(connection, row.id)
            if row is None or message is None:
                return None
            if row.status != "queued":
                return message, False
            told = await take_out(connection, self._database, [row], settlement)
            return replace(message, folded=told.after[message.id]), True

    async def some(self, campaign_id: CampaignId, settlement: Settlement) -> tuple[int, bool]:
        """Cancel a chunk; how many, and whether there may be more."""
        of_campaign = (messages.c.campaign_id == campaign_id, _QUEUED)
        async with self._database.write() as connection:
            chunk = select(*_COLUMNS).where(*of_campaign).order_by(messages.c.id).limit(CHUNK)
            rows = (await connection.execute(self._database.for_update(chunk))).all()
            if rows:
                await take_out(connection, self._database, rows, settlement)
            # Those that a sender took while we waited for its lock are not among the rows; others may be behind them.
            left = await connection.execute(select(messages.c.id).where(*of_campaign).limit(1))
            return len(rows), left.first() is not None


async def take_out(
    connection: AsyncConnection, database: Database, rows: Sequence[Row[Any]], settlement: Settlement
) -> telling.Telling:
    """Settle queued messages, whose rows are locked, as not sent. Such a message counts as never made."""
    told = await telling.tell(connection, database, [Told(settlement, message_id=row.id) for row in rows])
    settled = update(messages).where(messages.c.id.in_([row.id for row in rows]))
    await connection.execute(settled.values(due_at=None))
    free = [row.id for row in rows if row.once_key is not None and row.once_key in _keys(row)]
    # Never sent, so the guest is not invited, or the message not sent again. Other keys stay: a request of the API is
    # one message for ever.
    await connection.execute(update(messages).where(messages.c.id.in_(free)).values(once_key=None))
    return told


def _keys(row: Row[Any]) -> Iterator[str]:
    """The keys that a message gives back when it will never be sent."""
    if row.event_id is not None:
        yield once_key(row.event_id, row.template_key, row.to_phone)
    if row.retry_of is not None:
        yield retry_key(row.retry_of)
