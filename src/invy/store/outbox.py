"""The outbox: message rows waiting to be sent. Lease (which writes the intent), record the outcome, expire the dead.

A lease is one transaction that takes the sender's pace, marks the messages `sending` and stores the started attempt as
evidence: the intent is durable before any request leaves. What guests have stopped meanwhile it takes out of the queue.
At most once: a leased message is never leased again unless
its attempt was recorded as certainly not processed by Meta.
"""

from collections.abc import AsyncIterable, AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.evidence import Attempt, Phase, Told
from invy.domain.hold import Hold, Scope
from invy.domain.ids import CampaignId, MessageId, SenderId, Wamid
from invy.domain.message import Draft, Lease, Leased, Posted, stopped_by_guest
from invy.domain.pacing import Pace
from invy.domain.phone import E164, aliases
from invy.store import cancelling, opt_outs, telling
from invy.store import holds as hold_rows
from invy.store import messages as message_rows
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.tables import messages, senders

IDLE_S = 1.0
"""How long to wait before looking again when there is nothing to send; a wake-up ends the wait earlier."""


class Outbox:
    """The sender's door to the database. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enqueue(self, drafts: AsyncIterable[Sequence[Draft]]) -> int:
        """Write drafts, all or none; those whose `once_key` is there already are left out. Returns how many are new."""
        written = 0
        async with self._database.write() as connection:
            async for chunk in drafts:
                if not chunk:
                    continue
                before = await _count(connection, chunk)
                rows = [message_rows.row_of(draft) for draft in chunk]
                await connection.execute(self._database.insert_new(messages, ["once_key"]), rows)
                written += await _count(connection, chunk) - before
        return written

    async def enqueue_one(self, draft: Draft) -> bool:
        """Write one draft; False when its `once_key` is there already."""

        async def alone() -> AsyncIterator[Sequence[Draft]]:
            yield [draft]

        return bool(await self.enqueue(alone()))

    async def lease(
        self,
        sender_id: SenderId,
        *,
        now: datetime,
        limit: int,
        rate: float,
        owner: str,
        lease_s: float,
        only: Collection[MessageId] | None = None,
        campaign_id: CampaignId | None = None,
    ) -> Lease:
        """Take messages whose requests may leave now. Their attempt is durable as started when this returns.

        `only` and `campaign_id` narrow the choice to these messages, to this campaign.
        """
        async with self._database.write() as connection:
            holds = await hold_rows.active(connection)
            if any(hold.scope is Scope.SENDER and hold.subject == sender_id for hold in holds):
                return Lease((), IDLE_S, idle=True)
            pace = await _pace(connection, self._database, sender_id)
            lease_until = now + timedelta(seconds=lease_s)
            allowed = min(limit, pace.allows(now.timestamp(), rate))
            if allowed < 1:
                resting = pace.rest_left(now.timestamp()) > 0
                return Lease((), pace.wait(now.timestamp(), rate), idle=resting)
            leased, left_out = await self._take(
                connection,
                sender_id=sender_id,
                now=now,
                lease_until=lease_until,
                limit=allowed,
                holds=holds,
                only=only,
                campaign_id=campaign_id,
            )
            if leased and await hold_rows.active(connection) != holds:
                # Placed since we looked, with what it put back into the queue: that is among ours. Look again.
                return Lease((), 0.0, left_out=left_out)
            if not leased:
                return Lease((), 0.0 if left_out else IDLE_S, idle=not left_out, left_out=left_out)
            taken = pace.taken(len(leased), now.timestamp(), rate)
            if pace.probing(now.timestamp()):
                leased = [replace(each, rested_s=pace.rested_s) for each in leased]
                taken = taken.probed(now.timestamp(), lease_s)
            await _keep(connection, sender_id, taken)
            await telling.tell(
                connection,
                self._database,
                [Told(Attempt(each.attempt, Phase.STARTED, now), message_id=each.id) for each in leased],
            )
            await connection.execute(
                update(messages)
                .where(messages.c.id.in_([each.id for each in leased]))
                .values(lease_owner=owner, lease_until=lease_until, due_at=None)
            )
        return Lease(tuple(leased), 0.0, left_out=left_out)

    async def _take(
        self,
        connection: AsyncConnection,
        *,
        sender_id: SenderId,
        now: datetime,
        lease_until: datetime,
        limit: int,
        holds: Sequence[Hold],
        only: Collection[MessageId] | None,
        campaign_id: CampaignId | None,
    ) -> tuple[list[Leased], tuple[MessageId, ...]]:
        statement = (
            select(messages)
            .where(
                messages.c.status == "queued",
                messages.c.sender_id == sender_id,
                or_(messages.c.due_at.is_(None), messages.c.due_at <= now),
            )
            .order_by(messages.c.created_at, messages.c.id)
            .limit(limit)
        )
        for scope, column in (
            (Scope.TEMPLATE, messages.c.template_key),
            (Scope.CAMPAIGN, messages.c.campaign_id),
        ):
            held = [hold.subject for hold in holds if hold.scope is scope]
            if held:
                statement = statement.where(or_(column.is_(None), column.not_in(held)))
        if only is not None:
            statement = statement.where(messages.c.id.in_(only))
        if campaign_id is not None:
            statement = statement.where(messages.c.campaign_id == campaign_id)
        rows = (await connection.execute(self._database.for_update(statement, skip_locked=True))).all()
        left_out = await self._leave_out(connection, rows, now)
        leased = [
            Leased(
                id=row.id,
                to=row.to_phone,
                template_key=row.template_key,
                campaign_id=row.campaign_id,
                sender_id=row.sender_id,
                payload=row.payload,
                attempt=row.attempt + 1,
                lease_until=lease_until,
            )
            for row in rows
            if row.id not in left_out
        ]
        return leased, left_out

    async def _leave_out(
        self, connection: AsyncConnection, rows: Sequence[Row[Any]], now: datetime
    ) -> tuple[MessageId, ...]:
        """Take out what the guests want no more. A stop from before the message was written was known then: forced."""
        stops = await opt_outs.standing(connection, {row.to_phone for row in rows})
        unwanted = [row for row in rows if (at := stops.get(row.to_phone)) and at >= row.created_at]
        if unwanted:
            await cancelling.take_out(connection, self._database, unwanted, stopped_by_guest(now))
        return tuple(row.id for row in unwanted)

    async def record(self, outcomes: Sequence[Posted]) -> Sequence[Hold]:
        """Store what became of attempts, with the holds and rests that follow. Recording again changes nothing.

        Returns the holds that follow from receipts which waited for these messages.
        """
        async with self._database.write() as connection:
            told = await telling.tell(
                connection,
                self._database,
                [
                    Told(posted.attempt, message_id=posted.message_id, wamid=posted.attempt.wamid)
                    for posted in outcomes
                ],
            )
            await connection.execute(
                # Of this attempt only: by now another worker may be at the next one, and its lease is not ours to end.
                update(messages).where(
                    messages.c.id == bindparam("message"), messages.c.attempt == bindparam("number")
                ),
                [
                    {
                        "message": posted.message_id,
                        "number": posted.attempt.number,
                        "lease_owner": None,
                        "lease_until": None,
                        "due_at": posted.due_at,
                    }
                    for posted in outcomes
                ],
            )
            for posted in outcomes:
                if posted.hold is not None:
                    await hold_rows.place(connection, self._database, posted.hold)
                if posted.rest_until is not None or posted.probed:
                    await _rest(connection, self._database, posted)
                if posted.pair is not None:
                    await _postpone(connection, self._database, posted, posted.pair)
        return told.holds

    async def adopt(self, wamids: Sequence[Wamid]) -> Sequence[Hold]:
        """See `telling.adopt`."""
        async with self._database.write() as connection:
            return (await telling.adopt(connection, self._database, wamids)).holds

    async def resting_until(self, sender_id: SenderId, now: datetime) -> datetime | None:
        """See `resting_until` below."""
        async with self._database.read() as connection:
            return await resting_until(connection, sender_id, now)

    async def expire(self, now: datetime, limit: int = 1000) -> list[MessageId]:
        """Leases whose holder died: whether the request left is unknown, so the messages become unconfirmed."""
        async with self._database.write() as connection:
            statement = (
                select(messages.c.id, messages.c.attempt, messages.c.lease_until)
                .where(
                    messages.c.status == "sending",
                    or_(messages.c.lease_until < now, messages.c.lease_until.is_(None)),
                )
                .order_by(messages.c.id)
                .limit(limit)
            )
            rows = (await connection.execute(self._database.for_update(statement, skip_locked=True))).all()
            if rows:
                await telling.tell(
                    connection,
                    self._database,
                    [
                        Told(
                            Attempt(
                                row.attempt,
                                Phase.UNSURE,
                                now,
                                note="The sending process ended before the answer",
                            ),
                            message_id=row.id,
                        )
                        for row in rows
                    ],
                )
                await connection.execute(
                    update(messages)
                    .where(messages.c.id.in_([row.id for row in rows]))
                    .values(lease_owner=None, lease_until=None)
                )
        return [row.id for row in rows]

    async def known(self, once_keys: Collection[str]) -> set[str]:
        """Which of these keys have a message already."""
        there: set[str] = set()
        asked = list(once_keys)
        async with self._database.read() as connection:
            for start in range(0, len(asked), CHUNK):
                found = await connection.execute(
                    select(messages.c.once_key).where(messages.c.once_key.in_(asked[start : start + CHUNK]))
                )
                there.update(row.once_key for row in found)
        return there

    async def unfinished(self, ids: Collection[MessageId] | None = None) -> int:
        """How many messages are queued or being sent."""
        total = 0
        async with self._database.read() as connection:
            # The very words of the two partial indexes: whoever asks every few seconds must not read the whole table.
            for condition in ("status = 'queued'", "status = 'sending'"):
                statement = select(func.count()).select_from(messages).where(text(condition))
                if ids is not None:
                    statement = statement.where(messages.c.id.in_(ids))
                total += int((await connection.execute(statement)).scalar_one())
        return total


async def _count(connection: AsyncConnection, chunk: Sequence[Draft]) -> int:
    """How many of these drafts are stored under their own id. Drivers do not count rows of executemany alike."""
    total = 0
    for start in range(0, len(chunk), CHUNK):
        ids = [draft.id for draft in chunk[start : start + CHUNK]]
        found = await connection.execute(
            select(func.count()).select_from(messages).where(messages.c.id.in_(ids))
        )
        total += int(found.scalar_one())
    return total


async def resting_until(connection: AsyncConnection, sender_id: SenderId, now: datetime) -> datetime | None:
    """When the rest is over in which nothing leaves from this number; none when there is none."""
    found = await connection.execute(select(senders.c.rest_until).where(senders.c.id == sender_id))
    rest_until = found.scalar_one_or_none()
    if rest_until is None or Pace(rest_until=rest_until).rest_left(now.timestamp()) <= 0:
        return None
    return datetime.fromtimestamp(rest_until, UTC)


async def _pace(connection: AsyncConnection, database: Database, sender_id: SenderId) -> Pace:
    """The sender's pace, locked until the transaction ends, so that all processes hold one pace."""
    statement = database.for_update(select(senders).where(senders.c.id == sender_id))
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        fresh = {"id": sender_id, "next_slot": 0.0, "rest_until": 0.0}
        await connection.execute(database.insert_new(senders, ["id"]), fresh)
        row = (await connection.execute(statement)).one()
    return Pace(row.next_slot, row.rest_until)


