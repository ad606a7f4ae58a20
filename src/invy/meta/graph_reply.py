"""Meta's answer to a question (not to a send), as it came; and reading it without ever raising.

A reply may be an answer, a refusal with Meta's error, something that is not JSON, or no answer at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

import msgspec

from invy.meta.graph_object import GraphObject

_OK = 200


class Trouble(StrEnum):
    """Why there is no whole answer."""

    UNREACHABLE = "unreachable"  # no connection was made
    TIMEOUT = "timeout"
    BROKEN = "broken"  # the connection broke, or the answer was larger than anything expected
    CERTIFICATE = "certificate"  # the other side could not prove who it is


@dataclass(frozen=True, slots=True)
class GraphReply:
    """`status` is None without an answer. Header names are in lower case. `note` says what happened, for a person."""

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    trouble: Trouble | None = None
    note: str = ""

    @property
    def date(self) -> datetime | None:
        """The other side's clock when it answered, from the `Date` header: whole seconds."""
        try:
            at = parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError):
            return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

    @property
    def served_version(self) -> str | None:
        """The Graph API version that really answered, which need not be the one asked for."""
        return self.headers.get("facebook-api-version") or None


class Why(StrEnum):
    """Why a reply says nothing about what was asked."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    NOT_JSON = "not_json"
    SHAPE = "shape"  # JSON, and not what was asked for
    REFUSED = "refused"  # Meta's error


@dataclass(frozen=True, slots=True)
class Unread:
    """A reply without what was asked for. With REFUSED, code and message are Meta's."""

    why: Why
    status: int | None = None
    note: str = ""
    code: int | None = None
    subcode: int | None = None
    message: str = ""
    trace_id: str | None = None


def read(reply: GraphReply) -> GraphObject | Unread:
    """The object in the answer, or why there is none. Never raises."""
    if reply.status is None:
        why = {Trouble.UNREACHABLE: Why.UNREACHABLE, Trouble.TIMEOUT: Why.TIMEOUT}
        return Unread(why.get(reply.trouble or Trouble.BROKEN, Why.BROKEN), note=reply.note)
    try:
        root = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unread(Why.NOT_JSON, reply.status)
    if not isinstance(root, dict):
        return Unread(Why.SHAPE, reply.status)
    answer = GraphObject(root)
    error = answer.object("error")
    if error is not None:
        return Unread(
            Why.REFUSED,
            reply.status,
            code=error.number("code"),
            subcode=error.number("error_subcode"),
            message=error.text("message") or error.text("error_user_msg") or "",
            trace_id=error.text("fbtrace_id"),
        )
    return answer if reply.status == _OK else Unread(Why.SHAPE, reply.status)
