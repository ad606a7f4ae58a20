"""`GET /{phone-number-id}/message_history`: what Meta itself knows of a message, read into evidence.

Source: Meta's published OpenAPI file (2025-11-21); no page describes the edge, and not every account may use it. Besides
each status it says whether Meta managed to call our webhook about it, which nothing else tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from invy.domain.evidence import Receipt, Source
from invy.domain.failure import Failure
from invy.domain.ids import SenderId, Wamid
from invy.meta import graph_reply
from invy.meta.graph_object import GraphObject
from invy.meta.graph_reply import GraphReply, Unread, Why

_FIELDS: Final = "id,message_id,events{delivery_status,webhook_update_state,timestamp,error_description}"

_FAILED: Final = frozenset({"failed", "error"})
"""The list of events says FAILED, the edge of a single history says ERROR."""

_FORBIDDEN, _TOO_MANY, _NOT_FOUND, _NOT_IN_HISTORY, _UNAUTHORISED = 403, 429, 404, 422, 401
_SLOW: Final = frozenset({4, 17, 32, 613, 80007, 130429})
_TOKEN: Final = frozenset({0, 102, 104, 190})
_PERMISSION: Final = frozenset({3, 10, *range(200, 300)})
_NO_SUCH_EDGE: Final = "nonexisting field"


class Refusal(StrEnum):
    """What an answer without a history means for asking on."""

    DENIED = "denied"  # this account may not use the edge, or there is none
    UNKNOWN = "unknown"  # Meta has no history of this message
    SLOW_DOWN = "slow_down"  # too many calls
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    TROUBLE = "trouble"  # anything else; perhaps better later


def path(sender_id: SenderId) -> str:
    return f"{sender_id}/message_history"


def params(wamid: Wamid) -> Mapping[str, str]:
    return {"message_id": wamid, "fields": _FIELDS}


@dataclass(frozen=True, slots=True)
class History:
    """What Meta knows of one message, and how many of its events could not be read."""

    receipts: tuple[Receipt, ...]
    unreadable: int = 0


def read(reply: GraphReply, wamid: Wamid, heard_at: datetime) -> History | Unread:
    """The history of one message as receipts of source HISTORY. Never raises."""
    answer = graph_reply.read(reply)
    if isinstance(answer, Unread):
        return answer
    if not answer.is_list("data"):
        return Unread(Why.SHAPE, reply.status)
    receipts: list[Receipt] = []
    unreadable = 0
    for entry in answer.objects("data"):
        events = entry.object("events")
        if entry.text("message_id") != wamid or events is None:
            continue
        for event in events.objects("data"):
            receipt = _receipt(event, wamid, heard_at)
            if receipt is None:
                unreadable += 1
            else:
                receipts.append(receipt)
    return History(tuple(receipts), unreadable)


def _receipt(event: GraphObject, wamid: Wamid, heard_at: datetime) -> Receipt | None:
    word = event.text("delivery_status")
    if word is None:
        return None
    status = word.lower()
    said = event.text("error_description")
    return Receipt(
        wamid=wamid,
        status="failed" if status in _FAILED else status,
        at=event.moment("timestamp"),
        heard_at=heard_at,
        # Meta's example speaks of the webhook's failure here, so on other statuses it is kept as a remark only.
        failure=Failure(None, details=said) if said is not None else None,
        source=Source.HISTORY,
        webhook_update_state=event.word("webhook_update_state"),
    )


def refusal(unread: Unread) -> Refusal:
    """What an answer without a history means for asking on."""
    code, status = unread.code, unread.status
    if status == _TOO_MANY or code in _SLOW:
        return Refusal.SLOW_DOWN
    if status == _NOT_IN_HISTORY:
        return Refusal.UNKNOWN
    if code in _TOKEN or (status == _UNAUTHORISED and code is None):
        return Refusal.TOKEN
    denied = status in (_FORBIDDEN, _NOT_FOUND) or code in _PERMISSION or _NO_SUCH_EDGE in unread.message
    return Refusal.DENIED if denied or (code, unread.subcode) == (100, 33) else Refusal.TROUBLE
