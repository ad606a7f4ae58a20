"""Whether reports reached us when a message was accepted, told by its neighbours: the others in the order of acceptance.

A guest who is silent alone stands among others that were heard of. An outage silences a stretch of neighbours, and a
single report after its repair (a test message) or before its beginning says nothing about those in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

SURE: Final = 3
"""So many silent messages in a row are no coincidence, and so many reports on both sides are no luck."""

LATE_S: Final = 120
"""The first report follows within seconds. One so late was repeated by Meta after an outage."""

CLOSE_S: Final = 10
"""A message accepted so soon before or after another one is reported in the same moments as that one."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    accepted_at: datetime
    heard: bool
    """Whether its first report came when it should have; see `in_time`."""


class Around(StrEnum):
    """What the neighbours of a silent message tell about our hearing at that time."""

    HEARD = "heard"  # others of the same moments have their reports
    SILENT = "silent"  # those next to it are silent too
    UNCLEAR = "unclear"  # too few to tell


def in_time(accepted_at: datetime, heard_at: datetime | None, *, first: bool) -> bool:
    """Whether we heard at once what Meta tells first: that the message was sent, or that it failed.

    `first` is whether that was among what we have heard. Where delivery or reading is all that came, and not at once,
    the report before it was lost: we were deaf when the message was accepted.
    """
    if heard_at is None:
        return False
    return heard_at <= accepted_at + timedelta(seconds=LATE_S if first else CLOSE_S)


def around(neighbours: Sequence[Neighbour], start: datetime, end: datetime) -> Around:
    """What these say about a silent message that was accepted from `start` until before `end`.

    That message may be among them or not. All silent messages of the same span get the same answer.
    """
    ordered = sorted(neighbours, key=lambda each: (each.accepted_at, each.heard))
    own = [n for n, each in enumerate(ordered) if start <= each.accepted_at < end and not each.heard]
    if not own:
        first = next((n for n, each in enumerate(ordered) if each.accepted_at >= start), len(ordered))
        ordered.insert(first, Neighbour(start, heard=False))
        own = [first]
    begin, stop, weight = _stretch([not each.heard for each in ordered], own)
    silent = sum(not each.heard for each in ordered[begin:stop])
    # Scattered silent guests make short stretches by chance; an outage holds most of the silence of its time.
    if weight >= SURE and 2 * silent >= sum(not each.heard for each in ordered):
        return Around.SILENT
    if _heard_close(ordered, start, end) or _heard_on_both_sides(ordered, begin, stop):
        return Around.HEARD
    return Around.SILENT if silent > 1 else Around.UNCLEAR


def _stretch(silent: Sequence[bool], own: Sequence[int]) -> tuple[int, int, int]:
    """The stretch around one of `own` where silence outweighs reports the most: its bounds, and by how much."""
    weights = [1 if each else -1 for each in silent]
    before, after = _sums(weights), _sums(weights[::-1])[::-1]
    middle = max(own, key=lambda n: (before[n] + after[n] - 1, -n))
    begin = middle
    while begin > 0 and before[begin - 1] > 0:
        begin -= 1
    stop = middle + 1
    while stop < len(weights) and after[stop] > 0:
        stop += 1
    return begin, stop, before[middle] + after[middle] - 1


def _sums(weights: Sequence[int]) -> list[int]:
    """For each place the greatest sum of a stretch that ends there."""
    sums: list[int] = []
    for weight in weights:
        sums.append(weight + max(0, sums[-1] if sums else 0))
    return sums


def _heard_close(ordered: Sequence[Neighbour], start: datetime, end: datetime) -> bool:
    close = timedelta(seconds=CLOSE_S)
    return any(each.heard and start - close <= each.accepted_at < end + close for each in ordered)


def _heard_on_both_sides(ordered: Sequence[Neighbour], begin: int, stop: int) -> bool:
    before = sum(each.heard for each in ordered[:begin])
    after = sum(each.heard for each in ordered[stop:])
    return before > 0 and after > 0 and before + after >= SURE
