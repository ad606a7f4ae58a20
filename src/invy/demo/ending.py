"""How a demo ended: counts per state, a row per guest, and whether service and witness agree."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from invy.demo.comparison import Difference
from invy.diagnose.verdict import Verdict
from invy.domain.guest import Guest
from invy.domain.message import Message
from invy.domain.state import State
from invy.roster.roster import Duplicate, Problem

NOT_INVITED = "not invited"


@dataclass(frozen=True, slots=True)
class GuestRow:
    """One line of the list that was imported."""

    name: str
    phone: str
    state: str
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    failed_at: datetime | None = None
    error_code: int | None = None
    reason: str = ""
    wamid: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    event_id: str
    seed: int
    database: str
    rows: tuple[GuestRow, ...]
    messages: tuple[Message, ...]
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether the service knows of every message exactly what happened to it."""
        return not self.differences

    @property
    def counts(self) -> dict[State, int]:
        found = Counter(message.state for message in self.messages)
        return {state: found[state] for state in State}

    def document(self) -> dict[str, Any]:
        """As JSON: additive only."""
        return {
            "event_id": self.event_id,
            "seed": self.seed,
            "database": self.database,
            "agrees": self.agrees,
            "counts": {state.value: count for state, count in self.counts.items()},
            "differences": [asdict(each) for each in self.differences],
            "guests": [{name: _plain(value) for name, value in asdict(row).items()} for row in self.rows],
        }


def invited(guest: Guest, message: Message, verdict: Verdict | None) -> GuestRow:
    """The row of a guest who has a message, with the verdict on it where it has not arrived."""
    folded = message.folded
    failure = folded.failed.failure if folded.failed and message.state is State.FAILED else None
    return GuestRow(
        name=guest.name,
        phone=guest.phone,
        state=message.state.value,
        sent_at=folded.sent_at,
        delivered_at=folded.delivered_at,
        read_at=folded.read_at,
        failed_at=folded.failed_at,
        error_code=failure.code if failure else None,
        reason=_reason(verdict) if verdict else "",
        wamid=folded.wamid,
        message_id=message.id,
    )


def _reason(verdict: Verdict) -> str:
    code = f" ({verdict.label})" if verdict.label else ""
    return f"{verdict.headline.en}{code}. → {verdict.todo.en}"


def left_out(problems: Sequence[Problem], duplicates: Sequence[Duplicate]) -> list[GuestRow]:
    """The rows of the list that nobody could be invited by, or that stand there twice."""
    rows = [
        GuestRow(f"row {each.row}", each.value, NOT_INVITED, reason=f"{each.reason}. {each.suggestion}")
        for each in problems
    ]
    rows += [
        GuestRow(each.name, each.phone, NOT_INVITED, reason=f"The same number as row {each.kept_row}")
        for each in duplicates
    ]
    return rows


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
