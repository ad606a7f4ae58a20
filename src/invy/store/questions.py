"""The ledger of questions to Meta's message history: when each was asked in the last hour, all processes together.

Kept beside what was last seen at Meta, as one row that whoever wants to ask locks. Knows nothing of messages: one
that is asked about twice is two questions, and one that Meta refused was asked as well.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.silence import Budget
from invy.store.database import Database
from invy.store.tables import sightings

_KIND: Final = "questions"
_SUBJECT: Final = "message_history"
_ROW: Final = (sightings.c.kind == _KIND, sightings.c.subject == _SUBJECT)
_HOUR: Final = timedelta(hours=1)
_AHEAD: Final = timedelta(minutes=1)
"""Nobody is told to wait longer than that; a question further ahead was written by a clock that was wrong."""


async def next_slot(
    connection: AsyncConnection, database: Database, now: datetime, budget: Budget
) -> datetime | None:
    """When the next question may be asked; None when the budget is spent. Locks the ledger until the transaction ends."""
    asked = await _asked(connection, database, now)
    if len(asked) >= budget.per_hour:
        return None
    return max(now, asked[-1] + timedelta(seconds=budget.gap_s)) if asked else now


async def note(connection: AsyncConnection, database: Database, now: datetime, slot: datetime) -> None:
    """A question is asked then. In the transaction that was given the slot."""
    kept = [each.timestamp() for each in [*await _asked(connection, database, now), slot]]
    written = sightings.update().where(*_ROW).values(at=slot, fact=msgspec.json.encode(kept))
    await connection.execute(written)


async def _asked(connection: AsyncConnection, database: Database, now: datetime) -> list[datetime]:
    statement = database.for_update(select(sightings.c.fact).where(*_ROW))
    fact = (await connection.execute(statement)).scalar_one_or_none()
    if fact is None:
        fresh = {"kind": _KIND, "subject": _SUBJECT, "at": now, "fact": b"[]"}
        await connection.execute(database.insert_new(sightings, ["kind", "subject"]), fresh)
        fact = (await connection.execute(statement)).scalar_one()
    try:
        seconds = msgspec.json.decode(fact, type=list[float])
    except msgspec.DecodeError:  # another version wrote it otherwise
        return []
    moments = (datetime.fromtimestamp(each, UTC) for each in seconds)
    return sorted(each for each in moments if now - _HOUR < each <= now + _AHEAD)
