"""The pace of one sender: the generic cell rate algorithm, as pure arithmetic.

Two numbers are kept per sender, so that all processes together hold one pace. Times are Unix seconds, by the clock of
whoever asks: what no clock can have written in good order counts as not written, so a clock that was wrong for a moment
never stops the sending.

A rest that is over is not forgotten: until somebody has had a sure answer, one message at a time goes ahead, and the
others rest on while it does.
"""

from dataclasses import dataclass

BURST_S = 0.1
"""How much unused time may be saved up: at 80 messages/s, eight at once."""

LONGEST_REST_S = 300.0
"""No rest is longer; what needs more is held until a person has acted."""

FIRST_REST_S = 10.0
"""After several answers in a row that left open what became of the message. Each further one doubles the rest."""

CLOCKS_DIFFER_S = 5.0
"""How far the clocks of two machines may be apart for both to hold one pace. A slot or the end of a rest that lies
further ahead than this allows was written by a clock that was wrong, or ours has been set back."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`next_slot` is when the next message may go if none was saved up; before `rest_until` nothing goes.

    `rest_until` is 0 when there was no rest since the last sure answer.
    """

    next_slot: float = 0.0
    rest_until: float = 0.0

    def allows(self, now: float, rate: float) -> int:
        """How many messages may go now at `rate` messages per second."""
        if self.rest_left(now) > 0:
            return 0
        # A hair of tolerance: a whole slot must not be lost to binary rounding.
        free = int((now - self._base(now, rate)) * rate + 1e-6)
        return min(free, 1) if self.probing(now) else free

    def taken(self, count: int, now: float, rate: float) -> "Pace":
        """The pace after `count` messages were let go."""
        return Pace(self._base(now, rate) + count / rate, self.rest_until)

    def wait(self, now: float, rate: float) -> float:
        """Seconds until at least one message may go."""
        return max(0.0, self.rest_left(now), self._base(now, rate) + 1 / rate - now)

    def resting(self, until: float, now: float) -> "Pace":
        """The pace with a rest asked for; a longer rest already asked for stays."""
        wanted = min(until, now + LONGEST_REST_S)
        return Pace(self.next_slot, max(now + self.rest_left(now), wanted))

    def probing(self, now: float) -> bool:
        """Whether a rest is over and nobody knows yet whether it has helped."""
        return self.rest_until > 0 and self.rest_left(now) == 0

    @property
    def rested_s(self) -> float:
        """How long nothing has gone when the rest ends."""
        return min(LONGEST_REST_S, max(0.0, self.rest_until - self.next_slot))

    def probed(self, now: float, answer_s: float) -> "Pace":
        """The pace while one message goes ahead: the others rest for as long as its answer may take."""
        return Pace(self.next_slot, now + min(answer_s, LONGEST_REST_S))

    def answered(self, rest_until: float | None, now: float) -> "Pace":
        """The pace once that message has its answer, and the rest that follows from it, if any."""
        return Pace(self.next_slot, 0.0 if rest_until is None else min(rest_until, now + LONGEST_REST_S))

    def rest_left(self, now: float) -> float:
        """Seconds until the rest is over; 0 when there is none."""
        left = self.rest_until - now
        return left if 0 < left <= LONGEST_REST_S + CLOCKS_DIFFER_S else 0.0

    def _base(self, now: float, rate: float) -> float:
        saved = now - max(BURST_S, 1 / rate)
        # A slot is never given away before its time, so one ahead of us is the measure of two clocks.
        return saved if self.next_slot > now + CLOCKS_DIFFER_S else max(self.next_slot, saved)


def longer(rested_s: float) -> float:
    """The rest after one that has not helped."""
    return min(LONGEST_REST_S, max(FIRST_REST_S, 2 * rested_s))
