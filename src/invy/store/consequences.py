"""What a failure that a receipt tells of means beyond its message: the guest wants no more, or work must rest.

Every such receipt is drawn from, wherever it joins its message: it may have waited as an orphan, or be learnt by asking,
and a message may fail for several reasons. So what follows does not depend on which was told first, or together with
which. The error catalogue decides; here it is only written down.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.evidence import Attempt, Receipt
from invy.domain.failure import Failure
from invy.domain.hold import Hold, Scope
from invy.domain.ids import MessageId, SenderId, TemplateKey
from invy.domain.inbound import Preference
from invy.domain.phone import E164
from invy.meta import catalogue
from invy.meta.holding import SCOPES, hold
from invy.store import evidence as evidence_rows
from invy.store import holds as hold_rows
from invy.store.database import Database
from invy.store.evidence import CHUNK
from invy.store.tables import evidence, messages

MARKETING_STOPPED: Final = 131050
"""The guest has stopped marketing messages from this business (error codes page, 2026-09)."""

Codes = Mapping[MessageId, Collection[int | None]]


class Failed(NamedTuple):
    """A receipt that tells why a message failed, and whom the message was for."""

    message_id: MessageId
    receipt: Receipt
    failure: Failure
    to: E164

    @property
    def at(self) -> datetime:
        """When it failed, by Meta's clock if Meta said so."""
        return self.receipt.at or self.receipt.heard_at

    @property
    def scope(self) -> Scope | None:
        """What must rest because of it, if anything. A failure without a code (Meta's message history) says nothing of others."""
        code = self.failure.code
        return None if code is None else SCOPES.get(catalogue.lookup(code, self.failure.subcode).effect)


def stops(failed: Iterable[Failed]) -> list[Preference]:
    """Guests who have stopped marketing messages, as these receipts tell, each at the time of its receipt."""
    return [
        Preference(
            phone=each.to.removeprefix("+"),
            user_id=None,
            category="marketing_messages",
            stopped=True,
            at=each.at,
            heard_at=each.receipt.heard_at,
            detail=each.failure.details or each.failure.title,
        )
        for each in failed
        if each.failure.code == MARKETING_STOPPED
    ]


async def codes_known(connection: AsyncConnection, failed: Iterable[Failed]) -> Codes:
    """The codes with which these messages are known to have failed; asked before what is new is stored.

    Only of messages for whose failure something would have to rest: somebody may have let it go on since.
    """
    asked = sorted({each.message_id for each in failed if each.scope is not None})
    known: dict[MessageId, set[int | None]] = {each: set() for each in asked}
    for start in range(0, len(asked), CHUNK):
        rows = await connection.execute(
            select(evidence.c.message_id, *evidence_rows.COLUMNS).where(
                evidence.c.message_id.in_(asked[start : start + CHUNK])
            )
        )
        for row in rows:
            fact = evidence_rows.read(row)
            if isinstance(fact, Attempt | Receipt) and fact.failure is not None:
                known[row.message_id].add(fact.failure.code)
    return known


async def rest(
    connection: AsyncConnection, database: Database, failed: Iterable[Failed], known: Codes
) -> list[Hold]:
    """Let rest what must, for failures that were not known before; returns the holds that were not there already.

    A report that comes late may tell of a failure from before a person let the work go on: that changes nothing any more.
    """
    new = [
        each
        for each in sorted(failed, key=lambda each: (each.receipt.heard_at, each.message_id))
        if each.scope is not None and each.failure.code not in known[each.message_id]
    ]
    whose = await _whose(connection, sorted({each.message_id for each in new}))
    meant: dict[tuple[Scope, str], tuple[Hold, datetime]] = {}
    for each in new:
        sender_id, template_key = whose[each.message_id]
        assert each.scope is not None
        made = hold(
            each.scope,
            sender_id=sender_id,
            template_key=template_key,
            failure=each.failure,
            at=each.receipt.heard_at,
        )
        first, newest = meant.get((made.scope, made.subject), (made, each.at))
        meant[made.scope, made.subject] = (first, max(newest, each.at))
    # In one order, so that no two transactions wait for each other in a circle.
    return [
        made
        for _, (made, newest) in sorted(meant.items())
        if not await _over(connection, made, newest) and await hold_rows.place(connection, database, made)
    ]


async def _over(connection: AsyncConnection, made: Hold, newest: datetime) -> bool:
    """Whether a person has let the subject go on since the newest of these failures."""
    released_at = await hold_rows.released_at(connection, made.scope, made.subject)
    return released_at is not None and released_at > newest


async def _whose(
    connection: AsyncConnection, ids: Sequence[MessageId]
) -> Mapping[MessageId, tuple[SenderId, TemplateKey]]:
    """The sender and the template of each of these messages."""
    found: dict[MessageId, tuple[SenderId, TemplateKey]] = {}
    for start in range(0, len(ids), CHUNK):
        rows = await connection.execute(
            select(messages.c.id, messages.c.sender_id, messages.c.template_key).where(
                messages.c.id.in_(ids[start : start + CHUNK])
            )
        )
        found |= {row.id: (row.sender_id, row.template_key) for row in rows}
    return found
