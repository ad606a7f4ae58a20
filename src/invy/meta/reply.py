"""Meta's answer to a send, read: accepted, refused, not processed, or unsure. Bytes in, a judgement out.

The judgement rests on the error catalogue alone. Whatever cannot be read with certainty is unsure, because a request
that may have been processed must never be repeated on a guess.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from invy.domain.evidence import Phase
from invy.domain.failure import Failure
from invy.domain.ids import Wamid
from invy.meta import catalogue, loose
from invy.meta.catalogue import Effect, Outcome

_OK = 200
_NO_WAMID = "Meta answered 200 without a message id that could be read"


@dataclass(frozen=True, slots=True)
class Answer:
    """How one request ended. `phase` is DEFERRED, UNSURE, REFUSED or ACCEPTED."""

    phase: Phase
    http_status: int | None = None
    wamid: Wamid | None = None
    wa_id: str | None = None
    message_status: str | None = None
    failure: Failure | None = None
    effect: Effect = Effect.NONE
    earliest_s: int | None = None
    """Seconds before which trying again is pointless, where Meta documents it."""
    note: str | None = None


class _Message(msgspec.Struct):
    id: str
    message_status: Any = None  # of any kind, as in the next two: nothing beside the id may cost the id


class _Accepted(msgspec.Struct):
    messages: list[_Message]
    contacts: Any = None


class _Error(msgspec.Struct):
    code: Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]  # as the column
    message: str | None = None
    type: str | None = None
    error_subcode: Any = None
    error_user_msg: str | None = None
    # Seen absent, as an object and as plain text.
    error_data: msgspec.Raw = msgspec.Raw(b"null")
    fbtrace_id: str | None = None


class _Refused(msgspec.Struct):
    error: _Error


class _ErrorData(msgspec.Struct):
    details: str | None = None


_accepted = msgspec.json.Decoder(_Accepted)
_refused = msgspec.json.Decoder(_Refused)

_PHASES = {
    Outcome.REFUSED: Phase.REFUSED,
    Outcome.DEFERRED: Phase.DEFERRED,
    Outcome.HELD: Phase.DEFERRED,
    Outcome.UNSURE: Phase.UNSURE,
}


def read(http_status: int, body: bytes | None) -> Answer:
    """Judge an HTTP answer to `POST /{phone_number_id}/messages`; no body is one too large to be read. Never raises."""
    if body is None:
        return unsure("The answer was far too large", http_status)
    return _read_accepted(http_status, body) if http_status == _OK else _read_error(http_status, body)


def unreachable(note: str) -> Answer:
    """The request did not leave, so nothing was sent: the same request may safely be repeated."""
    return Answer(Phase.DEFERRED, effect=Effect.SLOW_DOWN, note=note)


def too_late() -> Answer:
    """The right to send the message ran out before the request left, so nothing was sent; Meta has nothing to do with it."""
    return Answer(Phase.DEFERRED, note="The lease ran out before the request left")


def unsure(note: str, http_status: int | None = None) -> Answer:
    """The request left, or may have left, and no readable answer came."""
    return Answer(Phase.UNSURE, http_status=http_status, note=note)


def _read_accepted(http_status: int, body: bytes) -> Answer:
    try:
        answer = _accepted.decode(body)
        message = answer.messages[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
        return unsure(_NO_WAMID, http_status)
    wamid = loose.name(message.id)
    if wamid is None:
        return unsure(_NO_WAMID, http_status)
    return Answer(
        Phase.ACCEPTED,
        http_status=http_status,
        wamid=Wamid(wamid),
        wa_id=loose.name(loose.at(answer.contacts, "0.wa_id")),
        message_status=loose.name(message.message_status),
    )


def _read_error(http_status: int, body: bytes) -> Answer:
    try:
        error = _refused.decode(body).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return unsure(f"HTTP {http_status} without an error that could be read", http_status)
    subcode = loose.integer(error.error_subcode)
    row = catalogue.lookup(error.code, subcode, http_status)
    return Answer(
        _PHASES[row.outcome],
        http_status=http_status,
        failure=Failure(
            code=error.code,
            title=row.title if row.known else error.type,
            message=error.message,
            details=_details(error.error_data) or error.error_user_msg,
            subcode=subcode,
            trace_id=error.fbtrace_id,
        ),
        effect=row.effect,
        earliest_s=row.earliest_s,
    )


def _details(raw: msgspec.Raw) -> str | None:
    for shape in (_ErrorData, str):
        try:
            found = msgspec.json.decode(raw, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        return found.details if isinstance(found, _ErrorData) else str(found)
    return None
