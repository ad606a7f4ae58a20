"""Template pacing: a new template's messages are held until Meta has seen how the first ones fare.

It decides for each message whether it is held and until when; what becomes of the held ones is the journey's matter.
"""

from dataclasses import dataclass

from invy.simulator.scenario import PacingRules
from invy.simulator.template import Template


@dataclass(slots=True)
class _Hold:
    sent: int = 0
    until: float | None = None
    over: bool = False


class Pacing:
    def __init__(self, rules: PacingRules) -> None:
        self.rules = rules
        self._holds: dict[str, _Hold] = {}

    def held_for(self, template: Template, now: float) -> float:
        """Count a message of this template: 0.0, or for how many seconds it is held."""
        if not self.rules.hold_after or template.category == "AUTHENTICATION":
            return 0.0
        hold = self._holds.setdefault(template.id, _Hold())
        hold.sent += 1
        if hold.over or hold.sent <= self.rules.hold_after:
            return 0.0
        if hold.until is None:
            hold.until = now + self.rules.hold_s
        if now >= hold.until:
            hold.over = True
            return 0.0
        return hold.until - now

    def forget(self) -> None:
        self._holds.clear()
