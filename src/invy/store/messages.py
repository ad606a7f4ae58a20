"""Message rows: write new ones, find them, bring them to what their evidence folds to, list them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.fold import Folded
from invy.domain.ids import MessageId, Wamid
from invy.domain.message import Draft, Message
from invy.domain.phone import E164
from invy.store import bulk
from invy.store import folded as columns
from invy.store.database import Database
from invy.store.evidence import CHUNK, plain
from invy.store.tables import messages, other_wamids

ID_LENGTH = 36
"""Our ids are UUIDs; an opaque text of another length is somebody else's."""

_IDENTITY = (
    messages.c.id,
    messages.c.to_phone,
    messages.c.template_key,
    messages.c.template_name,
    messages.c.template_language,
    messages.c.sender_id,
    messages.c.created_at,
    messages.c.event_id,
    messages.c.guest_id,
    messages.c.campaign_id,
    messages.c.retry_of,
    messages.c.due_at,
)


def selection() -> Select[Any]:
    """All that `read` needs."""
    return select(*_IDENTITY, *columns.COLUMNS)


def read(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        to=row.to_phone,
        template_key=row.template_key,
        template_name=row.template_name,
        template_language=row.template_language,
        sender_id=row.sender_id,
        created_at=row.created_at,
        event_id=row.event_id,
        guest_id=row.guest_id,
        campaign_id=row.campaign_id,
        retry_of=row.retry_of,
        due_at=row.due_at,
        folded=columns.read(row[len(_IDENTITY) : len(_IDENTITY) + len(columns.COLUMNS)]),
    )


def row_of(draft: Draft) -> dict[str, object]:
    return {
        "id": draft.id,
        "to_phone": draft.to,
        "status": "queued",
        "template_name": draft.template_name,
        "template_key": draft.template_key,
        "template_language": draft.template_language,
        "event_id": plain(draft.event_id),
        "guest_id": plain(draft.guest_id),
        "campaign_id": draft.campaign_id,
        "retry_of": draft.retry_of,
        "sender_id": draft.sender_id,
        "once_key": draft.once_key,
        "payload": draft.payload,
        "created_at": draft.created_at,
    }


Reference = tuple[Wamid | None, str | None]
"""How a receipt names its message: Meta's id, and the opaque text we sent along (our id)."""


@dataclass(slots=True)
class Resolved:
    """Which messages are meant, their fold so far, and whom they are for. Their rows are locked."""

    meant: dict[Reference, MessageId] = field(default_factory=dict)
    folds: dict[MessageId, Folded] = field(default_factory=dict)
    phones: dict[MessageId, E164] = field(default_factory=dict)


async def resolve(
    connection: AsyncConnection, database: Database, references: Iterable[Reference]
) -> Resolved:
    """Which messages are meant, and their fold so far, locked for this transaction.

    Our own id is looked for first, the wamid where that finds nothing, and last the wamids that a message has beside
    the one in its row. What is known by the first two is locked by one statement in the order of the ids, so that two
    transactions do not wait for each other in a circle; the rest is as good as never there.
    """
    asked = set(references)
    found = Resolved()
    ids = {opaque for _, opaque in asked if opaque and _like_ours(opaque)}
    wamids = {wamid for wamid, opaque in asked if wamid and not (opaque and _like_ours(opaque))}
    by_wamid = await _lock(connection, database, {messages.c.id: ids, messages.c.wamid: wamids}, found)
    strange = {wamid for wamid, opaque in asked if wamid and opaque in ids - found.folds.keys()}
    by_wamid |= await _lock(connection, database, {messages.c.wamid: strange - by_wamid.keys()}, found)
    others = await _other_names(connection, (wamids | strange) - by_wamid.keys())
    await _lock(connection, database, {messages.c.id: set(others.values()) - found.folds.keys()}, found)
    by_wamid |= others
    for reference in asked:
        wamid, opaque = reference
        if opaque in found.folds:
            found.meant[reference] = MessageId(opaque)
        elif wamid in by_wamid:
            found.meant[reference] = by_wamid[wamid]
    return found


def _like_ours(opaque: str) -> bool:
    return len(opaque) == ID_LENGTH


async def _lock(
    connection: AsyncConnection,
    database: Database,
    which: Mapping[Column[Any], Collection[str]],
    into: Resolved,
) -> dict[Wamid, MessageId]:
    """Lock rows and take them in; returns them by the wamid in the row."""
    by_wamid: dict[Wamid, MessageId] = {}
    for message_id, to, *folded in await bulk.locked(connection, database, _LOCKED, which):
        into.folds[message_id] = columns.read(folded)
        into.phones[message_id] = to
        if folded[0] is not None:  # what names no wamid must not find those that have none yet
            by_wamid[folded[0]] = message_id
    return by_wamid


_LOCKED = (messages.c.id, messages.c.to_phone, *columns.COLUMNS)


async def _other_names(connection: AsyncConnection, wamids: Collection[Wamid]) -> dict[Wamid, MessageId]:
    """Messages that have these wamids beside the one in their row: Meta accepted one request twice."""
    found: dict[Wamid, MessageId] = {}
    ordered = sorted(wamids)
    for start in range(0, len(ordered), CHUNK):
        rows = await connection.execute(
            select(other_wamids)
            .where(other_wamids.c.wamid.in_(ordered[start : start + CHUNK]))
            .order_by(other_wamids.c.message_id.desc())
        )
        found.update({Wamid(row.wamid): MessageId(row.message_id) for row in rows})
    return found


async def also_named(
    connection: AsyncConnection, database: Database, names: Collection[tuple[Wamid, MessageId]]
) -> None:
    """Remember wamids that messages have beside the one in their row."""
    pairs = sorted(names)
    rows: bulk.Columns = {"wamid": [wamid for wamid, _ in pairs], "message_id": [owner for _, owner in pairs]}
    await bulk.insert(connection, database, other_wamids, rows, conflict="ON CONFLICT DO NOTHING")


async def write(
    connection: AsyncConnection,
    database: Database,
    before: Mapping[MessageId, Folded],
    after: Mapping[MessageId, Folded],
) -> None:
    """Bring the rows of messages whose fold has moved to what it is now."""
    moved = sorted(message_id for message_id, folded in after.items() if folded != before[message_id])
    if moved:
        changed = columns.changed([before[each] for each in moved], [after[each] for each in moved])
        await bulk.update(connection, database, messages, "id", {"id": moved, **changed})


async def find(connection: AsyncConnection, name: str) -> Message | None:
    """By our id or by wamid."""
    also = select(other_wamids.c.message_id).where(other_wamids.c.wamid == name)
    for which in ((messages.c.id == name) | (messages.c.wamid == name), messages.c.id.in_(also)):
        row = (await connection.execute(selection().where(which).limit(1))).one_or_none()
        if row is not None:
            return read(row)
    return None


async def page(
    connection: AsyncConnection,
    conditions: Sequence[ColumnElement[bool]],
    *,
    after: MessageId | None,
    limit: int,
) -> list[Message]:
    """Messages in the order they were made, newest first, from the one after `after` on."""
    statement = selection().where(*conditions).order_by(messages.c.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(messages.c.id < after)
    return [read(row) for row in await connection.execute(statement)]
