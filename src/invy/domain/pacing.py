"""The pace of one sender: the generic cell rate algorithm, as pure arithmetic.

Two numbers are kept per sender, so that all processes together hold one pace. Times are Unix seconds.
"""

from dataclasses import dataclass

BURST_S = 0.1
"""How much unused time may be saved up: at 80 messages/s, eight at once."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`next_slot` is when the next message may go if none was saved up; before `rest_until` nothing goes."""

    next_slot: float = 0.0
    rest_until: float = 0.0

    def allows(self, now: float, rate: float) -> int:
        """How many messages may go now at `rate` messages per second."""
        if now < self.rest_until:
            return 0
        # A hair of tolerance: a whole slot must not be lost to binary rounding.
        return int((now - self._base(now, rate)) * rate + 1e-6)

    def taken(self, count: int, now: float, rate: float) -> "Pace":
        """The pace after `count` messages were let go."""
        return Pace(self._base(now, rate) + count / rate, self.rest_until)

    def wait(self, now: float, rate: float) -> float:
        """Seconds until at least one message may go."""
        return max(0.0, self.rest_until - now, self._base(now, rate) + 1 / rate - now)

    def resting(self, until: float) -> "Pace":
        """The pace with a rest asked for; a longer rest already asked for stays."""
        return Pace(self.next_slot, max(self.rest_until, until))

    def _base(self, now: float, rate: float) -> float:
        return max(self.next_slot, now - max(BURST_S, 1 / rate))
