"""How much may be sent, and how often asked: each limit refuses with its own code and can be switched off."""

from collections import deque
from collections.abc import Callable
from time import monotonic

from invy.simulator.refusal import Refusal
from invy.simulator.scenario import LimitRules

_PAIR_EVERY_S = 6.0
_PAIR_BURST = 45
_DAY_S = 86400.0
_HOUR_S = 3600.0


class Limits:
    """`real` is the clock of the throughput limit; virtual time comes with each question."""

    def __init__(self, rules: LimitRules, real: Callable[[], float] = monotonic) -> None:
        self.rules = rules
        self.per_second = rules.per_second
        self._real = real
        self._second: dict[str, deque[float]] = {}
        self._pairs: dict[tuple[str, str], tuple[float, float]] = {}
        self._reached: dict[str, float] = {}
        self._calls: deque[float] = deque()

    def check_send(self, number_id: str, wa_id: str, now: float, *, window_open: bool) -> None:
        """Count a message from this number to this guest, or refuse it with 130429, 131030, 131048 or 131056."""
        allowed = self.rules.allowed_recipients
        if allowed is not None and wa_id not in {each.lstrip("+") for each in allowed}:
            raise Refusal(131030, subcode=2655007)
        self._check_throughput(number_id)
        if self.rules.pair:
            self._check_pair((number_id, wa_id), now)
        if self.rules.tier and not window_open:
            self._check_tier(wa_id, now)

    def count_inbound(self, number_id: str) -> None:
        """Messages that come in take from the same throughput, but none is refused for it."""
        if self.per_second:
            self._second.setdefault(number_id, deque()).append(self._real())

    def _check_throughput(self, number_id: str) -> None:
        if not self.per_second:
            return
        second = self._second.setdefault(number_id, deque())
        real = self._real()
        while second and second[0] <= real - 1.0:
            second.popleft()
        if len(second) >= self.per_second:
            raise Refusal(130429)
        second.append(real)

    def _check_pair(self, pair: tuple[str, str], now: float) -> None:
        """One message every six seconds; a burst of up to 45 is borrowed from the time that follows."""
        tokens, at = self._pairs.get(pair, (float(_PAIR_BURST), now))
        tokens = min(_PAIR_BURST, tokens + (now - at) / _PAIR_EVERY_S)
        if tokens < 1:
            raise Refusal(131056)
        self._pairs[pair] = (tokens - 1, now)

    def _check_tier(self, wa_id: str, now: float) -> None:
        """Different guests per rolling day. Meta does not clearly say which code tells of it; 131048 has been seen."""
        first_at = self._reached.get(wa_id)
        if first_at is not None and now - first_at < _DAY_S:
            return
        reached = sum(now - at < _DAY_S for at in self._reached.values())
        if reached >= self.rules.tier:
            raise Refusal(
                131048,
                f"Message failed to send because the messaging limit of {self.rules.tier} different recipients in 24 "
                "hours has been reached.",
            )
        self._reached[wa_id] = now

    def check_management(self, now: float) -> None:
        """Count a management call, or refuse it with 80007."""
        if not self.rules.management_per_hour:
            return
        while self._calls and self._calls[0] <= now - _HOUR_S:
            self._calls.popleft()
        if len(self._calls) >= self.rules.management_per_hour:
            raise Refusal(80007)
        self._calls.append(now)

    def management_used(self) -> int:
        """Percent of the hourly management calls used, for Meta's usage header."""
        if not self.rules.management_per_hour:
            return 0
        return 100 * len(self._calls) // self.rules.management_per_hour

    def forget(self) -> None:
        self._second.clear()
        self._pairs.clear()
        self._reached.clear()
        self._calls.clear()
