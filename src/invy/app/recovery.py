"""From a backup to a working database: check the file, prove what is in it, then put it in place of what is there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from invy.app import proof
from invy.app.proof import Found
from invy.domain.errors import InvalidInput
from invy.engine.ports import Clock
from invy.engine.replay import Telling
from invy.store import restore as store
from invy.store import schema
from invy.store.database import Database
from invy.store.renewal import renewed
from invy.store.scratch import scratch
from invy.store.workers import Workplace


class Watching(Telling, Protocol):
    """Who is told how far the work is."""

    def now(self, sentence: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came of it. With `differences` nothing was written."""

    rows: dict[str, int]
    differences: int = 0
    written: bool = False
    held: tuple[str, ...] = ()
    """Senders that rest until a person has looked at what still waits."""


async def recover(
    database: Database | None,
    path: Path,
    *,
    folder: Path,
    prove: bool,
    force: bool,
    clock: Clock,
    found: Found,
    watching: Watching,
) -> Recovered:
    """Put a backup into a database, or only look at it when there is none.

    One of an earlier revision is first migrated, in a throw-away file in `folder`. With `prove`, the backup is then
    restored to a throw-away database there, audited and replayed; any difference is told to `found` and ends it.

    Raises:
        InvalidInput: the backup cannot be used, or the database is not empty and `force` was not given.
        TryLater: somebody is at work on the database, or it is away or full. In each case nothing was changed.
    """

    def progress(table: str, rows: int) -> None:
        watching.now(f"{table}: {rows:,}")

    async with renewed(path, folder, progress) as file:
        rows = await store.check(file, progress)
        if prove:
            differences = await _prove(file, folder, clock, found, watching)
            if differences:
                return Recovered(rows, differences)
        if database is None:
            return Recovered(rows)
        now = clock()
        if (await schema.state(database)).current is None:
            await schema.upgrade(database)
        await schema.require_current(database)
        async with Workplace(database).alone(now):
            if not force:
                await _require_empty(database)
            held = await store.load(file, database, called=path.name, now=now, progress=progress)
    return Recovered(rows, written=True, held=tuple(held))


async def _prove(path: Path, folder: Path, clock: Clock, found: Found, watching: Watching) -> int:
    async with scratch(folder) as place:
        await store.pour(path, place, lambda *_: None)
        audited = await proof.audit(place, found, lambda done: watching.now(f"{done:,} messages audited"))
        replayed = await proof.replay(place, folder, mend=False, clock=clock, found=found, progress=watching)
    return audited.differences + replayed.differences


async def _require_empty(database: Database) -> None:
    inside = await store.occupied(database)
    if inside is not None:
        raise InvalidInput(
            f"The database is not empty: it holds {inside}.",
            hint="Back it up first, then say --force to replace all of it; or name an empty one in INVY_DATABASE_URL.",
        )
