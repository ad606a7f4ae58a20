"""Putting the good rows of a list on an event's guest list, whichever face the list came in by."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from invy.domain.guest import Event, Guest, Imported
from invy.domain.ids import GuestId
from invy.engine.ports import Clock
from invy.roster import GuestRow

AT_ONCE: Final = 10_000
"""Guests per transaction: a running service must be able to write in between. Importing again completes what broke off."""


class GuestListPort(Protocol):
    async def put(self, event: Event, chunks: Iterable[Sequence[Guest]]) -> Imported: ...


async def enter(
    guests: GuestListPort,
    event: Event,
    rows: Sequence[GuestRow],
    *,
    clock: Clock,
    new_id: Callable[[], str],
) -> Imported:
    """Put the rows on the list. At least once: a number that is there already keeps its guest id.

    Raises:
        StoreUnavailable: what was entered so far stays; the same call again completes it.
    """
    done = Imported()
    now = clock()
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        # Ids of one millisecond are in random order; sorted, the list keeps the order of the file.
        ids = sorted(new_id() for _ in part)
        chunk = [
            Guest(GuestId(guest_id), event.id, row.name, row.phone, dict(row.params), now)
            for guest_id, row in zip(ids, part, strict=True)
        ]
        done += await guests.put(event, [chunk])
    return done
