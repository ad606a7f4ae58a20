"""Writing what a replay found. A row that the database refuses costs itself only: it is named, and the rest is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Executable
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.difference import Difference, Left
from invy.domain.ids import JournalId, MessageId
from invy.store import trouble


@dataclass(frozen=True, slots=True)
class Change:
    """What differs in one row, and the statement that mends it, if one may."""

    found: Sequence[Difference]
    statement: Executable | None
    journal_id: JournalId | None = None
    """The entry that the row is read from."""
    about: frozenset[MessageId] = frozenset()
    """The messages whose fold the row is part of, or was."""
    quiet: bool = False
    """What differs was told before: it is told again only if it cannot be written."""


class Mending:
    """Writes changes over one connection, and remembers what could not be written."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.entries: set[JournalId] = set()
        """Journal entries of which something could not be written."""
        self.messages: set[MessageId] = set()
        """Messages whose evidence is not whole for the same reason."""

    async def write(self, changes: Sequence[Change]) -> list[Difference]:
        """Write them, and return what is to be told: as a page where nothing is refused, else one by one.

        Raises:
            StoreUnavailable: the database itself is in trouble.
        """
        if await self._written(changes):
            return [each for change in changes if not change.quiet for each in change.found]
        told: list[Difference] = []
        for change in changes:
            if await self._written([change]):
                told += () if change.quiet else change.found
                continue
            told += [replace(each, left=each.left or Left.REFUSED) for each in change.found]
            if change.journal_id is not None:
                self.entries.add(change.journal_id)
            self.messages |= change.about
        return told

    async def _written(self, changes: Sequence[Change]) -> bool:
        await self._connection.exec_driver_sql("SAVEPOINT mending")
        try:
            for change in changes:
                if change.statement is not None:
                    await self._connection.execute(change.statement)
        except (StatementError, ValueError, OverflowError) as error:
            if isinstance(error, DBAPIError) and trouble.of(error) is not None:
                raise
            await self._connection.exec_driver_sql("ROLLBACK TO SAVEPOINT mending")
            await self._connection.exec_driver_sql("RELEASE SAVEPOINT mending")
            return False
        await self._connection.exec_driver_sql("RELEASE SAVEPOINT mending")
        return True
