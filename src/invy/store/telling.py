"""The one way evidence enters the database: stored, joined to its message, folded, and the row brought to the fold.

Receipts, replies, outcomes of our own attempts and settlements all pass here, so the promise "the written state is the
fold of the stored evidence" has one place to be kept. The caller owns the transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.evidence import Told
from invy.domain.fold import Folded, fold, of
from invy.domain.ids import MessageId, Wamid
from invy.store import evidence as evidence_rows
from invy.store import messages as message_rows
from invy.store.database import Database
from invy.store.messages import Reference


@dataclass(slots=True)
class Telling:
    """What a telling changed: messages with their fold before and after, and what found no message."""

    before: dict[MessageId, Folded] = field(default_factory=dict)
    after: dict[MessageId, Folded] = field(default_factory=dict)
    meant: dict[Reference, MessageId] = field(default_factory=dict)
    orphans: list[Told] = field(default_factory=list)


def _reference(told: Told) -> Reference:
    return (told.wamid, told.opaque if told.message_id is None else told.message_id)


async def tell(connection: AsyncConnection, database: Database, facts: Sequence[Told]) -> Telling:
    """Store these facts and bring every message they are about to its fold. Telling a fact again changes nothing."""
    telling = Telling()
    facts = [evidence_rows.storable(told) for told in facts]
    telling.meant, telling.before = await message_rows.resolve(
        connection, database, (_reference(told) for told in facts)
    )
    telling.after = dict(telling.before)
    joined: list[tuple[Told, MessageId | None]] = []
    for told in facts:
        message_id = telling.meant.get(_reference(told))
        joined.append((told, message_id))
        if message_id is None:
            telling.orphans.append(told)
        else:
            telling.after[message_id] = telling.after[message_id].join(of(told.fact))
    await evidence_rows.add(connection, database, joined)
    newly_named = {
        folded.wamid: message_id
        for message_id, folded in telling.after.items()
        if folded.wamid is not None and telling.before[message_id].wamid is None
    }
    await _give_orphans(connection, database, telling, newly_named)
    await _write_changes(connection, database, telling)
    return telling


async def adopt(
    connection: AsyncConnection, database: Database, wamids: Sequence[Wamid], again: Sequence[Told] = ()
) -> Telling:
    """Join orphans of these wamids to their messages, where those are known by now.

    On PostgreSQL a receipt and the reply that names its message may be stored by two transactions that do not see each
    other. Each side calls this after its own commit; whichever commits later finds what the other wrote. `again` are
    facts that were stored as orphans: one of them may have been a second hearing of what was being adopted meanwhile.
    """
    telling = Telling()
    telling.meant, telling.before = await message_rows.resolve(
        connection, database, [(wamid, None) for wamid in wamids]
    )
    telling.after = dict(telling.before)
    named = {wamid: message_id for (wamid, _), message_id in telling.meant.items() if wamid is not None}
    for told in again:
        if told.wamid in named:
            message_id = named[told.wamid]
            telling.after[message_id] = telling.after[message_id].join(of(evidence_rows.storable(told).fact))
    await _give_orphans(connection, database, telling, named)
    await _write_changes(connection, database, telling)
    return telling


async def adopt_known(connection: AsyncConnection, database: Database) -> int:
    """Join orphans whose messages are known, by wamid or by our id: whoever stored them died before looking again."""
    pairs = await evidence_rows.orphans_known(connection, evidence_rows.CHUNK)
    telling = Telling()
    telling.meant, telling.before = await message_rows.resolve(
        connection, database, [(None, message_id) for _, message_id in pairs]
    )
    telling.after = dict(telling.before)
    hearings = await evidence_rows.orphans(connection, database, [row_id for row_id, _ in pairs])
    adopted = [(row_id, message_id) for row_id, message_id in pairs if row_id in hearings]
    for row_id, message_id in adopted:
        telling.after[message_id] = telling.after[message_id].join(fold(hearings[row_id]))
    await evidence_rows.adopt(connection, adopted)
    await _write_changes(connection, database, telling)
    return len(pairs)


async def _give_orphans(
    connection: AsyncConnection, database: Database, telling: Telling, named: Mapping[Wamid, MessageId]
) -> None:
    if not named:
        return
    adopted: list[tuple[int, MessageId]] = []
    for row_id, wamid, hearings in await evidence_rows.orphans_of(connection, database, list(named)):
        message_id = named[wamid]
        telling.after[message_id] = telling.after[message_id].join(fold(hearings))
        adopted.append((row_id, message_id))
    await evidence_rows.adopt(connection, adopted)


async def _write_changes(connection: AsyncConnection, database: Database, telling: Telling) -> None:
    await message_rows.write(connection, database, telling.before, telling.after)
