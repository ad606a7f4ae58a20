"""Message rows: write new ones, find them, bring them to what their evidence folds to, list them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.fold import Folded
from invy.domain.ids import MessageId, Wamid
from invy.domain.message import Draft, Message
from invy.store import bulk
from invy.store import folded as columns
from invy.store.database import Database
from invy.store.evidence import CHUNK, plain
from invy.store.tables import messages

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
        folded=columns.read(row),
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


async def resolve(
    connection: AsyncConnection, database: Database, references: Iterable[Reference]
) -> tuple[dict[Reference, MessageId], dict[MessageId, Folded]]:
    """Which messages are meant, and their fold so far, locked for this transaction.

    Our own id is looked for first, the wamid where that finds nothing. Rows are locked in the order of their ids, so
    that two transactions never wait for each other in a circle.
    """
    asked = set(references)
    by_wamid: dict[Wamid, MessageId] = {}
    candidates = {MessageId(opaque) for _, opaque in asked if opaque and len(opaque) == ID_LENGTH}
    folds = await _locked(connection, database, candidates)
    missing = sorted({wamid for wamid, opaque in asked if wamid and opaque not in folds})
    for start in range(0, len(missing), CHUNK):
        rows = await connection.execute(
            select(messages.c.id, messages.c.wamid).where(
                messages.c.wamid.in_(missing[start : start + CHUNK])
            )
        )
        by_wamid.update({row.wamid: row.id for row in rows})
    folds |= await _locked(connection, database, set(by_wamid.values()) - set(folds))
    meant: dict[Reference, MessageId] = {}
    for reference in asked:
        wamid, opaque = reference
        if opaque in folds:
            meant[reference] = MessageId(opaque)
        elif wamid in by_wamid:
            meant[reference] = by_wamid[wamid]
    return meant, folds


async def _locked(
    connection: AsyncConnection, database: Database, ids: set[MessageId]
) -> dict[MessageId, Folded]:
    found: dict[MessageId, Folded] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        statement = (
            select(messages.c.id, *columns.COLUMNS)
            .where(messages.c.id.in_(ordered[start : start + CHUNK]))
            .order_by(messages.c.id)
        )
        for row in await connection.execute(database.for_update(statement)):
            found[row.id] = columns.read(row)
    return found


async def write(
    connection: AsyncConnection,
    database: Database,
    before: Mapping[MessageId, Folded],
    after: Mapping[MessageId, Folded],
) -> None:
    """Bring the rows of messages whose fold has moved to what it is now."""
    moved = sorted(message_id for message_id, folded in after.items() if folded != before[message_id])
    names = columns.columns_between((before[message_id], after[message_id]) for message_id in moved)
    rows = []
    for message_id in moved:
        values = columns.values(after[message_id])
        rows.append({"id": message_id, **{name: values[name] for name in names}})
    await bulk.update(connection, database, messages, "id", rows)


async def find(connection: AsyncConnection, name: str) -> Message | None:
    """By our id or by wamid."""
    found = await connection.execute(
        selection().where((messages.c.id == name) | (messages.c.wamid == name)).limit(1)
    )
    row = found.one_or_none()
    return read(row) if row else None


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
