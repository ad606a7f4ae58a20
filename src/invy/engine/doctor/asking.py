"""Asking Meta on behalf of a check: an answer, or the finding that says why there is none."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Foundation, Section
from invy.engine.doctor.subject import MetaPort
from invy.meta import catalogue
from invy.meta.catalogue import Text
from invy.meta.graph_object import GraphObject
from invy.meta.graph_reply import Unread, Why, read

CALL_S: Final = 8.0
"""How long one question to Meta may take."""

_TOKEN_CODES: Final = frozenset({0, 102, 104, 190})
_PERMISSION_CODES: Final = frozenset({3, 10, 131005, *range(200, 300)})
_THROTTLE_CODES: Final = frozenset({4, 17, 32, 613, 80007})
_TROUBLE_CODES: Final = frozenset({1, 2, 131000, 131016, 133004})
_NO_SUCH_OBJECT: Final = {(100, 33), (803, None)}
_SILENT: Final = {
    Why.UNREACHABLE: "general.unreachable",
    Why.TIMEOUT: "general.no_answer",
    Why.BROKEN: "general.cut_off",
    Why.NOT_JSON: "general.not_json",
    Why.SHAPE: "general.odd_shape",
}
_LONGEST_MESSAGE: Final = 300
_MOST_REFUSED_FIELDS: Final = 8
_USER: Final = re.compile(r"//[^/?#@]*@")
_FIELD: Final = re.compile(r"nonexisting field \(([A-Za-z_0-9]+)\)")


async def ask(meta: MetaPort, path: str, **params: str) -> GraphObject | Unread:
    """One question with the access token."""
    return read(await meta.get(path, params, timeout_s=CALL_S))


async def ask_as_app(meta: MetaPort, path: str, app_token: str, **params: str) -> GraphObject | Unread:
    """One question with the app's own token, `APPID|SECRET`."""
    return read(await meta.get(path, params, token=app_token, timeout_s=CALL_S))


async def ask_fields(
    meta: MetaPort, path: str, fields: Sequence[str], params: Mapping[str, str] | None = None
) -> tuple[GraphObject | Unread, tuple[str, ...]]:
    """Ask for fields, leaving out those that Meta does not know; returns the answer and what was left out.

    One unknown field makes the whole call fail with code 100, and Meta names it.
    """
    wanted = list(fields)
    left_out: list[str] = []
    while True:
        answer = await ask(meta, path, **(params or {}), fields=",".join(wanted))
        unknown = _unknown_field(answer)
        if unknown not in wanted or len(left_out) >= _MOST_REFUSED_FIELDS or len(wanted) == 1:
            return answer, tuple(left_out)
        wanted.remove(unknown)
        left_out.append(unknown)


def _unknown_field(answer: GraphObject | Unread) -> str:
    if isinstance(answer, Unread) and answer.code == 100:  # noqa: PLR2004 - Meta's code for an invalid parameter
        match = _FIELD.search(answer.message)
        if match is not None:
            return match[1]
    return ""


def unread(
    section: Section, what: Text, reply: Unread, *, about: str = "", breaks: tuple[Foundation, ...] = ()
) -> Finding:
    """The finding for a question that got no answer. `what` names the thing that was asked about."""
    if reply.why is Why.REFUSED:
        return _refused(section, what, reply, about, breaks)
    return found(
        section,
        _SILENT[reply.why],
        about=about,
        breaks=breaks,
        what=what,
        status=reply.status or 0,
        note=reply.note,
        seconds=f"{CALL_S:g}",
    )


def _refused(
    section: Section, what: Text, reply: Unread, about: str, breaks: tuple[Foundation, ...]
) -> Finding:
    code = -1 if reply.code is None else reply.code
    written = f"{code}/{reply.subcode}" if reply.subcode is not None else str(code)
    row = catalogue.lookup(code, reply.subcode, reply.status)
    return found(
        section,
        _key(reply, code),
        about=about,
        breaks=breaks,
        what=what,
        code=written,
        message=shortened(reply.message or row.title),
        status=reply.status or 0,
        meaning=row.meaning,
        remedy=row.todo,
    )


def _key(reply: Unread, code: int) -> str:
    if code in _TOKEN_CODES:
        return "general.token_refused"
    if code in _PERMISSION_CODES:
        return "general.not_permitted"
    if (code, reply.subcode) in _NO_SUCH_OBJECT:
        return "general.no_such_thing"
    if code in _THROTTLE_CODES:
        return "general.throttled"
    if code in _TROUBLE_CODES or (reply.status or 0) >= 500:  # noqa: PLR2004 - a server's own error
        return "general.meta_trouble"
    return "general.refused"


def without_query(url: str) -> str:
    """An address as it may be shown: what follows a question mark, or a name before an @, may be a secret."""
    kept, mark, _ = _USER.sub("//…@", url).partition("?")
    return f"{kept}?…" if mark else kept


def shortened(text: str) -> str:
    """Meta's words on one line, and not more of them than anyone reads."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"
