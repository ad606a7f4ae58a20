"""How Graph takes parameters and gives lists: from JSON, a form or the query; with fields, limits and cursors."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec

from invy.simulator.exchange import Request
from invy.simulator.refusal import Refusal

_FIELD = re.compile(r"\s*([a-z_0-9]+)(?:\.[a-z]+\([^)]*\))*(\{[^}]*\})?\s*(?:,|$)")
_DEFAULT_LIMIT = 25
_NOT_KEPT = frozenset({"after", "before", "access_token"})
Row = TypeVar("Row")


def form_of(request: Request) -> dict[str, Any]:
    """The parameters of a call, whichever way the client chose to give them. Raises Refusal 100."""
    given: dict[str, Any] = dict(request.query)
    kind = request.header("content-type")
    if "urlencoded" in kind:
        given.update(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    elif request.body and "multipart" not in kind:
        try:
            root = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refusal(100, f"The request body is not valid JSON: {error}") from error
        if not isinstance(root, dict):
            raise Refusal(100, "The request body must be a JSON object.")
        given.update(root)
    return given


def parts_of(request: Request) -> dict[str, tuple[str, bytes]]:
    """The parts of a multipart upload: name to (MIME type, content). Raises Refusal 100."""
    kind = request.header("content-type")
    if not kind.startswith("multipart/form-data"):
        raise Refusal(100, message="(#100) The parameter file is required: upload it as multipart/form-data.")
    head = b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    found: dict[str, tuple[str, bytes]] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            content = part.get_payload(decode=True)
            found[name] = (part.get_content_type(), content if isinstance(content, bytes) else b"")
    return found


def fields_of(request: Request, known: Sequence[str], default: Sequence[str]) -> list[str]:
    """The fields asked for. One unknown field makes the whole call fail, as with Meta."""
    asked = request.query.get("fields", "")
    if not asked:
        return list(default)
    names = [match[0] for match in _FIELD.findall(asked)]
    for name in names:
        if name not in known:
            raise Refusal(100, message=f"(#100) Tried accessing nonexisting field ({name})")
    return names


def picked(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The fields asked for, and always the id, as Meta does."""
    chosen = {name: row[name] for name in names if name in row}
    if "id" in row:
        chosen["id"] = row["id"]
    return chosen


def page(
    request: Request,
    rows: Sequence[Row],
    show: Callable[[Row], Any],
    *,
    base: str,
    largest: int = 100,
    newest_first: bool = False,
) -> dict[str, Any]:
    """One page of a list with Meta's cursors, from `limit`, `after` and `before`.

    Cursors name places in the list as it grows, so what is added meanwhile moves nobody's page.
    """
    limit = _limit(request, largest)
    order = range(len(rows))[::-1] if newest_first else range(len(rows))
    start = 0
    if request.query.get("after"):
        start = _index(order, request.query["after"]) + 1
    elif request.query.get("before"):
        start = max(0, _index(order, request.query["before"]) - limit)
    chosen = order[start : start + limit]
    answer: dict[str, Any] = {"data": [show(rows[place]) for place in chosen]}
    if chosen:
        before, after = _cursor(chosen[0]), _cursor(chosen[-1])
        answer["paging"] = {"cursors": {"before": before, "after": after}}
        kept = {key: value for key, value in request.query.items() if key not in _NOT_KEPT}
        if start + len(chosen) < len(rows):
            answer["paging"]["next"] = f"{base}{request.path}?{urlencode({**kept, 'after': after})}"
        if start > 0:
            answer["paging"]["previous"] = f"{base}{request.path}?{urlencode({**kept, 'before': before})}"
    return answer


def _limit(request: Request, largest: int) -> int:
    text = request.query.get("limit", str(_DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise Refusal(100, message="(#100) Param limit must be a positive number.")
    return min(int(text), largest)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"cursor:{position}".encode()).decode()


def _index(order: range, cursor: str) -> int:
    """Where in this order the place is that a cursor names."""
    try:
        word, _, place = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        if word == "cursor":
            return order.index(int(place))
    except (ValueError, UnicodeError):
        pass
    raise Refusal(100, message="(#100) Invalid cursors values were specified.")


def base_of(request: Request) -> str:
    """The address the client reached us by, for the links we answer with."""
    return f"http://{request.header('host') or 'localhost'}"
