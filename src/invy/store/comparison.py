"""Laying a database beside its replay, row by row, and writing what the replay found. In pages: memory stays flat.

Rows are found by their unique key and never by sort order, which differs between databases and collations.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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

from invy.domain.difference import ABSENT, Difference, Left
from invy.domain.fold import EMPTY, fold
from invy.domain.journal import Outcome
from invy.domain.state import State
from invy.store import evidence as evidence_rows
from invy.store import folded as columns
from invy.store import replay
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.likeness import Members, evidence_members, notice_members, unlike_facts
from invy.store.mending import Change, Mending
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
    members: Callable[[_Row], Members | None] | None = None
    """What the fact in a row says, for rows that hold one."""

    def name(self, row: _Row) -> Any:
        return row[self.key.name]

    def unlike(self, row: _Row, twin: _Row) -> list[str]:
        return [column for column in self.agree if row[column] != twin[column]]

    def differences(self, row: _Row, twin: _Row) -> list[Difference]:
        """Every column that does not agree."""
        table, name = self.table.name, str(self.name(row))
        found = [
            Difference(table, name, column, row[column], twin[column]) for column in self.unlike(row, twin)
        ]
        if self.members is not None and (facts := unlike_facts(self.members, row, twin, self.shown(twin))):
            found.append(Difference(table, name, "fact", *facts))
        return found

    def change(self, found: Sequence[Difference], statement: Any, *rows: _Row) -> Change:
        """What becomes of a row that the journal brings, as it stands on both sides or on one."""
        about = frozenset(each for row in rows if (each := row.get("message_id")) is not None)
        return Change(found, statement, rows[0].get("journal_id"), about)

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
    (
        "message_id",
        "wamid",
        "opaque",
        "kind",
        "word",
        "at",
        "journal_id",
        "heard_at",
        "heard_again_at",
    ),
    replay.from_journal(),
    members=evidence_members,
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
    members=notice_members,
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
        self._mending = Mending(written) if mend else None
        self._renamed = False

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
            self._names(),
        ):
            waiting: list[Change] = []
            async for change in part:
                waiting.append(change)
                if len(waiting) == CHUNK:
                    for found in await self._settle(waiting):
                        yield found
                    waiting = []
            for found in await self._settle(waiting):
                yield found

    async def _settle(self, changes: Sequence[Change]) -> list[Difference]:
        if self._mending is not None:
            return await self._mending.write(changes) if changes else []
        return [each for change in changes for each in change.found]

    async def _unlike(self, kind: _Kind) -> AsyncIterator[Change]:
        """Rows that the replay has otherwise, or not at all."""
        async for row, twin in self._paired(kind, self._written, self._replayed):
            name = kind.name(row)
            this = kind.key == name
            if twin is None:
                found = [Difference(kind.table.name, str(name), "*", kind.shown(row), ABSENT)]
                yield kind.change(found, delete(kind.table).where(this), row)
            elif differences := kind.differences(row, twin):
                mend = update(kind.table).where(this).values(kind.values(twin))
                yield kind.change(differences, mend, twin, row)

    async def _missing(self, kind: _Kind) -> AsyncIterator[Change]:
        """Rows that only the replay has."""
        async for row, twin in self._paired(kind, self._replayed, self._written):
            if twin is None:
                found = [Difference(kind.table.name, str(kind.name(row)), "*", ABSENT, kind.shown(row))]
                yield kind.change(found, insert(kind.table).values(kind.values(row)), row)

    async def _stops(self, kind: _Kind) -> AsyncIterator[Change]:
        """The latest word counts, and other words than webhooks' may stand here: only an older one is a difference."""
        mend = self._database.upsert(kind.table, [kind.key.name], [*kind.agree, "detail"])
        async for row, there in self._paired(kind, self._replayed, self._written):
            if there is None:
                found = [Difference(kind.table.name, kind.name(row), "*", ABSENT, kind.shown(row))]
            elif (there["at"], there["stopped"]) >= (row["at"], row["stopped"]):
                continue
            else:
                found = kind.differences(there, row)
            yield Change(found, mend.values(dict(row)))

    async def _new_pairs(self, table: Table) -> AsyncIterator[Change]:
        """Rows of a table of pairs that only the replay has."""
        async for name, value in self._lone_pairs(table, self._replayed, self._written):
            key, other = table.primary_key.columns
            mend = insert(table).values({key.name: name, other.name: value})
            yield Change([Difference(table.name, name, "*", ABSENT, value)], mend)

    async def _false_pairs(self, table: Table) -> AsyncIterator[Change]:
        """Rows of a table of pairs that the replay does not have."""
        async for name, value in self._lone_pairs(table, self._written, self._replayed):
            key, other = table.primary_key.columns
            mend = delete(table).where(key == name, other == value)
            yield Change([Difference(table.name, name, "*", value, ABSENT)], mend)

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

    async def _journal(self) -> AsyncIterator[Change]:
        refused = self._mending.entries if self._mending is not None else ()
        async for row, twin in self._paired(_JOURNAL, self._written, self._replayed):
            if twin is None:
                continue  # it came after the replay began
            if row["id"] in refused and row["outcome"] >= Outcome.UNREADABLE.value:
                continue  # it says so already
            if found := _JOURNAL.differences(row, twin):
                values = {name: twin[name] for name in ("outcome", "note", "applied_at")}
                yield Change(found, update(journal).where(journal.c.id == row["id"]).values(values))

    async def _messages(self) -> AsyncIterator[Change]:
        """Without the wamid where that differs: it is taken from the wrong row before it is given to the right one."""
        partial = self._mending.messages if self._mending is not None else ()
        async for row, twin in self._paired(_MESSAGES, self._written, self._replayed):
            found = [] if twin is None else _MESSAGES.differences(row, twin)
            if twin is None:
                continue
            if row["id"] in partial:
                # What could not be written counts for nothing, so that the row equals the evidence that there is.
                yield Change(
                    [replace(each, left=Left.REFUSED) for each in found], await self._fold_of_written(row)
                )
            elif found and not _mendable(row, twin):
                yield Change([replace(each, left=Left.SENT_AGAIN) for each in found], None)
            elif found:
                renamed = any(each.column == "wamid" for each in found)
                self._renamed = self._renamed or renamed
                yield Change(found, _fold(row, twin, without_name=renamed))

    async def _names(self) -> AsyncIterator[Change]:
        """The wamids that `_messages` left out."""
        if self._mending is None or not self._renamed:
            return
        async for row, twin in self._paired(_MESSAGES, self._written, self._replayed):
            if twin is None or row["id"] in self._mending.messages or not _mendable(row, twin):
                continue
            if found := _MESSAGES.differences(row, twin):
                yield Change(found, _fold(row, twin, without_name=False), quiet=True)

    async def _fold_of_written(self, row: _Row) -> Any:
        about = await self._written.execute(
            select(*evidence_rows.COLUMNS).where(evidence.c.message_id == row["id"])
        )
        facts = [fact for told in about for fact in evidence_rows.hearings_left(told)]
        values = columns.values(fold(facts))
        if not _mendable(row, values):
            return None
        return update(messages).where(messages.c.id == row["id"]).values(values)

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


def _fold(row: _Row, twin: _Row, *, without_name: bool) -> Any:
    values = {name: twin[name] for name in _FOLDED}
    if without_name:
        values["wamid"] = None
    if twin["status"] == State.SENDING and row["lease_until"] is None:
        # Its lease has run out by definition: the next expiry makes it unconfirmed, as after a crash.
        values["lease_until"] = row["created_at"]
    return update(messages).where(messages.c.id == row["id"]).values(values)


def _mendable(row: Mapping[Any, Any], twin: Mapping[Any, Any]) -> bool:
    """Never put back into the queue what may have been sent."""
    return not (twin["status"] == State.QUEUED and row["status"] != State.QUEUED)
