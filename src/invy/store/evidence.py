"""Evidence as rows: appended, never changed, but for an orphan that finds its message and a fact that is heard again.

A fact told twice is one row that knows when it was first and last heard, whichever telling was stored first: what is
stored, like what it folds to, does not depend on order.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace as replace_failure
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace
from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.errors import EvidenceDamaged
from invy.domain.evidence import Attempt, Evidence, Receipt, Reply, Settlement, Told, once_key
from invy.domain.ids import JournalId, MessageId, Wamid
from invy.store import bulk
from invy.store.database import Database
from invy.store.tables import evidence, messages, other_wamids

_KINDS: Mapping[str, type[Evidence]] = {
    "attempt": Attempt,
    "receipt": Receipt,
    "reply": Reply,
    "settlement": Settlement,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_encoder = msgspec.json.Encoder()
_decoders = {name: msgspec.json.Decoder(kind) for name, kind in _KINDS.items()}

CHUNK = 500
"""Values per IN list: below every limit on bound parameters, and few enough shapes for statement caches."""


def plain(text: str | None) -> str | None:
    """Text that both databases can hold: PostgreSQL has no NUL."""
    return text.replace("\0", "\ufffd") if text is not None and "\0" in text else text


def storable(told: Told) -> Told:
    """The fact as both databases can hold it, so that what is folded is what is stored."""
    fact = told.fact
    failure = fact.failure if isinstance(fact, Attempt | Receipt) else None
    if failure is None or not any("\0" in word for word in failure.key() if isinstance(word, str)):
        return told
    cleaned = replace_failure(
        failure,
        title=plain(failure.title),
        message=plain(failure.message),
        details=plain(failure.details),
        href=plain(failure.href),
        trace_id=plain(failure.trace_id),
    )
    assert isinstance(fact, Attempt | Receipt)
    return replace(told, fact=replace(fact, failure=cleaned))


class _Row(NamedTuple):
    """A row to be written; the fields are the columns."""

    message_id: MessageId | None
    wamid: str | None
    opaque: str | None
    kind: str
    word: str | None
    at: datetime
    heard_at: datetime
    heard_again_at: datetime | None
    journal_id: JournalId | None
    fact: bytes
    once_key: str


def row_of(told: Told, message_id: MessageId | None) -> _Row:
    """The row of a fact about a message, or of an orphan when `message_id` is None."""
    fact = told.fact
    match fact:
        case Attempt(phase=phase):
            word, at, heard_at = phase.name.lower(), fact.at, fact.at
        case Receipt(status=status):
            word, at, heard_at = status, fact.at or fact.heard_at, fact.heard_at
        case Reply(kind=kind):
            word, at, heard_at = kind, fact.at, fact.heard_at
        case Settlement(decision=decision):
            word, at, heard_at = decision.value, fact.at, fact.at
    # A fact is named by what its teller said it is about, so that it is the same before and after it is adopted.
    about = "\x1f".join((told.message_id or "", told.wamid or "", told.opaque or ""))
    return _Row(
        message_id,
        plain(told.wamid),
        plain(told.opaque),
        _NAMES[type(fact)],
        plain(word),
        at,
        heard_at,
        None,
        told.journal_id,
        _encoder.encode(fact),
        once_key(fact, about),
    )


COLUMNS = (
    evidence.c.id,
    evidence.c.message_id,
    evidence.c.kind,
    evidence.c.fact,
    evidence.c.heard_at,
    evidence.c.heard_again_at,
)
"""What must be selected for `read` and `hearings`."""


def decoded(kind: str, fact: bytes) -> Evidence | None:
    """The fact in a row, or None where it was damaged."""
    try:
        found: Evidence = _decoders[kind].decode(fact)
    except (ValueError, KeyError, TypeError):  # no JSON, another shape, no such kind, no text at all
        return None
    return None if found.at is not None and found.at.tzinfo is None else found


def read(row: Row[*tuple[Any, ...]]) -> Evidence:
    """The fact as it was first heard.

    Raises:
        EvidenceDamaged: somebody or something has changed the row.
    """
    fact = decoded(row.kind, row.fact)
    if fact is None:
        about = "a message that is not known" if row.message_id is None else f"message {row.message_id}"
        raise EvidenceDamaged(f"Evidence {row.id}", about)
    return _heard(fact, row.heard_at)


def hearings(row: Row[*tuple[Any, ...]]) -> tuple[Evidence, ...]:
    """The fact as it was first heard and, when it was told again, as it was last heard: all that the fold needs.

    Raises:
        EvidenceDamaged: see `read`.
    """
    fact = read(row)
    return (fact,) if row.heard_again_at is None else (fact, _heard(fact, row.heard_again_at))


def hearings_left(row: Row[*tuple[Any, ...]]) -> tuple[Evidence, ...]:
    """The same of an orphan; none where it is damaged. It finds its message still, and an audit finds it there."""
    try:
        return hearings(row)
    except EvidenceDamaged:
        return ()


def _heard(fact: Evidence, at: datetime) -> Evidence:
    if isinstance(fact, Receipt | Reply) and fact.heard_at != at:
        return replace(fact, heard_at=at)
    return fact


async def add(
    connection: AsyncConnection, database: Database, told: Iterable[tuple[Told, MessageId]]
) -> None:
    """Append facts about messages, in the order of their telling.

    Of a fact that is stored already, only when it was first and last heard is brought up to date.
    """
    rows: dict[str, _Row] = {}
    for each, message_id in told:
        row = row_of(each, message_id)
        rows[row.once_key] = _merged(rows[row.once_key], row) if row.once_key in rows else row
    if rows:
        await bulk.insert(connection, database, evidence, _columns(rows.values()), conflict=_TOLD_AGAIN)


async def add_orphans(
    connection: AsyncConnection, database: Database, told: Sequence[Told]
) -> list[tuple[Told, MessageId]]:
    """Append facts that found no message; returns those that were stored before and have been adopted since.

    Facts about a message are told by whoever has locked it. Orphans have no such lock, so all tellers write them in one
    order: none waits for another in a circle.
    """
    rows: dict[str, _Row] = {}
    tellings: dict[str, list[Told]] = defaultdict(list)
    for each in told:
        row = row_of(each, None)
        rows[row.once_key] = _merged(rows[row.once_key], row) if row.once_key in rows else row
        tellings[row.once_key].append(each)
    if not rows:
        return []
    stored = await bulk.insert(
        connection,
        database,
        evidence,
        _columns([rows[key] for key in sorted(rows)]),
        conflict=_TOLD_AGAIN,
        returning="evidence.once_key, evidence.message_id",
    )
    return [(each, owner) for key, owner in stored if owner is not None for each in tellings[key]]


def _columns(rows: Iterable[_Row]) -> bulk.Columns:
    return dict(zip(_Row._fields, zip(*rows, strict=True), strict=True))


def _merged(one: _Row, other: _Row) -> _Row:
    """Two tellings of one fact in one batch: one row that knows of both, as `_TOLD_AGAIN` does in the database."""
    heard = sorted(
        moment for row in (one, other) for moment in (row.heard_at, row.heard_again_at) if moment is not None
    )
    journal_ids = [row.journal_id for row in (one, other) if row.journal_id is not None]
    return one._replace(
        heard_at=heard[0],
        heard_again_at=heard[-1] if heard[-1] > heard[0] else None,
        journal_id=min(journal_ids, default=None),
    )


_TOLD_AGAIN = """
ON CONFLICT (once_key) DO UPDATE SET
  heard_at = CASE WHEN excluded.heard_at < evidence.heard_at THEN excluded.heard_at ELSE evidence.heard_at END,
  heard_again_at = CASE
    WHEN coalesce(excluded.heard_again_at, excluded.heard_at) > coalesce(evidence.heard_again_at, evidence.heard_at)
      THEN coalesce(excluded.heard_again_at, excluded.heard_at)
    WHEN excluded.heard_at < evidence.heard_at THEN coalesce(evidence.heard_again_at, evidence.heard_at)
    ELSE evidence.heard_again_at END,
  word = CASE WHEN excluded.journal_id < evidence.journal_id THEN excluded.word ELSE evidence.word END,
  at = CASE WHEN excluded.journal_id < evidence.journal_id THEN excluded.at ELSE evidence.at END,
  fact = CASE WHEN excluded.journal_id < evidence.journal_id THEN excluded.fact ELSE evidence.fact END,
  journal_id = CASE WHEN excluded.journal_id < evidence.journal_id THEN excluded.journal_id
    ELSE evidence.journal_id END
