"""Answers that Meta's API gives on a bad day, or something else in its place: no JSON, half of it, other types, late, never.

It spoils an answer after the world has acted, so what was accepted stays accepted. It knows no world.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from invy.simulator.exchange import BROKEN, Answer
from invy.simulator.refusal import FAULTS, Refusal
from invy.simulator.wire import encode

_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head>"
    b"<body><h1>Welcome to the guest network</h1><p>Please sign in to continue.</p></body></html>"
)
_HTML = MappingProxyType({"content-type": "text/html; charset=utf-8"})
_DEEP = 5000


class Oddity(StrEnum):
    """The words of `how` for the incident `odd-answers`."""

    HTML = "html"  # 200 with a login page, as a hotel's network gives
    EMPTY = "empty"  # 200 with nothing
    TRUNCATED = "truncated"  # the first half of the JSON
    BINARY = "binary"  # bytes that are no text
    DEEP = "deep"  # objects within objects without end
    NULL = "null"  # JSON, and nothing in it
    LIST = "list"  # a list where an object belongs
    STRANGER = "stranger"  # an object without anything that was asked for
    WRONG_TYPES = "wrong-types"  # texts are numbers, numbers texts, lists objects
    UNKNOWN_FIELDS = "unknown-fields"  # members nobody knows, at every level
    SLOW = "slow"  # comes after `takes`, in real seconds
    CUT = "cut"  # the connection breaks instead
    NO_DATE = "no-date"  # without the Date header


@dataclass(slots=True)
class Odd:
    """One disturbance: what, of which calls, for how long. `code` refuses the call before anything has happened."""

    until: float
    how: Oddity | None = None
    where: str = ""
    calls_left: int | None = None
    takes_s: float = 0.0
    code: int | None = None
    message: str = ""

    def refuse(self) -> None:
        """Raises Refusal when this one refuses."""
        if self.code is None:
            return
        if self.code in FAULTS:
            raise Refusal(self.code, message=self.message)
        raise Refusal(100, as_code=self.code, message=self.message or f"(#{self.code}) Something new")

    def spoil(self, answer: Answer) -> Answer:
        """The answer as it leaves."""
        if self.how is None or answer.broken:
            return answer
        if self.how is Oddity.SLOW:
            return replace(answer, after_s=self.takes_s)
        return _SPOILT[self.how](answer)


class Oddities:
    """All disturbances that are in force."""

    def __init__(self) -> None:
        self._odds: list[Odd] = []

    def __bool__(self) -> bool:
        return bool(self._odds)

    def add(self, odd: Odd) -> None:
        self._odds.append(odd)

    def clear(self) -> None:
        self._odds.clear()

    def meet(self, call: str, now: float) -> list[Odd]:
        """Those that this call meets (its path and query); each counts the call."""
        return list(self._met(call, now))

    def _met(self, call: str, now: float) -> Iterator[Odd]:
        self._odds = [each for each in self._odds if each.until > now and each.calls_left != 0]
        for odd in self._odds:
            if odd.where in call:
                if odd.calls_left is not None:
                    odd.calls_left -= 1
                yield odd


def _page(_answer: Answer) -> Answer:
    return Answer(200, _PAGE, _HTML)


def _instead(body: bytes) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, http=200, body=body)


def _retyped(value: Any) -> Any:
    match value:
        case bool():
            return "perhaps"
        case str():
            return len(value)
        case int() | float():
            return str(value)
        case list():
            return {str(place): each for place, each in enumerate(value)}
        case Mapping():
            return {name: _retyped(each) for name, each in value.items()}
    return value


def _strange(value: Any) -> Any:
    match value:
        case list():
            return [_strange(each) for each in value]
        case Mapping():
            return {name: _strange(each) for name, each in value.items()} | {
                "member_of_tomorrow": {"level": 3, "tags": ["a", "b"]}
            }
    return value


def _changed(change: Callable[[Any], Any]) -> Callable[[Answer], Answer]:
    """What was JSON is JSON again, changed; anything else stays."""

    def spoil(answer: Answer) -> Answer:
        try:
            root = json.loads(answer.body)
        except ValueError:
            return answer
        return replace(answer, body=encode(change(root)))

    return spoil


_SPOILT: Mapping[Oddity, Callable[[Answer], Answer]] = MappingProxyType(
    {
        Oddity.HTML: _page,
        Oddity.EMPTY: _instead(b""),
        Oddity.TRUNCATED: lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]),
        Oddity.BINARY: _instead(b"\xff\xfe\x00\x9d"),
        Oddity.DEEP: _instead(b'{"a":' * _DEEP),
        Oddity.NULL: _instead(b"null"),
        Oddity.LIST: _changed(lambda root: [root]),
        Oddity.STRANGER: _instead(b'{"unexpected":true}'),
        Oddity.WRONG_TYPES: _changed(_retyped),
        Oddity.UNKNOWN_FIELDS: _changed(_strange),
        Oddity.CUT: lambda _: BROKEN,
        Oddity.NO_DATE: lambda answer: replace(answer, headers={**answer.headers, "date": ""}),
    }
)
