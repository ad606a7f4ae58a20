"""What an audit reads: every message with its evidence, in pages, all as it stood at one moment."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.difference import ABSENT, Difference, Written, unreadable
from invy.domain.errors import EvidenceDamaged
from invy.domain.evidence import Evidence
from invy.domain.fold import EMPTY, Folded
from invy.domain.ids import MessageId, Wamid
from invy.store import evidence as evidence_rows
from invy.store import folded as columns
from invy.store.evidence import CHUNK
from invy.store.tables import evidence, messages, other_wamids

FOLDED = tuple(columns.values(EMPTY))
"""Names of the columns that the fold fills."""


class AuditPages:
    """Reads over one connection; hand in one that keeps its snapshot."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    def columns(self, folded: Folded) -> Mapping[str, object]:
        return columns.values(folded)

    async def pages(self) -> AsyncIterator[Sequence[Written]]:
        after = MessageId("")
        while True:
            rows = (
                await self._connection.execute(
                    select(messages.c.id, *(messages.c[name] for name in FOLDED))
                    .where(messages.c.id > after)
                    .order_by(messages.c.id)
                    .limit(CHUNK)
                )
            ).all()
            if not rows:
                return
            after = rows[-1].id
            ids = [row.id for row in rows]
            about, damaged = await self._evidence(ids)
            others = await self._other_wamids(ids)
            yield [
                Written(
                    row.id,
                    {name: getattr(row, name) for name in FOLDED},
                    tuple(about[row.id]),
                    frozenset(others[row.id]),
                    tuple(damaged[row.id]),
                )
                for row in rows
            ]

    async def _evidence(
        self, ids: Sequence[MessageId]
    ) -> tuple[Mapping[MessageId, list[Evidence]], Mapping[MessageId, list[int]]]:
        """What is told about these messages, and the row numbers of what cannot be read."""
        found: dict[MessageId, list[Evidence]] = defaultdict(list)
        damaged: dict[MessageId, list[int]] = defaultdict(list)
        for row in await self._connection.execute(
            select(*evidence_rows.COLUMNS).where(evidence.c.message_id.in_(ids))
        ):
            try:
                found[row.message_id].extend(evidence_rows.hearings(row))
            except EvidenceDamaged:
                damaged[row.message_id].append(row.id)
        return found, damaged

    async def _other_wamids(self, ids: Sequence[MessageId]) -> Mapping[MessageId, set[Wamid]]:
        found: dict[MessageId, set[Wamid]] = defaultdict(set)
        for row in await self._connection.execute(
            select(other_wamids).where(other_wamids.c.message_id.in_(ids))
        ):
            found[row.message_id].add(row.wamid)
        return found

    async def unjoined(self) -> AsyncIterator[Difference]:
        """Orphans whose message is known or that cannot be read, and evidence whose message is not there."""
        waiting = evidence.c.message_id.is_(None)
        async for damaged in self._damaged_orphans():
            yield damaged
        known = union(
            select(evidence.c.id, messages.c.id.label("owner")).where(
                waiting, evidence.c.wamid == messages.c.wamid
            ),
            select(evidence.c.id, other_wamids.c.message_id.label("owner")).where(
                waiting, evidence.c.wamid == other_wamids.c.wamid
            ),
            select(evidence.c.id, messages.c.id.label("owner")).where(
                waiting, evidence.c.opaque == messages.c.id
            ),
        )
        for row in await self._connection.execute(known):
            yield Difference("evidence", str(row.id), "message_id", None, row.owner)
        lost = (
            select(evidence.c.id, evidence.c.message_id)
            .outerjoin(messages, messages.c.id == evidence.c.message_id)
            .where(evidence.c.message_id.is_not(None), messages.c.id.is_(None))
        )
        for row in await self._connection.execute(lost):
            yield Difference("whatsapp_messages", row.message_id, "id", ABSENT, f"evidence {row.id}")

    async def _damaged_orphans(self) -> AsyncIterator[Difference]:
        after = 0
        while True:
            waiting = select(*evidence_rows.COLUMNS).where(
                evidence.c.message_id.is_(None), evidence.c.id > after
            )
            rows = (await self._connection.execute(waiting.order_by(evidence.c.id).limit(CHUNK))).all()
            if not rows:
                return
            after = rows[-1].id
            for row in rows:
                if evidence_rows.decoded(row.kind, row.fact) is None:
                    yield unreadable(row.id, None)
