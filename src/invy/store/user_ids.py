"""Who is who: business-scoped user ids, the numbers they were named together with, and stops that name nothing else.

Since 2026 a guest may hide the number, and Meta then tells of a marketing stop by user id alone. Pairs of user id and
number are only ever added, and of several words about a guest the latest counts, so it does not matter which comes first.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, and_, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.inbound import Preference
from invy.domain.phone import E164, from_wa_id
from invy.store import bulk
from invy.store.database import Database
from invy.store.evidence import CHUNK, plain
from invy.store.tables import opt_outs, user_opt_outs, user_phones

Pair = tuple[str, E164]
"""A user id and a number that were named together."""


async def write(
    connection: AsyncConnection,
    database: Database,
    pairs: Collection[Pair],
    preferences: Sequence[Preference],
) -> set[str]:
    """Remember who is who, and who has stopped marketing messages; the latest word about each guest counts.

    All that one transaction has to say comes here at once, so that each table is written once and in the order of its
    keys. Returns the user ids that got a word or a number: another transaction may have written the other half unseen.
    """
    by_phone: dict[str, Preference] = {}
    by_user: dict[str, Preference] = {}
    known = set(pairs)
    for each in preferences:
        if each.phone is not None:
            phone = from_wa_id(each.phone)
            _keep_later(by_phone, phone, each)
            if each.user_id is not None:
                known.add((each.user_id, phone))
        elif each.user_id is not None:
            _keep_later(by_user, each.user_id, each)
    reached = {*await _pair(connection, database, known), *by_user}
    if by_user:
        statement = database.upsert(
            user_opt_outs, ["user_id"], ["stopped", "at", "detail"], newer=("at", "stopped")
        )
        await connection.execute(
            statement, [{"user_id": user_id, **_word(each)} for user_id, each in sorted(by_user.items())]
        )
    await _spread(connection, database, sorted(reached), by_phone)
    return reached


async def _pair(connection: AsyncConnection, database: Database, pairs: Collection[Pair]) -> list[str]:
    """Remember pairs; returns the user ids of those that were new."""
    ordered = sorted(pairs)
    rows: bulk.Columns = {
        "user_id": [user_id for user_id, _ in ordered],
        "phone": [phone for _, phone in ordered],
    }
    new = await bulk.insert(
        connection, database, user_phones, rows, conflict="ON CONFLICT DO NOTHING", returning="user_id"
    )
    return [user_id for (user_id,) in new]


async def overdue(connection: AsyncConnection, limit: int, among: Sequence[str] | None = None) -> list[str]:
    """User ids whose word has not reached all their numbers: two transactions did not see each other. Of `among`, if given."""
    later = or_(
        opt_outs.c.phone.is_(None),
        opt_outs.c.at < user_opt_outs.c.at,
        # As `_rank` has it: of two words of one second the stop counts.
        and_(opt_outs.c.at == user_opt_outs.c.at, user_opt_outs.c.stopped, not_(opt_outs.c.stopped)),
    )
    late = (
        select(user_opt_outs.c.user_id)
        .distinct()
        .join(user_phones, user_phones.c.user_id == user_opt_outs.c.user_id)
        .outerjoin(opt_outs, opt_outs.c.phone == user_phones.c.phone)
        .where(later)
        .order_by(user_opt_outs.c.user_id)
        .limit(limit)
    )
    if among is not None:
        late = late.where(user_opt_outs.c.user_id.in_(among))
    return [row.user_id for row in await connection.execute(late)]


async def spread(connection: AsyncConnection, database: Database, user_ids: Sequence[str]) -> None:
    """Let what is known about these users count for every number known to be theirs."""
    await _spread(connection, database, user_ids, {})


async def _spread(
    connection: AsyncConnection, database: Database, user_ids: Sequence[str], latest: dict[str, Preference]
) -> None:
    """Write the latest words about numbers: `latest`, and what is known by these user ids."""
    for start in range(0, len(user_ids), CHUNK):
        for row in await connection.execute(_words_about(user_ids[start : start + CHUNK])):
            word = Preference(row.phone, row.user_id, None, row.stopped, row.at, row.at, row.detail)
            _keep_later(latest, row.phone, word)
    await _upsert(connection, database, latest)


def _words_about(user_ids: Sequence[str]) -> Select[tuple[str, str, bool, object, str | None]]:
    return (
        select(
            user_phones.c.phone,
            user_opt_outs.c.user_id,
            user_opt_outs.c.stopped,
            user_opt_outs.c.at,
            user_opt_outs.c.detail,
        )
        .join(user_phones, user_phones.c.user_id == user_opt_outs.c.user_id)
        .where(user_opt_outs.c.user_id.in_(user_ids))
    )


def _keep_later(kept: dict[str, Preference], name: str, word: Preference) -> None:
    if name not in kept or _rank(kept[name]) <= _rank(word):
        kept[name] = word


def _rank(word: Preference) -> tuple[datetime, bool]:
    """Of two words of one second, Meta's smallest unit, the stop counts, whichever was heard first."""
    return (word.at, word.stopped)


async def _upsert(connection: AsyncConnection, database: Database, latest: dict[str, Preference]) -> None:
    if latest:
        statement = database.upsert(opt_outs, ["phone"], ["stopped", "at", "detail"], newer=("at", "stopped"))
        rows = [{"phone": phone, **_word(latest[phone])} for phone in sorted(latest)]
        await connection.execute(statement, rows)


def _word(preference: Preference) -> dict[str, object]:
    return {"stopped": preference.stopped, "at": preference.at, "detail": plain(preference.detail)}
