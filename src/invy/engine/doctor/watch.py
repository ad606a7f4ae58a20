"""What has changed between two examinations. Pure; times and counts inside the words are no change."""

from collections.abc import Sequence
from dataclasses import dataclass

from invy.engine.doctor.finding import Finding


@dataclass(frozen=True, slots=True)
class Changes:
    """`fresh` was not so before; `gone` was so before, and nothing took its place."""

    fresh: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fresh or self.gone)


def changes(before: Sequence[Finding], after: Sequence[Finding]) -> Changes:
    """Compares kinds of findings per thing, not their words."""
    known = {(each.identity, each.key) for each in before}
    still = {(each.identity, each.key) for each in after}
    fresh = tuple(each for each in after if (each.identity, each.key) not in known)
    replaced = {each.identity for each in fresh}
    gone = tuple(
        each for each in before if (each.identity, each.key) not in still and each.identity not in replaced
    )
    return Changes(fresh, gone)
