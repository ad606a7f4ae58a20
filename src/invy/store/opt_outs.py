"""Who wants no more marketing messages, whichever form of the number the words came under.

Meta tells a stop by the number we dialled (error 131050) and a resume by its own form of it (`wa_id`), or the other way
round, so one phone may have two rows. The latest word about the phone counts.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Text, and_, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.phone import E164, aliases
from invy.store.evidence import CHUNK
from invy.store.tables import opt_outs


async def standing(connection: AsyncConnection, phones: Collection[E164]) -> Mapping[E164, datetime]:
    """Those of these numbers whose latest word is a stop, and when it was said."""
    asked = sorted({alias for phone in phones for alias in aliases(phone)})
    words: dict[E164, tuple[datetime, bool]] = {}
    for start in range(0, len(asked), CHUNK):
        found = await connection.execute(
            select(opt_outs.c.phone, opt_outs.c.at, opt_outs.c.stopped).where(
                opt_outs.c.phone.in_(asked[start : start + CHUNK])
            )
        )
        words.update({row.phone: (row.at, row.stopped) for row in found})
    latest = {
        # Of two words of one second, Meta's smallest unit, the stop counts.
        phone: max(words[alias] for alias in aliases(phone) if alias in words)
        for phone in phones
        if not words.keys().isdisjoint(aliases(phone))
    }
    return {phone: at for phone, (at, stopped) in latest.items() if stopped}


def perhaps(phone: ColumnElement[str]) -> ColumnElement[bool]:
    """True wherever `standing` may find a stop of this number, and for a few more: for telling apart in SQL.

    Only where a country has two forms is a second look needed; the first one databases can do for all rows at once.
    """
    stopped = opt_outs.c.stopped.is_(True)
    return or_(
        exists().where(opt_outs.c.phone == phone, stopped),
        and_(
            or_(*(phone.like(f"{country}%") for country in _TWO_FORMS)),
            exists().where(opt_outs.c.phone.in_([_longer(phone), _shorter(phone)]), stopped),
        ),
    )


_TWO_FORMS: Final = ("+55", "+52", "+54")


def _longer(phone: ColumnElement[str]) -> ColumnElement[str]:
    """The form with one digit more, of countries that have two (see `domain.phone_alias`); null of others."""
    return case(
        (phone.like("+55%"), _part(phone, 1, 5) + "9" + _part(phone, 6)),
        (phone.like("+52%"), "+521" + _part(phone, 4)),
        (phone.like("+54%"), "+549" + _part(phone, 4)),
    )


def _shorter(phone: ColumnElement[str]) -> ColumnElement[str]:
    """The form with one digit less; null of numbers that cannot have one."""
    return case(
        (phone.like("+55__9%"), _part(phone, 1, 5) + _part(phone, 7)),
        (phone.like("+521%"), "+52" + _part(phone, 5)),
        (phone.like("+549%"), "+54" + _part(phone, 5)),
    )


def _part(phone: ColumnElement[str], start: int, length: int | None = None) -> ColumnElement[str]:
    return func.substr(phone, start, *([] if length is None else [length]), type_=Text())
