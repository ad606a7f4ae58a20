"""The JSON of a webhook body as plain values, or the reason in words why there are none.

Lenient where one broken text or number would otherwise cost its neighbours: half of a surrogate pair (a name cut in
the middle of an emoji) becomes U+FFFD, and a number that no machine can hold becomes null.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

_LONGEST_NUMBER = 40
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_decode = msgspec.json.Decoder().decode


class NotJson(Exception):
    """The body holds no JSON object; the message says why."""


def document(body: bytes) -> dict[str, Any]:
    """The object that the body holds. Raises NotJson, and nothing else."""
    try:
        found = _parsed(body)
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise NotJson("it is JSON, but not an object")
    return found


def written(change: Mapping[str, object]) -> bytes:
    """The change as JSON; nothing when it is nested so deeply that it can be read and not written. The journal has it."""
    try:
        return msgspec.json.encode(change)
    except RecursionError:
        return b""


def _parsed(body: bytes) -> object:
    try:
        return _decode(body)
    except UnicodeDecodeError:
        raise NotJson("it is not valid UTF-8") from None
    except (msgspec.MsgspecError, ValueError) as error:
        reason = f"it is not JSON: {error}"
    try:
        lenient = json.loads(
            body.decode(), parse_int=_integer, parse_float=_float, parse_constant=lambda _word: None
        )
        return _decode(_HALF_PAIR.sub("\ufffd", json.dumps(lenient, ensure_ascii=False)))
    except UnicodeDecodeError:
        raise NotJson("it is not valid UTF-8") from None
    except (msgspec.MsgspecError, ValueError):
        raise NotJson(reason) from None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None
