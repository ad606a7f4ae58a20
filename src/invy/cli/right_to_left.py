"""Hebrew sentences for a terminal: each runs right to left as a whole, and every English id or number in it stays in order.

Unicode's isolates do that (UAX #9). Only on a terminal: in a pipe the marks would be characters that nobody asked for.
"""

import re
import sys
import unicodedata
from typing import Final

RIGHT_TO_LEFT_ISOLATE: Final = "\u2067"
LEFT_TO_RIGHT_ISOLATE: Final = "\u2066"
POP_ISOLATE: Final = "\u2069"

_HEBREW: Final = frozenset({"R", "AL"})
_WORD: Final = r"[^\s\u0590-\u08ff]*[A-Za-z0-9][^\s\u0590-\u08ff]*"
_FOREIGN: Final = re.compile(rf"(?<![^\s(\"„“־]){_WORD}(?: (?!\(){_WORD})*")
_OPENING: Final = '("„“'
_CLOSING: Final = '.,;:!?)"”…'


def on_terminal(text: str) -> str:
    """As it should be written to stdout."""
    return isolated(text, terminal=sys.stdout.isatty())


def isolated(text: str, *, terminal: bool) -> str:
    """The text with marks where it has Hebrew in it and goes to a terminal; else as it is."""
    if not terminal or not any(unicodedata.bidirectional(mark) in _HEBREW for mark in text):
        return text
    return f"{RIGHT_TO_LEFT_ISOLATE}{_FOREIGN.sub(_marked, text)}{POP_ISOLATE}"


def _marked(match: re.Match[str]) -> str:
    """What stands around an id, a comma or a bracket, belongs to the Hebrew sentence and not to the id."""
    found = match[0]
    start, end = len(found) - len(found.lstrip(_OPENING)), len(found.rstrip(_CLOSING))
    if found[start:end].isdecimal():
        return found
    return f"{found[:start]}{LEFT_TO_RIGHT_ISOLATE}{found[start:end]}{POP_ISOLATE}{found[end:]}"
