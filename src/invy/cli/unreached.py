"""Why messages have not arrived, counted and in words."""

from collections.abc import Collection, Sequence

from invy.domain.state import State
from invy.meta import catalogue
from invy.store.overview import Unreached


def by_reason(found: Sequence[Unreached], *, only: Collection[State] = frozenset(State)) -> list[str]:
    """One line for each reason, the most frequent first: `12 failed: 131026 Message Undeliverable. …`."""
    return [f"{one.count:,} {words(one)}" for one in found if one.state in only]


def words(one: Unreached) -> str:
    """What is known about these, and where they stand."""
    if one.state is not State.FAILED:
        return _UNREPORTED if one.state is State.SENT and not one.heard else _WORDS[one.state]
    if one.code is None:
        return f"failed: {one.title or 'Meta gave no reason'}"
    row = catalogue.lookup(one.code, one.subcode)
    return f"failed: {one.code} {one.title or row.title}. {row.meaning.en}"


_UNREPORTED = "sent only: Meta accepted, and no webhook has come about it at all"
_WORDS = {
    State.QUEUED: "queued",
    State.SENDING: "being sent",
    State.UNCONFIRMED: "unconfirmed: the request left and nobody knows whether Meta took it; reports will settle it",
    State.SENT: "sent only: Meta has reported sending and no delivery yet (phone off, or blocked: Meta does not say)",
}
