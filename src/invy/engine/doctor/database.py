"""The database: whether it answers, and whether its shape is the one that this version needs."""

from collections.abc import Sequence

from invy.domain.errors import StoreUnavailable
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject


async def database(subject: Subject) -> Sequence[Finding]:
    """Whether the database answers and has the shape that this version needs."""
    section = Section.DATABASE
    assert subject.database is not None
    try:
        shape = await subject.database.shape()
    except StoreUnavailable as error:
        return [found(section, "database.away", problem=error.message)]
    if not shape.exists:
        key = "database.none"
    elif shape.current is None:
        key = "database.empty"
    elif not shape.current_is_known:
        key = "database.ahead"
    else:
        key = "database.current" if shape.current == shape.head else "database.behind"
    subject.chart.database_usable = key == "database.current"
    return [found(section, key, place=shape.place, current=shape.current or "", head=shape.head)]
