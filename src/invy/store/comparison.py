"""Laying a database beside its replay, row by row, and writing what the replay found. In pages: memory stays flat.

Rows are found by their unique key and never by sort order, which differs between databases and collations.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    Table,
    delete,
    insert,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.difference import ABSENT, Difference
from invy.domain.fold import EMPTY
from invy.domain.journal import Outcome
from invy.domain.state import State
from invy.store import folded as columns
from invy.store import replay
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.tables import (
    evidence,
    inbound,
    journal,
    messages,
    notices,
    opt_outs,
    other_wamids,
    user_opt_outs,
    user_phones,
)

_Row = RowMapping

_FOLDED = tuple(columns.values(EMPTY))


@dataclass(frozen=True, slots=True)
class _Kind:
    """One sort of row: where it lies, what names it, what must agree."""

    table: Table
    key: Column[Any]
    pages_by: Column[Any]
    agree: tuple[str, ...]
    rebuilt: ColumnElement[bool]
    """Which rows the journal brings; others are taken as given."""
    first: object = 0

    def name(self, row: _Row) -> Any:
        return row[self.key.name]

    def unlike(self, row: _Row, twin: _Row) -> list[str]:
        return [column for column in self.agree if row[column] != twin[column]]

    def shown(self, row: _Row) -> str:
        names = ("kind", "word", "message_id") if self.table is evidence else self.agree[:3]
        return " ".join(str(row[name]) for name in names)

    def values(self, row: _Row) -> dict[str, Any]:
        """All columns, but for a row number, which is the database's own to give."""
        numbered = self.pages_by is not self.key
        return {name: row[name] for name in row if not (numbered and name == self.pages_by.name)}


_EVIDENCE = _Kind(
    evidence,
    evidence.c.once_key,
    evidence.c.id,
    ("message_id", "journal_id", "heard_at", "heard_again_at"),
    replay.from_journal(),
)
_INBOUND = _Kind(
    inbound,
    inbound.c.wamid,
    inbound.c.wamid,
    ("from_phone", "user_id", "kind", "text", "payload", "context_wamid", "at"),
    inbound.c.journal_id.in_(select(journal.c.id)),
    first="",
)
_NOTICES = _Kind(
    notices,
    notices.c.once_key,
    notices.c.id,
    ("field", "subject", "word", "at"),
    notices.c.journal_id.in_(select(journal.c.id)),
)
_FROM_JOURNAL = (_EVIDENCE, _INBOUND, _NOTICES)
_STOP = ("stopped", "at")
"""Not Meta's words beside it: of two alike stops of one second, either's may stand."""

_OPT_OUTS = _Kind(opt_outs, opt_outs.c.phone, opt_outs.c.phone, _STOP, true(), first="")
_USER_OPT_OUTS = _Kind(
    user_opt_outs, user_opt_outs.c.user_id, user_opt_outs.c.user_id, _STOP, true(), first=""
)
_JOURNAL = _Kind(
    journal, journal.c.id, journal.c.id, ("outcome", "note"), journal.c.outcome != Outcome.WAITING.value
)
_MESSAGES = _Kind(messages, messages.c.id, messages.c.id, _FOLDED, true(), first="")


_MENDED = (messages, evidence, inbound, notices, opt_outs, user_opt_outs, user_phones, other_wamids)


