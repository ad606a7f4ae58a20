"""When two stored facts say the same, and whether a fact is still what was stored: rows of `evidence` and `notices`.

The moment of hearing inside a fact does not count: a replay may hear the same fact first from another telling.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec.structs import asdict as struct_dict
from sqlalchemy import Row, RowMapping

from invy.domain.difference import DAMAGED, Difference, Left
from invy.domain.evidence import Told
from invy.domain.notice import Notice
from invy.store.evidence import decoded, row_of

_HEARD: Final = "heard_at"
_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_PERSONAL: Final = frozenset(
    {"recipient", "user_id", "wa_id", "text", "payload", "subject", "reason", "raw", "note", "failure"}
)
"""Members whose values are not shown: numbers, and what people and Meta wrote."""

_CHANGED: Final = "(not what was stored)"

Members = Mapping[str, object]


def evidence_members(row: RowMapping) -> Members | None:
    """What a row of evidence says, or None where it is damaged."""
    fact = decoded(row["kind"], row["fact"])
    return None if fact is None else _apart_from_hearing(struct_dict(fact))


def notice_members(row: RowMapping) -> Members | None:
    """What a row of the notices says, or None where it is damaged."""
    try:
        found = msgspec.json.decode(row["fact"], type=Notice)
    except (ValueError, TypeError):
        return None
    return asdict(replace(found, heard_at=_NEVER))


def _apart_from_hearing(members: dict[str, object]) -> Members:
    members.pop(_HEARD, None)
    return members


def unlike_facts(
    members: Callable[[RowMapping], Members | None], row: RowMapping, twin: RowMapping, right: str
) -> tuple[str, str] | None:
    """How two facts differ, each in words, or None where they say the same. `right` is what the second one is."""
    if row["fact"] == twin["fact"] and row.get("kind") == twin.get("kind"):
        return None
    these, those = members(row), members(twin)
    if these is None or those is None:
        return (DAMAGED, right)
    names = [name for name in those if these.get(name) != those[name]]
    if not names and these.keys() == those.keys():
        return None
    return (_words(these, names), _words(those, names))


def _words(members: Members, names: list[str]) -> str:
    return ", ".join(f"{name} {_word(name, members.get(name))}" for name in names) or "another kind of fact"


def _word(name: str, value: object) -> str:
    if value is None:
        return "nothing"
    return "…" if name in _PERSONAL else str(value)


def faults(row: Row[Any]) -> list[Difference]:
    """Where a row of evidence that nothing can bring again is not what was stored: its key says what that was."""
    fact = decoded(row.kind, row.fact)
    if fact is None:
        return [_fault(row, "fact", DAMAGED, _meant(row))]
    told = Told(fact, wamid=row.wamid, opaque=row.opaque)
    made = row_of(told, row.message_id)
    found = [
        _fault(row, name, getattr(row, name), value)
        for name, value in (("word", made.word), ("at", made.at))
        if getattr(row, name) != value
    ]
    known_as = {
        made.once_key,
        row_of(msgspec.structs.replace(told, message_id=row.message_id), None).once_key,
    }
    replaced = (
        "\ufffd" in f"{row.wamid}{row.opaque}"
    )  # the key was made of what could not be stored as it came
    if row.once_key not in known_as and not replaced:
        found.append(_fault(row, "fact", _CHANGED, _meant(row)))
    return found


def _meant(row: Row[Any]) -> str:
    about = "a message that is not known" if row.message_id is None else f"message {row.message_id}"
    return f"a fact about {about}"


def _fault(row: Row[Any], column: str, written: object, folded: object) -> Difference:
    return Difference("evidence", row.once_key, column, written, folded, Left.NO_SOURCE)
