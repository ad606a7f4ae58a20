"""How one log event is written: a line for people, or a JSON object for machines.

It is given what may be written and refuses to know what may not; that is `redaction`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

WEBHOOK_STATUS: Final = "webhook.status"
"""The event of one status update; the brief greps for its line with "WhatsApp Webhook"."""

_BARE: Final = re.compile(r'[^\s"\\,\x00-\x1f\x7f-\x9f]+')
# Control characters and bidi overrides would let a value forge or disguise a line.
_UNSAFE: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Line:
    """`at` is in seconds since 1970; `trace` is a traceback or empty."""

    at: float
    level: str
    logger: str
    event: str
    keys: Mapping[str, Any]
    trace: str = ""


def human(line: Line) -> str:
    """`2026-11-23T06:00:48.123Z INFO    invy.engine.apply: batch.applied statuses=12`, a traceback indented below."""
    whose = "" if line.event in _SENTENCES else f"{line.logger}: "
    written = f"{_time(line.at)} {line.level:<7} {_UNSAFE.sub(_escape, whose)}{told(line.event, line.keys)}"
    if line.trace:
        indented = "\n".join(f"    {_UNSAFE.sub(_escape, row)}" for row in line.trace.splitlines())
        return f"{written}\n{indented}"
    return written


def told(event: str, keys: Mapping[str, Any]) -> str:
    """An event and its keys in one line, without when and where: `batch.applied statuses=12`."""
    sentence = _SENTENCES.get(event)
    written = sentence(keys) if sentence is not None else f"{event}{_pairs(keys)}"
    return _UNSAFE.sub(_escape, written)


def as_json(line: Line) -> str:
    """One object on one line: time, level, logger, event, the event's own keys, and `exception` if there is one."""
    document: dict[str, Any] = {
        "time": _time(line.at),
        "level": line.level.lower(),
        "logger": line.logger,
        "event": line.event,
    }
    for key, value in line.keys.items():
        document[f"{key}_" if key in document else key] = value
    if line.trace:
        document["exception"] = line.trace
    try:
        return msgspec.json.encode(document).decode()
    except (UnicodeEncodeError, TypeError, OverflowError):
        # Half a surrogate pair, or a number beyond what JSON readers take, must not silence the line.
        return json.dumps(document, default=str)


def _webhook_status(keys: Mapping[str, Any]) -> str:
    rest = dict(keys)
    facts = ", ".join(f"{key}={_written(rest.pop(key, None))}" for key in ("wamid", "status"))
    return f"[WhatsApp Webhook] Status update: {facts}{_pairs(rest)}"


_SENTENCES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {WEBHOOK_STATUS: _webhook_status}


def _pairs(keys: Mapping[str, Any]) -> str:
    return "".join(f" {key}={_written(value)}" for key, value in keys.items())


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value if _BARE.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
