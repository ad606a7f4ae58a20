"""What will become of a message on the guest's side: decided once, by seed, number and how many came before.

A fate is a list of steps in virtual seconds. It knows nothing of webhooks, of the order in which messages arrive,
or of the clock: the same seed gives the same guest the same luck in every run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from invy.simulator.chaos import Quirk
from invy.simulator.draw import Draws

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Status(StrEnum):
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """`after_s` counts from the step before (the first from acceptance). A step not `told` causes no webhook."""

    status: Status
    after_s: float
    code: int | None = None
    told: bool = True


class Reaction(StrEnum):
    """What a guest does after reading."""

    BUTTON = "button"
    BUTTON_WITHOUT_CONTEXT = "button_without_context"
    TEXT = "text"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Fate:
    """`name` is one of the endings below or of the magic suffixes.

    `held_s` more than 0 means held for quality assessment first. `refusal` is a code the send is refused with, for
    the first `refused_attempts` attempts (0: for all).
    """

    name: str
    steps: tuple[Step, ...]
    quirks: frozenset[Quirk] = frozenset()
    reaction: Reaction | None = None
    held_s: float = 0.0
    refusal: int = 0
    refused_attempts: int = 0


class Ending(StrEnum):
    """How the realistic mix can end. The weights of a mix are keyed by these."""

    READ = "read"
    READ_AT_ONCE = "read-at-once"
    DELIVERED = "delivered"
    PHONE_OFF = "phone-off"
    BLOCKED = "blocked"
    UNDELIVERABLE = "undeliverable"
    ECOSYSTEM = "ecosystem"
    EXPERIMENT = "experiment"
    OPTED_OUT = "opted-out"
    MEDIA = "media"
    UNKNOWN_ERROR = "unknown-error"
    PAYMENT = "payment"
    LOCKED = "locked"


FAILURE_CODES: Mapping[Ending, int] = MappingProxyType(
    {
        Ending.UNDELIVERABLE: 131026,
        Ending.ECOSYSTEM: 131049,
        Ending.EXPERIMENT: 130472,
        Ending.OPTED_OUT: 131050,
        Ending.MEDIA: 131053,
        Ending.UNKNOWN_ERROR: 131000,
        Ending.PAYMENT: 131042,
        Ending.LOCKED: 131031,
    }
)

Mix = Mapping[Ending, float]

MIXES: Mapping[str, Mix] = MappingProxyType(
    {
        "realistic": {
            Ending.READ: 62,
            Ending.READ_AT_ONCE: 8,
            Ending.DELIVERED: 18,
            Ending.PHONE_OFF: 3,
            Ending.BLOCKED: 3,
            Ending.UNDELIVERABLE: 3.5,
            Ending.ECOSYSTEM: 1,
            Ending.EXPERIMENT: 0.5,
            Ending.OPTED_OUT: 0.5,
            Ending.MEDIA: 0.3,
            Ending.UNKNOWN_ERROR: 0.2,
        },
        "all-read": {Ending.READ: 1},
        "all-delivered": {Ending.DELIVERED: 1},
        "all-silent": {Ending.BLOCKED: 1},
        "harsh": {
            Ending.READ: 30,
            Ending.READ_AT_ONCE: 5,
            Ending.DELIVERED: 20,
            Ending.PHONE_OFF: 10,
            Ending.BLOCKED: 10,
            Ending.UNDELIVERABLE: 10,
            Ending.ECOSYSTEM: 5,
            Ending.EXPERIMENT: 3,
            Ending.OPTED_OUT: 3,
            Ending.MEDIA: 2,
            Ending.UNKNOWN_ERROR: 2,
        },
    }
)


def _skewed(low: float, middle: float, high: float, chance: float) -> float:
    """Most near `low`, half below `middle`, a long tail towards `high`."""
    doubled = chance * 2
    if doubled < 1:
        return low + (middle - low) * doubled * doubled
    return float(middle * (high / middle) ** (doubled - 1))


def choose(mix: Mix, chance: float) -> Ending:
    """The ending at this point of the cumulated weights."""
    point = chance * sum(mix.values())
    for ending, weight in mix.items():
        point -= weight
        if point < 0:
            return ending
    return next(iter(mix))


def steps_to(ending: Ending, draws: Draws) -> tuple[Step, ...]:  # noqa: PLR0911 - one ending, one way
    """The way to an ending, with delays drawn from `draws` (indices 1 to 3)."""
    sent = Step(Status.SENT, 0.2 + 1.3 * draws.chance(1))
    delivered_s = _skewed(0.3, 2.0, 90.0, draws.chance(2))
    read_s = _skewed(2.0, 3 * MINUTE, 6 * HOUR, draws.chance(3))
    match ending:
        case Ending.READ:
            return sent, Step(Status.DELIVERED, delivered_s), Step(Status.READ, read_s)
        case Ending.READ_AT_ONCE:
            # Meta leaves `delivered` out when the chat is open on the phone and both coincide.
            return sent, Step(Status.DELIVERED, delivered_s, told=False), Step(Status.READ, 0.0)
        case Ending.DELIVERED:
            return sent, Step(Status.DELIVERED, delivered_s)
        case Ending.PHONE_OFF:
            off_s = _skewed(2 * HOUR, 14 * HOUR, 4 * DAY, draws.chance(2))
            return sent, Step(Status.DELIVERED, off_s), Step(Status.READ, read_s)
        case Ending.BLOCKED:
            return (sent,)
        case Ending.UNKNOWN_ERROR | Ending.OPTED_OUT:
            return sent, Step(Status.FAILED, delivered_s, FAILURE_CODES[ending])
        case _:
            return (Step(Status.FAILED, 0.5 + 4 * draws.chance(2), FAILURE_CODES[ending]),)


def fate_of(
    seed: int, number: str, nth: int, mix: Mix, replies: Mapping[Reaction, float] = MappingProxyType({})
) -> Fate:
    """The fate of the `nth` message (from 1) accepted for `number` in the world of this seed.

    `replies` gives the share of readers who react, per reaction.
    """
    draws = Draws(seed, "fate", number, nth)
    ending = choose(mix, draws.chance(0))
    steps = steps_to(ending, draws)
    reaction = _reaction(replies, draws.chance(4)) if steps and steps[-1].status is Status.READ else None
    return Fate(ending.value, steps, reaction=reaction)


def _reaction(replies: Mapping[Reaction, float], point: float) -> Reaction | None:
    for reaction, share in replies.items():
        point -= share
        if point < 0:
            return reaction
    return None
