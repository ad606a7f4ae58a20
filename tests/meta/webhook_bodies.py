"""Bodies for the webhook tests: our own files, and the strategies that make good, odd and broken ones."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests import reference

OURS = Path(__file__).parent / "payloads"
REFERENCE = reference.REFERENCE / "payloads"
READABLE = sorted(path for path in OURS.glob("*.json") if path.stem != "number_too_large_for_any_machine")
"""Those of our bodies that the standard library can read too."""
HEARD_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def ours(name: str) -> bytes:
    return (OURS / f"{name}.json").read_bytes()


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def body(*values: dict[str, Any], field: str = "messages") -> bytes:
    changes = [{"field": field, "value": value} for value in values]
    document = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "300000000000001", "changes": changes}],
    }
    return json.dumps(document).encode()


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)

ERRORS = st.fixed_dictionaries(
    {},
    optional={
        "code": st.integers(-(2**31), 2**31 - 1),
        "title": WORDS,
        "message": WORDS,
        "href": WORDS,
        "error_data": st.fixed_dictionaries({}, optional={"details": WORDS, "messaging_product": WORDS}),
    },
)
STATUSES = st.fixed_dictionaries(
    {
        "id": NAMES,
        "status": st.one_of(st.sampled_from(["sent", "delivered", "read", "failed", "played"]), NAMES),
        "timestamp": st.one_of(st.integers(1, 2_000_000_000).map(str), WORDS),
    },
    optional={
        "recipient_id": WORDS,
        "recipient_user_id": WORDS,
        "biz_opaque_callback_data": WORDS,
        "errors": st.lists(ERRORS, max_size=2),
        "pricing": st.dictionaries(WORDS, WORDS, max_size=2),
        "conversation": st.none(),
    },
)
"""Statuses in the shape that Meta documents, with whatever texts."""

CONTACTS = st.lists(
    st.fixed_dictionaries(
        {"profile": st.dictionaries(WORDS, WORDS, max_size=1)},
        optional={
            "wa_id": st.sampled_from(["447700900123", "447700900124", "", "group"]),
            "user_id": st.sampled_from(["GB.1001", "GB.1002", ""]),
        },
    ),
    max_size=3,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@st.composite
def mutated_bodies(draw: st.DrawFn) -> bytes:
    """One of our bodies with some of its parts replaced by anything, removed, or doubled."""
    document = json.loads(draw(st.sampled_from(READABLE)).read_bytes())
    for _ in range(draw(st.integers(1, 4))):
        holder, key = _place(draw, document)
        if holder is None:
            continue
        match draw(st.sampled_from(["replace", "remove", "double"])):
            case "replace":
                holder[key] = draw(JSON)
            case "remove":
                del holder[key]
            case _:
                holder[key] = [holder[key], holder[key]]
    return json.dumps(document).encode()


LONG = "🦊" * 1000
"""Four bytes a character, and nothing that Meta has as long."""


@st.composite
def bodies_with_long_texts(draw: st.DrawFn) -> bytes:
    """One of our bodies with some of its texts very long, written so that they can be found again."""
    document = json.loads(draw(st.sampled_from(READABLE)).read_bytes())
    for _ in range(draw(st.integers(1, 4))):
        holder, key = _place(draw, document)
        if holder is not None and isinstance(holder[key], str) and key not in ("field", "type", "value"):
            holder[key] = LONG
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _place(draw: st.DrawFn, node: Any) -> tuple[Any, Any]:
    """A random place in a document: what holds it, and the key or number under which it stands there."""
    holder, key = None, None
    while isinstance(node, dict | list) and node:
        keys = sorted(node) if isinstance(node, dict) else range(len(node))
        holder, key = node, draw(st.sampled_from(keys))
        node = node[key]
        if draw(st.integers(0, 9)) == 0:
            break
    return holder, key


@st.composite
def broken_bytes(draw: st.DrawFn) -> bytes:
    """One of our bodies with a few bytes changed, lost or added."""
    content = bytearray(draw(st.sampled_from(sorted(OURS.glob("*.json")))).read_bytes())
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, len(content) - 1))
        match draw(st.sampled_from(["change", "lose", "add"])):
            case "change":
                content[place] = draw(st.integers(0, 255))
            case "lose":
                del content[place : place + draw(st.integers(1, 40))]
            case _:
                content[place:place] = draw(st.binary(max_size=8))
        if not content:
            content = bytearray(b"{")
    return bytes(content)
