"""How a demo ended: counts per state, a row per guest, and whether service and witness agree."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from invy.demo.comparison import Difference
from invy.domain.guest import Guest
from invy.domain.message import Message
from invy.domain.state import State
from invy.meta import catalogue
from invy.roster.roster import Duplicate, Problem

NOT_INVITED = "not invited"

SILENT = (
    "Meta accepted it and no phone has confirmed it: the phone may be off, or the guest may have blocked this "
    "number. Meta does not say which. Phone this guest."
)
UNKNOWN = "The request left and nobody knows whether Meta took it. It is not sent again on a guess."
WAITS = "It has not been sent yet."


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


def invited(guest: Guest, message: Message) -> GuestRow:
    """The row of a guest who has a message."""
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
        reason=_reason(message),
        wamid=folded.wamid,
        message_id=message.id,
    )


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


def _reason(message: Message) -> str:
    if message.state.reached:
        return ""
    if message.state is State.FAILED and message.folded.failed is not None:
        failure = message.folded.failed.failure
        row = catalogue.lookup(failure.code or 0, failure.subcode)
        return f"{row.meaning.en} ({failure.code})"
    if message.state is State.SENT:
        return SILENT
    return UNKNOWN if message.state is State.UNCONFIRMED else WAITS


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
