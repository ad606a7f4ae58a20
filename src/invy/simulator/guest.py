"""The people at the other end: each one's phone, its state, and what they wrote. They know nothing of webhooks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from invy.simulator.draw import draw
from invy.simulator.phone import region_of

_NAMES = (
    "נועה לוי",
    "אורי כהן",
    "תמר פרץ",
    "יונתן מזרחי",
    "מיכל אברהם",
    "איתי ביטון",
    "שירה דהן",
    "דוד אזולאי",
    "ליאור גבאי",
    "Maya Rosen",
    "Sam Carter",
    "Layla Haddad",
)
WINDOW_S = 86400.0


@dataclass(slots=True)
class Written:
    """Something the guest sent: a text, or a pressed button."""

    wamid: str
    at: float
    kind: str
    text: str
    payload: str = ""
    context: str = ""


@dataclass(slots=True)
class Guest:
    """A `hidden` guest is told of by user id only.

    `parked` holds what waits for the phone to come back: effects, in the order in which they would have happened.
    """

    wa_id: str
    user_id: str
    name: str
    online: bool = True
    blocks_us: bool = False
    opted_out: bool = False
    hidden: bool = False
    wrote_at: float | None = None
    attempts: int = 0
    written: Sequence[Written] = ()
    parked: Sequence[Callable[[], None]] = ()

    def window_open(self, now: float) -> bool:
        """Whether the guest wrote within the last 24 hours, so that free-form messages are allowed."""
        return self.wrote_at is not None and now - self.wrote_at <= WINDOW_S

    def report(self) -> dict[str, Any]:
        return {
            "to": self.wa_id,
            "user_id": self.user_id,
            "name": self.name,
            "online": self.online,
            "blocks_business": self.blocks_us,
            "opted_out": self.opted_out,
            "written": [
                {
                    "wamid": each.wamid,
                    "at": round(each.at, 3),
                    "type": each.kind,
                    "text": each.text,
                    "context": each.context,
                }
                for each in self.written
            ],
        }


class Guests:
    """Everybody anybody has ever written to or heard from, made up on first sight from the seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._by_number: dict[str, Guest] = {}
        self._by_user_id: dict[str, Guest] = {}

    def __iter__(self) -> Iterator[Guest]:
        return iter(self._by_number.values())

    def __len__(self) -> int:
        return len(self._by_number)

    def of(self, wa_id: str) -> Guest:
        guest = self._by_number.get(wa_id)
        if guest is None:
            number = int(draw(self._seed, "user", wa_id) * 10**17)
            name = _NAMES[int(draw(self._seed, "name", wa_id) * len(_NAMES))]
            guest = Guest(wa_id, f"{region_of(wa_id)}.{number:017d}", name)
            self._by_number[wa_id] = self._by_user_id[guest.user_id] = guest
        return guest

    def by_user_id(self, user_id: str) -> Guest | None:
        return self._by_user_id.get(user_id)

    def clear(self) -> None:
        self._by_number.clear()
        self._by_user_id.clear()

    def known(self, wa_id: str) -> Guest | None:
        return self._by_number.get(wa_id)
