"""Contact cards (vCard 2.1, 3.0 and 4.0) as phones and address books export them: names, numbers, the rest as text."""

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

_BEGIN: Final = re.compile(r"(?i)^\s*BEGIN\s*:\s*VCARD\s*$")
_END: Final = re.compile(r"(?i)^\s*END\s*:\s*VCARD\s*$")
_PROPERTY: Final = re.compile(
    r'^(?:[\w-]+\.)?(?P<name>[\w-]+)(?P<parameters>(?:;(?:"[^"]*"|[^":;])*)*):(?P<value>.*)$', re.DOTALL
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_KEPT: Final = frozenset(
    {"NICKNAME", "ORG", "TITLE", "EMAIL", "NOTE", "CATEGORIES", "BDAY", "URL", "ADR", "ROLE"}
)
_NOT_CALLED: Final = frozenset({"FAX", "PAGER", "BBS", "MODEM"})
_MOBILE: Final = frozenset({"CELL", "MOBILE", "IPHONE", "MAIN"})


@dataclass(slots=True)
class Card:
    """One contact. `numbers` with the mobile ones first; `complete` is false when the card has no end."""

    row: int
    name: str = ""
    structured_name: str = ""
    numbers: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    complete: bool = False


def looks_like(start: str) -> bool:
    """Whether a text begins as contact cards do."""
    return bool(re.match(r"(?i)\s*BEGIN\s*:\s*VCARD", start.lstrip("\ufeff")))


def cards(lines: Iterable[str]) -> Iterator[Card]:
    """Every card, in order, also those that are cut off."""
    card: Card | None = None
    row = 0
    for line in _unfolded(lines):
        if _BEGIN.match(line):
            if card is not None:
                yield card
            row += 1
            card = Card(row)
        elif card is not None and _END.match(line):
            card.complete = True
            yield card
            card = None
        elif card is not None:
            _take(card, line)
    if card is not None:
        yield card


def _unfolded(lines: Iterable[str]) -> Iterator[str]:
    """Whole properties: a line that begins with a blank continues the one before; so does one after a soft break."""
    parts: list[str] = []
    for raw in lines:
        line = raw.rstrip("\r\n")
        soft = bool(parts) and parts[-1].endswith("=") and "QUOTED-PRINTABLE" in parts[0].upper()
        if soft:
            parts[-1] = parts[-1][:-1]
            parts.append(line)
        elif parts and line[:1] in (" ", "\t") and not _END.match(line):
            parts.append(line[1:])
        else:
            if parts:
                yield "".join(parts)
            parts = [line]
    if parts:
        yield "".join(parts)


def _take(card: Card, line: str) -> None:
    found = _PROPERTY.match(line)
    if not found:
        return
    name, parameters = found["name"].upper(), found["parameters"].upper()
    if name not in _KEPT and name not in {"FN", "N", "TEL"}:
        return
    value = _decoded(found["value"], parameters)
    if name == "TEL":
        kinds = set(re.split(r"[;=,\"]", parameters))
        number = re.sub(r"(?i)^tel:", "", value).strip()
        waid = re.search(r"WAID=(\d+)", parameters)
        if waid:
            number = number or "+" + waid[1]
        if number and not kinds & _NOT_CALLED:
            (card.numbers if waid or kinds & _MOBILE else card.others).append(number)
    elif name == "FN":
        card.name = card.name or _unescaped(value)
    elif name == "N":
        family, given, *_ = [*(_unescaped(part).strip() for part in re.split(r"(?<!\\);", value)), "", ""]
        card.structured_name = f"{given} {family}".strip()
    else:
        words = " ".join(_unescaped(part) for part in re.split(r"(?<!\\);", value) if part).strip()
        if words:
            card.params.setdefault(name.lower(), words)


def _decoded(value: str, parameters: str) -> str:
    if "QUOTED-PRINTABLE" not in parameters:
        return value
    charset = re.search(r"CHARSET=\"?([\w-]+)", parameters)
    raw = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return raw.decode(charset[1] if charset else "utf-8", "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()
