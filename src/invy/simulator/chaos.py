"""What can go wrong between Meta and a client, on demand and reproducible. It decides; others carry it out.

A quirk strikes when its rate says so, drawn for (seed, quirk, number, nth message, status), or when the dialled
number's magic asks for it. Neither time nor the order of arrival plays a part.
"""

from collections.abc import Set as AbstractSet
from enum import StrEnum

import msgspec

from invy.simulator.draw import draw


class Quirk(StrEnum):
    """The names are the keys of a scenario's `[chaos]` table."""

    # on the answer to a send
    SLOW_REPLY = "slow_reply"  # the answer takes `slow_reply_s` seconds
    LOST_REPLY = "lost_reply"  # accepted, then the connection breaks before the answer
    ERROR_BEFORE = "error_before"  # a 5xx, and nothing was accepted
    ERROR_AFTER = "error_after"  # a 5xx, although the message was accepted
    RESET = "reset"  # the connection breaks, and nothing was accepted
    EARLY = "early"  # the first webhook goes out before the answer
    # on webhooks
    DUPLICATE = "duplicate"  # told twice
    REORDER = "reorder"  # a message's webhooks arrive in reverse
    DELAY = "delay"  # told about `delay_s` later
    LOSE = "lose"  # never told
    SPLIT = "split"  # an update of a batch stands in an entry of its own
    BAD_SIGNATURE = "bad_signature"  # the first attempt is signed with a wrong secret
    FORGED = "forged"  # besides the truth, a lie signed with a wrong secret
    MISSING_FIELDS = "missing_fields"  # optional fields are left out
    UNKNOWN_STATUS = "unknown_status"  # besides the truth, a status word nobody knows
    UNKNOWN_FIELDS = "unknown_fields"  # fields nobody knows, at every level
    HIDDEN_NUMBER = "hidden_number"  # this guest is known by a business-scoped user id only


class ChaosRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rates between 0 and 1, one per quirk; and how long the slow ones take."""

    slow_reply: float = 0.0
    lost_reply: float = 0.0
    error_before: float = 0.0
    error_after: float = 0.0
    reset: float = 0.0
    early: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    lose: float = 0.0
    split: float = 0.0
    bad_signature: float = 0.0
    forged: float = 0.0
    missing_fields: float = 0.0
    unknown_status: float = 0.0
    unknown_fields: float = 0.0
    hidden_number: float = 0.0
    slow_reply_s: float = 5.0
    delay_s: float = 1800.0

    def __post_init__(self) -> None:
        for quirk in Quirk:
            if not 0 <= getattr(self, quirk.value) <= 1:
                raise ValueError(f"chaos.{quirk.value} is a rate between 0 and 1")


class Chaos:
    def __init__(self, seed: int, rules: ChaosRules) -> None:
        self._seed = seed
        self.set(rules)

    def set(self, rules: ChaosRules) -> None:
        """Other rates from now on."""
        self.rules = rules
        self._rates = {quirk: float(getattr(rules, quirk.value)) for quirk in Quirk}
        self.calm = not any(self._rates.values())

    def strikes(
        self, quirk: Quirk, number: str, nth: int, *, status: str = "", magic: AbstractSet[Quirk]
    ) -> bool:
        """Whether this quirk strikes this status of the nth message (or, before acceptance, the nth attempt)."""
        if quirk in magic:
            return True
        rate = self._rates[quirk]
        return rate > 0 and draw(self._seed, "chaos", quirk.value, number, nth, status) < rate

    def share(self, quirk: Quirk, number: str, nth: int, *, status: str = "") -> float:
        """A second draw for the details of a strike, in [0, 1)."""
        return draw(self._seed, "chaos detail", quirk.value, number, nth, status)
