"""Many verdicts as few groups: for each kind of trouble how many it concerns and the one thing to do about it.

A `Tally` takes verdicts one by one and keeps of each no more than it was asked to, so that a million of them need no
more room than ten.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from invy.diagnose.finding import Finding, MayResend
from invy.diagnose.verdict import Verdict
from invy.domain.errors import Side
from invy.meta.catalogue import Text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Group(Generic[T]):
    """All messages of one finding, code and next step, in the order they came."""

    finding: Finding
    label: str | None
    """Meta's code as a person writes it, where one is at the bottom of it."""
    headline: Text
    todo: Text
    side: Side | None
    may_resend: MayResend
    """Of the first member; members may differ when a guest has opted out."""
    remarks: tuple[Text, ...]
    """What is known of the sender and the template that concerns all of them."""
    count: int
    phone_count: int
    """How many of them are to be telephoned."""
    members: tuple[T, ...]
    """The first of them, as many as were to be kept."""
    to_phone: tuple[T, ...]
    """The first of those who are to be telephoned."""


@dataclass(slots=True)
class _Gathered(Generic[T]):
    first: Verdict
    remarks: dict[Text, None] = field(default_factory=dict)
    count: int = 0
    phone_count: int = 0
    members: list[T] = field(default_factory=list)
    to_phone: list[T] = field(default_factory=list)


class Tally(Generic[T]):
    """Counts verdicts by group. `keep` members of each are kept by name, all where it is None."""

    def __init__(self, keep: int | None = None) -> None:
        self._keep = keep
        self._gathered: dict[tuple[Finding, str | None, str], _Gathered[T]] = {}

    def add(self, subject: T, verdict: Verdict, times: int = 1) -> None:
        """A verdict on a subject, which stands for so many of its like. Those who were reached are left out."""
        if verdict.reached:
            return
        found = self._gathered.get(verdict.group)
        if found is None:
            found = self._gathered[verdict.group] = _Gathered(verdict)
        found.count += times
        found.remarks.update(dict.fromkeys(verdict.shared))
        if self._keep is None or len(found.members) < self._keep:
            found.members.append(subject)
        if verdict.phone_instead:
            found.phone_count += times
            if self._keep is None or len(found.to_phone) < self._keep:
                found.to_phone.append(subject)

    @property
    def count(self) -> int:
        return sum(found.count for found in self._gathered.values())

    def groups(self) -> tuple[Group[T], ...]:
        """The largest first."""
        made = [_group(found) for found in self._gathered.values()]
        return tuple(sorted(made, key=lambda g: (-g.count, g.finding, g.label or "", g.todo.en)))


def group(judged: Iterable[tuple[T, Verdict]]) -> tuple[Group[T], ...]:
    """Groups of the unreached with all their members, the largest first; those who were reached are left out."""
    tally: Tally[T] = Tally()
    for subject, verdict in judged:
        tally.add(subject, verdict)
    return tally.groups()


def _group(found: _Gathered[T]) -> Group[T]:
    return Group(
        finding=found.first.finding,
        label=found.first.label,
        headline=found.first.headline,
        todo=found.first.todo,
        side=found.first.side,
        may_resend=found.first.may_resend,
        remarks=tuple(found.remarks),
        count=found.count,
        phone_count=found.phone_count,
        members=tuple(found.members),
        to_phone=tuple(found.to_phone),
    )