class Comparison:
    """The database on `written` and its replay on `replayed`. With `mend`, differences are written as they are found.

    Mending belongs into one transaction: rows pass through states in between.
    """

    def __init__(
        self, database: Database, written: AsyncConnection, replayed: AsyncConnection, *, mend: bool
    ) -> None:
        self._database = database
        self._written = written
        self._replayed = replayed
        self._mend = mend

    @staticmethod
    async def lock(database: Database, connection: AsyncConnection) -> None:
        """Keep others from writing until the transaction ends. SQLite's writer is alone; the journal stays open."""
        if not database.is_sqlite:
            names = ", ".join(table.name for table in _MENDED)
            await connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))

    async def differences(self) -> AsyncIterator[Difference]:
        """Every difference between the two."""
        for part in (
            *(part for kind in _FROM_JOURNAL for part in (self._unlike(kind), self._missing(kind))),
            *(self._stops(kind) for kind in (_USER_OPT_OUTS, _OPT_OUTS)),
            self._new_pairs(user_phones),  # others may be known from evidence whose bytes are gone
            self._new_pairs(other_wamids),
            self._false_pairs(other_wamids),
            self._journal(),
            self._messages(),
        ):
            async for found in part:
                yield found

    async def _unlike(self, kind: _Kind) -> AsyncIterator[Difference]:
        """Rows that the replay has otherwise, or not at all."""
        async for row, twin in self._paired(kind, self._written, self._replayed):
            name = kind.name(row)
            this = kind.key == name
            if twin is None:
                yield Difference(kind.table.name, str(name), "*", kind.shown(row), ABSENT)
                await self._do(delete(kind.table).where(this))
            elif unlike := kind.unlike(row, twin):
                for column in unlike:
                    yield Difference(kind.table.name, str(name), column, row[column], twin[column])
                await self._do(update(kind.table).where(this).values(kind.values(twin)))

    async def _missing(self, kind: _Kind) -> AsyncIterator[Difference]:
        """Rows that only the replay has."""
        async for row, twin in self._paired(kind, self._replayed, self._written):
            if twin is None:
                yield Difference(kind.table.name, str(kind.name(row)), "*", ABSENT, kind.shown(row))
                await self._do(insert(kind.table).values(kind.values(row)))

    async def _stops(self, kind: _Kind) -> AsyncIterator[Difference]:
        """The latest word counts, and other words than webhooks' may stand here: only an older one is a difference."""
        mend = self._database.upsert(kind.table, [kind.key.name], [*kind.agree, "detail"])
        async for row, there in self._paired(kind, self._replayed, self._written):
            if there is None:
                yield Difference(kind.table.name, kind.name(row), "*", ABSENT, kind.shown(row))
            elif (there["at"], there["stopped"]) >= (row["at"], row["stopped"]):
                continue
            else:
                for column in kind.unlike(row, there):
                    yield Difference(kind.table.name, kind.name(row), column, there[column], row[column])
            await self._do(mend.values(dict(row)))

    async def _new_pairs(self, table: Table) -> AsyncIterator[Difference]:
        """Rows of a table of pairs that only the replay has."""
        async for name, value in self._lone_pairs(table, self._replayed, self._written):
            yield Difference(table.name, name, "*", ABSENT, value)
            key, other = table.primary_key.columns
            await self._do(insert(table).values({key.name: name, other.name: value}))

    async def _false_pairs(self, table: Table) -> AsyncIterator[Difference]:
        """Rows of a table of pairs that the replay does not have."""
        async for name, value in self._lone_pairs(table, self._written, self._replayed):
            yield Difference(table.name, name, "*", value, ABSENT)
            key, other = table.primary_key.columns
            await self._do(delete(table).where(key == name, other == value))

    @staticmethod
    async def _lone_pairs(
        table: Table, one: AsyncConnection, other: AsyncConnection
    ) -> AsyncIterator[tuple[str, str]]:
        """What stands on one side only."""
        key = tuple(table.primary_key.columns)
        page, after = select(*key).order_by(*key).limit(CHUNK), ("", "")
        while True:
            rows = [(row[0], row[1]) for row in await one.execute(page.where(tuple_(*key) > after))]
            if not rows:
                return
            after = rows[-1]
            there = await other.execute(select(*key).where(key[0].in_([name for name, _ in rows])))
            known = {(row[0], row[1]) for row in there}
            for pair in rows:
                if pair not in known:
                    yield pair

    async def _journal(self) -> AsyncIterator[Difference]:
        async for row, twin in self._paired(_JOURNAL, self._written, self._replayed):
            if twin is None:
                continue  # it came after the replay began
            for column in _JOURNAL.unlike(row, twin):
                yield Difference("journal", str(row["id"]), column, row[column], twin[column])
            if _JOURNAL.unlike(row, twin):
                values = {name: twin[name] for name in ("outcome", "note", "applied_at")}
                await self._do(update(journal).where(journal.c.id == row["id"]).values(values))

    async def _messages(self) -> AsyncIterator[Difference]:
        """Two passes when mending: a wamid is taken from the wrong row before it is given to the right one."""
        again = False
        async for row, twin in self._paired(_MESSAGES, self._written, self._replayed):
            unlike = [] if twin is None else _MESSAGES.unlike(row, twin)
            if twin is None or not unlike:
                continue
            mendable = _mendable(row, twin)
            for column in unlike:
                yield Difference("whatsapp_messages", row["id"], column, row[column], twin[column], mendable)
            if mendable:
                again = again or "wamid" in unlike
                await self._fold(row, twin, without_name="wamid" in unlike)
        if again and self._mend:
            async for row, twin in self._paired(_MESSAGES, self._written, self._replayed):
                if twin is not None and _MESSAGES.unlike(row, twin) and _mendable(row, twin):
                    await self._fold(row, twin, without_name=False)

    async def _fold(self, row: _Row, twin: _Row, *, without_name: bool) -> None:
        values = {name: twin[name] for name in _FOLDED}
        if without_name:
            values["wamid"] = None
        if twin["status"] == State.SENDING and row["lease_until"] is None:
            # Its lease has run out by definition: the next expiry makes it unconfirmed, as after a crash.
            values["lease_until"] = row["created_at"]
        await self._do(update(messages).where(messages.c.id == row["id"]).values(values))

    async def _do(self, statement: Any) -> None:
        if self._mend:
            await self._written.execute(statement)

    async def _paired(
        self, kind: _Kind, one: AsyncConnection, other: AsyncConnection
    ) -> AsyncIterator[tuple[_Row, _Row | None]]:
        """The rows of one side, each with the row of the other side that has the same name."""
        after = kind.first
        while True:
            rows = await self._page(one, kind, after)
            if not rows:
                return
            after = rows[-1][kind.pages_by.name]
            found = await other.execute(
                select(kind.table).where(kind.key.in_([kind.name(row) for row in rows]))
            )
            twins = {kind.name(twin): twin for twin in found.mappings()}
            for row in rows:
                yield row, twins.get(kind.name(row))

    async def _page(self, connection: AsyncConnection, kind: _Kind, after: object) -> Sequence[_Row]:
        statement = select(kind.table).where(kind.pages_by > after, kind.rebuilt)
        found = await connection.execute(statement.order_by(kind.pages_by).limit(CHUNK))
        return found.mappings().all()


def _mendable(row: _Row, twin: _Row) -> bool:
    """Never put back into the queue what may have been sent."""
    return not (twin["status"] == State.QUEUED and row["status"] != State.QUEUED)
