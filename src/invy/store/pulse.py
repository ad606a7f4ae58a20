"""Signs of life from Meta: what was heard last, what was accepted without an echo, what stands open. Reads only."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import func, select, text

from invy.domain import self_test
from invy.domain.ids import JournalId, MessageId
from invy.domain.journal import Entry
from invy.domain.pulse import OpenEnds, Refused, Unanswered
from invy.store.database import Database
from invy.store.tables import evidence, journal, messages, refusals

_LOOK_BACK = 50
"""How many of the newest journal entries are looked at for one that is not a self-test of ours."""

_EVIDENCE = 5000
_COUNTED = 1000
_BODIES = 200


class Pulse:
    """What the doctor and the service's watch ask of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last_genuine(self) -> datetime | None:
        """When the last webhook came that was not one of our own self-tests."""
        statement = (
            select(journal.c.received_at, journal.c.body).order_by(journal.c.id.desc()).limit(_LOOK_BACK)
        )
        async with self._database.read() as connection:
            for row in await connection.execute(statement):
                if self_test.nonce_of(row.body) is None:
                    heard_at: datetime = row.received_at
                    return heard_at
        return None

    async def last_receipt(self) -> datetime | None:
        """When the last delivery report was heard; None when the newest evidence has none."""
        newest = (
            select(evidence.c.kind, evidence.c.heard_at)
            .order_by(evidence.c.id.desc())
            .limit(_EVIDENCE)
            .subquery()
        )
        statement = select(func.max(newest.c.heard_at)).where(newest.c.kind == "receipt")
        async with self._database.read() as connection:
            heard_at: datetime | None = (await connection.execute(statement)).scalar_one()
        return heard_at

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