async def _keep(connection: AsyncConnection, sender_id: SenderId, pace: Pace) -> None:
    await connection.execute(
        update(senders)
        .where(senders.c.id == sender_id)
        .values(next_slot=pace.next_slot, rest_until=pace.rest_until)
    )


async def _rest(connection: AsyncConnection, database: Database, posted: Posted) -> None:
    if posted.sender_id is None:
        return
    pace, now = await _pace(connection, database, posted.sender_id), posted.attempt.at.timestamp()
    until = None if posted.rest_until is None else posted.rest_until.timestamp()
    if posted.probed:
        pace = pace.answered(until, now)
    elif until is not None:
        pace = pace.resting(until, now)
    await _keep(connection, posted.sender_id, pace)


async def _postpone(connection: AsyncConnection, database: Database, posted: Posted, to: E164) -> None:
    """Let what else is queued for this number wait as long.

    A row that another transaction has is left to it: waiting for rows in any order would be a circle one day.
    """
    waiting = select(messages.c.id).where(
        messages.c.to_phone.in_(sorted(aliases(to))),
        messages.c.status == "queued",
        messages.c.sender_id == posted.sender_id,
        or_(messages.c.due_at.is_(None), messages.c.due_at < posted.due_at),
    )
    rows = (await connection.execute(database.for_update(waiting, skip_locked=True))).all()
    if rows:
        postponed = update(messages).where(messages.c.id.in_([row.id for row in rows]))
        await connection.execute(postponed.values(due_at=posted.due_at))
