"""Holds: place, list, release. One active hold per subject; the first reason stays."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.hold import Hold, Scope
from invy.store.database import Database
from invy.store.evidence import plain
from invy.store.tables import holds


def _read(row: Row[*tuple[object, ...]]) -> Hold:
    return Hold(Scope(row.scope), row.subject, row.reason, row.since, row.code)


async def active(connection: AsyncConnection) -> list[Hold]:
    found = await connection.execute(select(holds).where(holds.c.released_at.is_(None)).order_by(holds.c.id))
    return [_read(row) for row in found]


async def place(connection: AsyncConnection, database: Database, hold: Hold) -> bool:
    """Hold a subject; when it is held already, the first reason stays, and the answer is False."""
    placed = await connection.execute(
        database.insert_new(holds, ["scope", "subject"], where=holds.c.released_at.is_(None))
        .values(
            scope=hold.scope.value,
            subject=hold.subject,
            code=hold.code,
            reason=plain(hold.reason),
            since=hold.since,
        )
        .returning(holds.c.id)
    )
    return placed.first() is not None


async def released_at(connection: AsyncConnection, scope: Scope, subject: str) -> datetime | None:
    """When the subject's last hold ended; None when it never had one that did."""
    ended = select(func.max(holds.c.released_at)).where(
        holds.c.scope == scope.value, holds.c.subject == subject
    )
    found: datetime | None = (await connection.execute(ended)).scalar_one()
    return found


class HoldStore:
    """Holds for people to see and to release."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def active(self) -> Sequence[Hold]:
        async with self._database.read() as connection:
            return await active(connection)

    async def place(self, hold: Hold) -> None:
        """Hold a subject; when it is held already, the first reason stays."""
        async with self._database.write() as connection:
            await place(connection, self._database, hold)

    async def released_at(self, scope: Scope, subject: str) -> datetime | None:
        """When the subject's last hold ended; None when it never had one that did."""
        async with self._database.read() as connection:
            return await released_at(connection, scope, subject)

    async def release(self, scope: Scope, subject: str, at: datetime) -> bool:
        """Let the subject work again. False when it was not held."""
        async with self._database.write() as connection:
            done = await connection.execute(
                update(holds)
                .where(
                    holds.c.scope == scope.value, holds.c.subject == subject, holds.c.released_at.is_(None)
                )
                .values(released_at=at)
            )
            return bool(done.rowcount)