WHERE excluded.heard_at < evidence.heard_at
  OR coalesce(excluded.heard_again_at, excluded.heard_at) > coalesce(evidence.heard_again_at, evidence.heard_at)
  OR excluded.journal_id < evidence.journal_id
"""


async def of_message(connection: AsyncConnection, message_id: MessageId) -> list[tuple[datetime, Evidence]]:
    """All evidence of one message in the order in which it was stored, with the time it was heard."""
    found = await connection.execute(
        select(*COLUMNS).where(evidence.c.message_id == message_id).order_by(evidence.c.id)
    )
    return [(row.heard_at, read(row)) for row in found]


async def orphans_of(
    connection: AsyncConnection, database: Database, wamids: Sequence[Wamid]
) -> list[tuple[int, Wamid, tuple[Evidence, ...]]]:
    """Waiting facts about these messages, locked: row number, wamid, the fact as first and last heard."""
    found: list[tuple[int, Wamid, tuple[Evidence, ...]]] = []
    for start in range(0, len(wamids), CHUNK):
        waiting = (
            select(evidence.c.wamid, *COLUMNS)
            .where(evidence.c.message_id.is_(None), evidence.c.wamid.in_(wamids[start : start + CHUNK]))
            .order_by(evidence.c.id)
        )
        rows = await connection.execute(database.for_update(waiting))
        found.extend((row.id, row.wamid, hearings_left(row)) for row in rows)
    return found


async def orphans_known(connection: AsyncConnection, limit: int) -> list[tuple[int, MessageId]]:
    """Waiting facts whose message is there, by any of its wamids or by our id: row number and message."""
    waiting = evidence.c.message_id.is_(None)
    by_wamid = select(evidence.c.id, messages.c.id.label("owner")).where(
        waiting, evidence.c.wamid == messages.c.wamid
    )
    by_our_id = select(evidence.c.id, messages.c.id.label("owner")).where(
        waiting, evidence.c.opaque == messages.c.id
    )
    owners: dict[int, MessageId] = {}
    by_other = select(evidence.c.id, other_wamids.c.message_id.label("owner")).where(
        waiting, evidence.c.wamid == other_wamids.c.wamid
    )
    for statement in (by_other, by_wamid, by_our_id):  # our id counts before the wamid
        owners |= {row.id: row.owner for row in await connection.execute(statement.limit(limit))}
    return sorted(owners.items())


async def orphans(
    connection: AsyncConnection, database: Database, rows: Sequence[int]
) -> dict[int, tuple[Evidence, ...]]:
    """Those of these rows that still wait, locked: each fact as first and last heard."""
    found: dict[int, tuple[Evidence, ...]] = {}
    for start in range(0, len(rows), CHUNK):
        waiting = (
            select(*COLUMNS)
            .where(evidence.c.message_id.is_(None), evidence.c.id.in_(rows[start : start + CHUNK]))
            .order_by(evidence.c.id)
        )
        for row in await connection.execute(database.for_update(waiting)):
            found[row.id] = hearings_left(row)
    return found


async def adopt(connection: AsyncConnection, pairs: Sequence[tuple[int, MessageId]]) -> None:
    """Give orphans, by row number, to the message they were waiting for."""
    if pairs:
        statement = update(evidence).where(evidence.c.id == bindparam("row"))
        await connection.execute(
            statement, [{"row": row, "message_id": message_id} for row, message_id in pairs]
        )
