"""Does the service know what happened? Its final states beside the witness's own record. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from invy.domain.message import Message
from invy.domain.state import State

_STATES = {
    # The witness says "accepted" where it answered 200 and told nobody anything more.
    "accepted": State.SENT,
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "failed": State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One message about which the two disagree. `witnessed` is None for a message that Meta never got."""

    message_id: str
    wamid: str | None
    known: str
    witnessed: str | None


def differences(known: Iterable[Message], witnessed: Iterable[Mapping[str, Any]]) -> list[Difference]:
    """Every message where state or error code differ, and every one that only one side knows."""
    there = {each["biz_opaque_callback_data"] or each["wamid"]: each for each in witnessed}
    found = []
    for message in known:
        record = there.pop(message.id, None)
        told = _known(message)
        truth = _witnessed(record) if record is not None else None
        # A message that Meta refused has no record there; one it accepted must have one.
        agree = truth == told if record is not None else message.folded.wamid is None and _ended(message)
        if not agree:
            found.append(Difference(message.id, message.folded.wamid, told, truth))
    found.extend(
        Difference(str(name), record["wamid"], "unknown", _witnessed(record))
        for name, record in there.items()
    )
    return found


def _ended(message: Message) -> bool:
    return message.state is State.FAILED


def _known(message: Message) -> str:
    failed = message.folded.failed if message.state is State.FAILED else None
    return f"{message.state.value} {failed.failure.code}" if failed else message.state.value


def _witnessed(record: Mapping[str, Any]) -> str:
    state = _STATES[record["final_status"]]
    return f"{state.value} {record['error_code']}" if state is State.FAILED else state.value
