"""What was last seen at Meta: of each kind and subject the newest, and whose turn it is to look."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.diagnose.sighting import Fact, Sighting
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.tables import sightings

_LOOK = "look"
_NOTHING = b"{}"
F = TypeVar("F", bound=Fact)


async def last(connection: AsyncConnection, kind: type[F], subject: str) -> Sighting[F] | None:
    """What was last seen of this. A row that another version wrote otherwise counts as never seen."""
    found = await connection.execute(
        select(sightings.c.at, sightings.c.fact).where(
            sightings.c.kind == kind.kind, sightings.c.subject == subject
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    try:
        return Sighting(subject, row.at, msgspec.json.decode(row.fact, type=kind))
    except msgspec.DecodeError:
        return None


class SightingStore:
    """Every method is one transaction. Raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, seen: Sequence[Sighting[Fact]]) -> None:
        """The newest wins, whichever comes first; the same seen twice is one row. Idempotent."""
        rows = {
            (each.fact.kind, each.subject): {
                "kind": each.fact.kind,
                "subject": each.subject,
                "at": each.at,
                "fact": msgspec.json.encode(each.fact),
            }
            for each in sorted(seen, key=lambda each: each.at)
        }
        ordered = [rows[key] for key in sorted(rows)]  # one order for all, so that no two wait for each other
        newest = self._database.upsert(sightings, ["kind", "subject"], ["at", "fact"], newer=("at",))
        async with self._database.write() as connection:
            for start in range(0, len(ordered), CHUNK):
                await connection.execute(newest, ordered[start : start + CHUNK])

    async def may_look(self, subject: str, now: datetime, after: timedelta) -> bool:
        """Note that it is looked now, unless somebody, in whatever process, did so less than `after` ago."""
        looked = select(sightings.c.at).where(sightings.c.kind == _LOOK, sightings.c.subject == subject)
        row = {"kind": _LOOK, "subject": subject, "at": now, "fact": _NOTHING}
        async with self._database.write() as connection:
            first = self._database.insert_new(sightings, ["kind", "subject"]).values(row)
            if (await connection.execute(first)).rowcount:
                return True
            at: datetime = (await connection.execute(self._database.for_update(looked))).scalar_one()
            if timedelta(0) <= now - at < after:  # a clock that was ahead must not end all looking
                return False
            again = sightings.update().where(sightings.c.kind == _LOOK, sightings.c.subject == subject)
            await connection.execute(again.values(at=now))
            return True

    async def last(self, kind: type[F], subject: str) -> Sighting[F] | None:
        async with self._database.read() as connection:
            return await last(connection, kind, subject)
