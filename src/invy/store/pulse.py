"""Signs of life from Meta: what was heard last, what was accepted without an echo, what stands open. Reads only."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import case, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain import self_test
from invy.domain.ids import JournalId, MessageId
from invy.domain.journal import Entry
from invy.domain.pulse import OpenEnds, Refused, Unanswered
from invy.store.database import Database
from invy.store.tables import evidence, journal, messages, refusals

_PAGE: Final = 50
_PAGES: Final = 200
"""So many of the newest journal entries are looked at for one that is not a self-test: ten thousand in a row are not."""

_SELF_TEST: Final = 1024
"""No self-test is longer, in bytes. The bodies of others are not read."""

_LATEST: Final = 1000
"""Among so many of the newest pieces of evidence those about strangers' messages are looked for."""

_COUNTED: Final = 1000
_BODIES: Final = 200


async def last_genuine(connection: AsyncConnection) -> datetime | None:
    """When the last webhook came that was not one of our own self-tests."""
    short = case((func.length(journal.c.body) <= _SELF_TEST, journal.c.body))
    newest = (
        select(journal.c.id, journal.c.received_at, short.label("body"))
        .order_by(journal.c.id.desc())
        .limit(_PAGE)
    )
    page = newest
    for _ in range(_PAGES):
        rows = (await connection.execute(page)).all()
        for row in rows:
            if row.body is None or self_test.nonce_of(row.body) is None:
                received_at: datetime = row.received_at
                return received_at
        if len(rows) < _PAGE:
            return None
        page = newest.where(journal.c.id < rows[-1].id)
    return None


async def last_receipt(connection: AsyncConnection) -> datetime | None:
    """When the last webhook about any message was heard; of messages that are not known here, the newest count too.

    One step of an index per sender, from the smallest name to the next larger one, however many messages there are.
    """
    heard = messages.c.last_receipt_at.is_not(None)  # the condition of the index
    senders = select(func.min(messages.c.sender_id).label("id")).where(heard).cte("senders", recursive=True)
    following = select(func.min(messages.c.sender_id)).where(heard, messages.c.sender_id > senders.c.id)
    each = senders.union_all(select(following.scalar_subquery()).where(senders.c.id.is_not(None)))
    newest = (
        select(func.max(messages.c.last_receipt_at))
        .where(heard, messages.c.sender_id == each.c.id)
        .scalar_subquery()
    )
    found = await connection.execute(select(newest).select_from(each).where(each.c.id.is_not(None)))
    latest = (
        select(evidence.c.kind, evidence.c.message_id, evidence.c.heard_at)
        .order_by(evidence.c.id.desc())
        .limit(_LATEST)
        .subquery()
    )
    orphaned = await connection.execute(
        select(func.max(latest.c.heard_at)).where(latest.c.kind == "receipt", latest.c.message_id.is_(None))
    )
    return max((at for at in (*found.scalars(), orphaned.scalar_one()) if at is not None), default=None)


class Pulse:
    """What the doctor and the service's watch ask of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last_genuine(self) -> datetime | None:
        """When the last webhook came that was not one of our own self-tests."""
        async with self._database.read() as connection:
            return await last_genuine(connection)

    async def last_receipt(self) -> datetime | None:
        """When the last webhook about any message was heard."""
        async with self._database.read() as connection:
            return await last_receipt(connection)

    async def unanswered(self, *, since: datetime, until: datetime) -> Unanswered:
        """The messages accepted in that time about which nothing was heard."""
        # Without a receipt, `sent_at` is our own time of acceptance; it has an index.
        some = (
            select(messages.c.sent_at)
            .where(
                messages.c.sent_at > since,
                messages.c.sent_at <= until,
                messages.c.status == "sent",
                messages.c.first_receipt_at.is_(None),
                messages.c.accepted_at.is_not(None),
            )
            .order_by(messages.c.sent_at)
            .limit(_COUNTED)
            .subquery()
        )
        statement = select(func.count(), func.min(some.c.sent_at)).select_from(some)
        async with self._database.read() as connection:
            count, oldest_at = (await connection.execute(statement)).one()
        return Unanswered(count, oldest_at)

    async def open_ends(self) -> OpenEnds:
        """What has not come to its end."""
        orphans = select(func.count()).select_from(evidence).where(evidence.c.message_id.is_(None))
        # The very words of the partial indexes, so that nobody reads a whole table for four small numbers.
        unconfirmed = select(func.count()).select_from(messages).where(text("status = 'unconfirmed'"))
        unread = select(func.count()).select_from(journal).where(text("outcome >= 2"))
        waiting = select(func.count()).select_from(journal).where(text("outcome = 0"))
        async with self._database.read() as connection:
            counts = [
                int((await connection.execute(each)).scalar_one())
                for each in (orphans, unconfirmed, unread, waiting)
            ]
        return OpenEnds(*counts)

    async def refused(self, *, since: datetime) -> Sequence[Refused]:
        """The sampled webhooks that were turned away for their signature, newest first."""
        statement = select(refusals).where(refusals.c.at >= since).order_by(refusals.c.id.desc())
        async with self._database.read() as connection:
            rows = await connection.execute(statement)
            return [Refused(row.at, row.reason, row.size, row.sample) for row in rows]

    async def links(self, limit: int) -> Sequence[str]:
        """Image links in the headers of the `limit` newest messages, each once, newest first."""
        statement = select(messages.c.payload).order_by(messages.c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            payloads = [row.payload for row in await connection.execute(statement)]
        return list(dict.fromkeys(link for payload in payloads for link in _links(payload)))

    async def bodies(self, message_id: MessageId) -> Sequence[Entry]:
        """The journalled bodies that told something of a message, oldest first, a bounded number."""
        named = (
            select(evidence.c.journal_id)
            .where(evidence.c.message_id == message_id, evidence.c.journal_id.is_not(None))
            .order_by(evidence.c.id)
            .limit(_BODIES)
        )
        statement = (
            select(journal.c.id, journal.c.received_at, journal.c.body)
            .where(journal.c.id.in_(named))
            .order_by(journal.c.id)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(statement)
            return [Entry(JournalId(row.id), row.received_at, row.body) for row in rows]

    async def newest_entry(self) -> int:
        """The number of the newest journal entry; 0 when there is none."""
        async with self._database.read() as connection:
            return int((await connection.execute(select(func.max(journal.c.id)))).scalar_one() or 0)

    async def heard(self, body: bytes, *, after: int) -> bool:
        """Whether exactly this body stands in the journal behind that entry."""
        statement = select(journal.c.body).where(
            journal.c.id > after, func.length(journal.c.body) == len(body)
        )
        async with self._database.read() as connection:
            return any(row.body == body for row in await connection.execute(statement))


def _links(payload: bytes) -> Iterator[str]:
    """The image links of one request of ours; whatever else the payload is, it has none."""
    try:
        components = json.loads(payload)["template"]["components"]
    except (ValueError, KeyError, TypeError):
        return
    for component in components:
        if component.get("type") == "header":
            for parameter in component.get("parameters", ()):
                link = parameter.get("image", {}).get("link")
                if isinstance(link, str):
                    yield link
