"""The witness's own book: what was accepted, and what has really happened to it on the guest's phone.

It records the truth, not what anyone was told; a lost webhook changes nothing here.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from invy.simulator.fate import Fate, Status

_RANK = {Status.ACCEPTED: 0, Status.SENT: 1, Status.FAILED: 2, Status.DELIVERED: 3, Status.READ: 4}


@dataclass(slots=True)
class Happening:
    """One true event; `at` is virtual Unix time."""

    status: Status
    at: float
    code: int | None = None
    told: bool = True
    webhook_state: str | None = "PENDING"


@dataclass(slots=True)
class Message:
    wamid: str
    phone_number_id: str
    wa_id: str
    user_id: str
    dialled: str
    kind: str
    template: str
    language: str
    category: str
    opaque: str | None
    nth: int
    fate: Fate
    accepted_at: float
    request: bytes
    by_user_id: bool = False
    held: bool = False
    steps_taken: int = 0
    final_status: Status = Status.ACCEPTED
    error_code: int | None = None
    settled: bool = False
    happenings: list[Happening] = field(default_factory=list)

    def happen(self, happening: Happening) -> None:
        """Meta's semantics: the highest of sent, delivered, read; a failure counts only before delivery.

        Through `Ledger.record` only, which keeps the totals.
        """
        self.happenings.append(happening)
        if _RANK[happening.status] > _RANK[self.final_status]:
            self.final_status = happening.status
        if happening.code is not None and self.error_code is None:
            self.error_code = happening.code

    def report(self) -> dict[str, Any]:
        """The message as `/_simulator/messages` tells it."""
        return {
            "wamid": self.wamid,
            "to": self.wa_id,
            "dialled": self.dialled,
            "user_id": self.user_id,
            "type": self.kind,
            "template": self.template or None,
            "language": self.language or None,
            "biz_opaque_callback_data": self.opaque,
            "nth": self.nth,
            "fate": self.fate.name,
            "accepted_at": round(self.accepted_at, 3),
            "held": self.held,
            "final_status": self.final_status.value,
            "error_code": self.error_code,
            "settled": self.settled,
            "events": [
                {
                    "status": each.status.value,
                    "at": round(each.at, 3),
                    "error_code": each.code,
                    "webhook": each.webhook_state,
                }
                for each in self.happenings
            ],
        }


class Ledger:
    """All messages of a world, by wamid and by guest."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.refused: Counter[int] = Counter()
        self.troubles: Counter[str] = Counter()
        self.unsettled = 0
        self._totals: Counter[Status] = Counter()
        self._by_guest: dict[str, list[Message]] = {}

    def __len__(self) -> int:
        return len(self.messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages.values())

    def count_to(self, wa_id: str) -> int:
        return len(self._by_guest.get(wa_id, ()))

    def to(self, wa_id: str) -> list[Message]:
        return self._by_guest.get(wa_id, [])

    def add(self, message: Message) -> None:
        self.messages[message.wamid] = message
        self._totals[message.final_status] += 1
        self._by_guest.setdefault(message.wa_id, []).append(message)
        self.unsettled += 1

    def record(self, message: Message, happening: Happening) -> None:
        """Write down what has happened to a message."""
        self._totals[message.final_status] -= 1
        message.happen(happening)
        self._totals[message.final_status] += 1

    def settle(self, message: Message) -> None:
        if not message.settled:
            message.settled = True
            self.unsettled -= 1

    def clear(self) -> None:
        """Forget everything, in place: others hold on to this ledger."""
        self.messages.clear()
        self.refused.clear()
        self.troubles.clear()
        self._by_guest.clear()
        self._totals.clear()
        self.unsettled = 0

    def guests(self) -> list[dict[str, Any]]:
        """Per number: how many were accepted, how many really reached the phone, and how many of them once too often."""
        rows = []
        for wa_id, messages in self._by_guest.items():
            received = Counter(each.template for each in messages if _arrived(each))
            rows.append(
                {
                    "to": wa_id,
                    "accepted": len(messages),
                    "received": received.total(),
                    "received_by_template": dict(received),
                    "duplicates": sum(count - 1 for template, count in received.items() if template),
                }
            )
        return rows

    def totals(self) -> dict[str, int]:
        return {status.value: count for status, count in self._totals.items() if count}


def _arrived(message: Message) -> bool:
    return message.final_status in {Status.DELIVERED, Status.READ}
