"""What has changed since the examinations before. Pure; times and counts inside the words are no change.

What could not be looked at this time is neither gone nor new: it stays as it was last seen until it is seen again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from invy.engine.doctor.finding import Finding
from invy.engine.doctor.section import Section


@dataclass(frozen=True, slots=True)
class Changes:
    """`fresh` was not so before; `gone` was so before, and nothing took its place."""

    fresh: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fresh or self.gone)


def unlooked(findings: Sequence[Finding]) -> frozenset[Section]:
    """The sections in which something could not be looked at."""
    return frozenset(each.section for each in findings if _tells_of_no_look(each))


def changes(
    known: Sequence[Finding], now: Sequence[Finding], blind: frozenset[Section] = frozenset()
) -> Changes:
    """What is now against what is known. Compares kinds of findings per thing, not their words."""
    before = {(each.identity, each.key) for each in known}
    still = {(each.identity, each.key) for each in now}
    fresh = tuple(each for each in now if (each.identity, each.key) not in before)
    replaced = {each.identity for each in fresh}
    gone = tuple(
        each
        for each in known
        if each.section not in blind
        and (each.identity, each.key) not in still
        and each.identity not in replaced
    )
    return Changes(fresh, gone)


def remembered(
    known: Sequence[Finding], now: Sequence[Finding], blind: frozenset[Section]
) -> tuple[Finding, ...]:
    """What is known after this examination: what it found, and what was known of the sections it is `blind` in."""
    seen = {each.identity for each in now if not _tells_of_no_look(each)}
    kept = (
        each
        for each in known
        if each.section in blind and each.identity not in seen and not _tells_of_no_look(each)
    )
    return (*now, *kept)


def _tells_of_no_look(finding: Finding) -> bool:
    """Also where the database is away: then it says nothing about what was heard."""
    return finding.key.startswith("general.") or (
        finding.key == "database.away" and finding.section is not Section.DATABASE
    )
