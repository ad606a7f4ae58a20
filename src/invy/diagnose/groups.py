"""Many verdicts as few groups: for each kind of trouble how many it concerns and the one thing to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from invy.diagnose.finding import Finding, MayResend
from invy.diagnose.verdict import Verdict
from invy.domain.errors import Side
from invy.meta.catalogue import Text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Group(Generic[T]):
    """All messages of one finding and code, in the order they came."""

    finding: Finding
    label: str | None
    """Meta's code as a person writes it, where one is at the bottom of it."""
    headline: Text
    todo: Text
    side: Side | None
    may_resend: MayResend
    """Of the first member; members may differ when a guest has opted out."""
    members: tuple[T, ...]
    to_phone: tuple[T, ...]
    """Those of the members who are to be telephoned."""

    @property
    def count(self) -> int:
        return len(self.members)


def group(judged: Iterable[tuple[T, Verdict]]) -> tuple[Group[T], ...]:
    """Groups of the unreached, the largest first; those who were reached are left out."""
    gathered: dict[tuple[Finding, str | None], list[tuple[T, Verdict]]] = {}
    for subject, verdict in judged:
        if not verdict.reached:
            gathered.setdefault(verdict.group, []).append((subject, verdict))
    groups = [_group(members) for members in gathered.values()]
    return tuple(sorted(groups, key=lambda g: (-g.count, g.finding, g.label or "")))


def _group(members: list[tuple[T, Verdict]]) -> Group[T]:
    first = members[0][1]
    return Group(
        finding=first.finding,
        label=first.label,
        headline=first.headline,
        todo=first.todo,
        side=first.side,
        may_resend=first.may_resend,
        members=tuple(subject for subject, _ in members),
        to_phone=tuple(subject for subject, verdict in members if verdict.phone_instead),
    )
