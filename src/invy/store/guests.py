"""Events and guests."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.guest import Event, Guest, Imported
from invy.domain.ids import EventId, GuestId
from invy.domain.phone import E164
from invy.store import opt_outs
from invy.store.database import Database
from invy.store.evidence import CHUNK, plain
from invy.store.tables import events, guests


def _event(row: Row[*tuple[object, ...]]) -> Event:
    return Event(row.id, row.name, row.created_at)


def _guest(row: Row[*tuple[object, ...]]) -> Guest:
    return Guest(row.id, row.event_id, row.name, row.phone, row.params, row.created_at)


FIRST = GuestId("")
"""Before every guest."""


class GuestStore:
    """The guest lists. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_event(self, event: Event) -> None:
        """Make an event; one that is there keeps its name and time."""
        async with self._database.write() as connection:
            await _put_event(connection, self._database, event)

    async def rename(self, event_id: EventId, name: str) -> None:
        """Call an event something else; one that is not there stays so."""
        async with self._database.write() as connection:
            await connection.execute(update(events).where(events.c.id == event_id).values(name=plain(name)))

    async def events(self) -> list[Event]:
        async with self._database.read() as connection:
            found = await connection.execute(select(events).order_by(events.c.created_at, events.c.id))
            return [_event(row) for row in found]

    async def event(self, event_id: EventId) -> Event | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(events).where(events.c.id == event_id))).one_or_none()
            return _event(row) if row else None

    async def put(self, event: Event, chunks: Iterable[Sequence[Guest]]) -> Imported:
        """Put guests on an event's list, in one transaction.

        A number that is there already keeps its guest id and gets the new name and columns.
        """
        new = changed = same = 0
        async with self._database.write() as connection:
            await _put_event(connection, self._database, event)
            for chunk in chunks:
                for start in range(0, len(chunk), CHUNK):
                    part = chunk[start : start + CHUNK]
                    found = await connection.execute(
                        select(guests).where(
                            guests.c.event_id == event.id, guests.c.phone.in_([guest.phone for guest in part])
                        )
                    )
                    there = {row.phone: _guest(row) for row in found}
                    fresh = [guest for guest in part if guest.phone not in there]
                    if fresh:
                        await connection.execute(guests.insert(), [_row(guest) for guest in fresh])
                    new += len(fresh)
                    for guest in part:
                        old = there.get(guest.phone)
                        if old is None:
                            continue
                        if (old.name, dict(old.params)) == (guest.name, dict(guest.params)):
                            same += 1
                            continue
                        changed += 1
                        await connection.execute(
                            update(guests)
                            .where(guests.c.id == old.id)
                            .values(name=plain(guest.name), params=dict(guest.params))
                        )
        return Imported(new, changed, same)

    async def pages(self, event_id: EventId, size: int = 1000) -> AsyncIterator[list[Guest]]:
        """All guests of an event in the order they were added, a page at a time."""
        after = FIRST
        while True:
            page = await self.page(event_id, after=after, limit=size)
            if not page:
                return
            yield page
            after = page[-1].id

    async def page(self, event_id: EventId, *, after: GuestId = FIRST, limit: int = 100) -> list[Guest]:
        async with self._database.read() as connection:
            found = await connection.execute(
                select(guests)
                .where(guests.c.event_id == event_id, guests.c.id > after)
                .order_by(guests.c.id)
                .limit(limit)
            )
            return [_guest(row) for row in found]

    async def named(self, ids: Sequence[GuestId]) -> dict[GuestId, str]:
        """Names of guests, for lists of messages."""
        names: dict[GuestId, str] = {}
        async with self._database.read() as connection:
            for start in range(0, len(ids), CHUNK):
                found = await connection.execute(
                    select(guests.c.id, guests.c.name).where(guests.c.id.in_(ids[start : start + CHUNK]))
                )
                names.update({row.id: row.name for row in found})
        return names

    async def find(self, guest_id: GuestId) -> Guest | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(guests).where(guests.c.id == guest_id))).one_or_none()
            return _guest(row) if row else None

    async def count(self, event_id: EventId) -> int:
        async with self._database.read() as connection:
            statement = select(func.count()).select_from(guests).where(guests.c.event_id == event_id)
            return int((await connection.execute(statement)).scalar_one())

    async def opted_out(self, phones: Sequence[E164]) -> set[E164]:
        """Which of these numbers want no more marketing messages, by the latest word under any form of them."""
        async with self._database.read() as connection:
            return set(await opt_outs.standing(connection, phones))


def _row(guest: Guest) -> dict[str, object]:
    return {
        "id": guest.id,
        "event_id": guest.event_id,
        "name": plain(guest.name),
        "phone": guest.phone,
        "params": dict(guest.params),
        "created_at": guest.created_at,
    }


async def _put_event(connection: AsyncConnection, database: Database, event: Event) -> None:
    row: dict[str, str | datetime | None] = {
        "id": event.id,
        "name": plain(event.name),
        "created_at": event.created_at,
    }
    await connection.execute(database.insert_new(events, ["id"]), row)
