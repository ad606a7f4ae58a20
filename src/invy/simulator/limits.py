"""How much may be sent: per second and number, and per guest. Each limit can be switched off."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from invy.simulator.refusal import Refusal

_PAIR_EVERY_S = 6.0
_PAIR_BURST = 45


@dataclass(frozen=True, slots=True)
class LimitRules:
    """`per_second` 0 switches the throughput limit off.

    Throughput counts in real seconds, because clients pace themselves by the wall clock; the pair rate counts in
    virtual time.
    """

    per_second: int = 80
    pair: bool = True


class Limits:
    def __init__(self, rules: LimitRules, real: Callable[[], float] = monotonic) -> None:
        self.rules = rules
        self._real = real
        self._second: deque[float] = deque()
        self._pairs: dict[str, tuple[float, float]] = {}

    def check(self, wa_id: str, now: float) -> None:
        """Count a message to this guest, or refuse it with 130429 or 131056."""
        self._check_throughput()
        if self.rules.pair:
            self._check_pair(wa_id, now)

    def _check_throughput(self) -> None:
        if not self.rules.per_second:
            return
        real = self._real()
        while self._second and self._second[0] <= real - 1.0:
            self._second.popleft()
        if len(self._second) >= self.rules.per_second:
            raise Refusal(130429)
        self._second.append(real)

    def _check_pair(self, wa_id: str, now: float) -> None:
        """One message every six seconds; a burst of up to 45 is borrowed from the time that follows."""
        tokens, at = self._pairs.get(wa_id, (float(_PAIR_BURST), now))
        tokens = min(_PAIR_BURST, tokens + (now - at) / _PAIR_EVERY_S)
        if tokens < 1:
            raise Refusal(131056)
        self._pairs[wa_id] = (tokens - 1, now)

    def forget(self) -> None:
        self._second.clear()
        self._pairs.clear()
