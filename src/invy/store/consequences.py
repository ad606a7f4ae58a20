"""What a failure that a receipt tells of means beyond its message: the guest wants no more, or work must rest.

Drawn wherever a message's fold moves, because a receipt may wait as an orphan, or be learnt by asking, and then it means
the same. The error catalogue decides; here it is only written down.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.fold import FailedAt, Folded
from invy.domain.hold import Hold
from invy.domain.ids import MessageId
from invy.domain.inbound import Preference
from invy.domain.phone import E164
from invy.meta import catalogue
from invy.meta.holding import SCOPES, hold
from invy.store import holds as hold_rows
from invy.store import user_ids
from invy.store.database import Database
from invy.store.tables import messages

MARKETING_STOPPED: Final = 131050
"""The guest has stopped marketing messages from this business (error codes page, 2026-09)."""


class Failing(NamedTuple):
    """A message of which a receipt says why it failed, its fold before and after that, and whom it was for."""

    message_id: MessageId
    before: Folded
    after: Folded
    to: E164


async def draw(connection: AsyncConnection, database: Database, failing: Iterable[Failing]) -> list[Hold]:
    """Write down what these failures mean, where they were not known before; returns the holds."""
    placed: list[Hold] = []
    stops: list[Preference] = []
    for message_id, before, after, to in sorted(failing, key=lambda each: each.message_id):
        failed = after.failed
        if failed is None or failed.failure.code in (None, _code(before)):
            continue
        code = failed.failure.code or 0
        if code == MARKETING_STOPPED:
            stops.append(_stop(to, failed))
        scope = SCOPES.get(catalogue.lookup(code, failed.failure.subcode).effect)
        if scope is not None:
            whose = select(messages.c.sender_id, messages.c.template_key).where(messages.c.id == message_id)
            sender_id, template_key = (await connection.execute(whose)).one()
            placed.append(
                hold(
                    scope,
                    sender_id=sender_id,
                    template_key=template_key,
                    failure=failed.failure,
                    at=after.last_receipt_at or failed.at,
                )
            )
    if stops:
        await user_ids.prefer(connection, database, stops)
    for each in sorted(placed, key=lambda each: (each.scope, each.subject)):
        await hold_rows.place(connection, database, each)
    return placed


def _code(folded: Folded) -> int | None:
    return folded.failed.failure.code if folded.failed is not None else None


def _stop(to: E164, failed: FailedAt) -> Preference:
    return Preference(
        phone=to.removeprefix("+"),
        user_id=None,
        category="marketing_messages",
        stopped=True,
        at=failed.at,
        heard_at=failed.at,
        detail=failed.failure.details or failed.failure.title,
    )
