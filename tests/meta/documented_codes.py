"""The codes that Meta documented on a given date, and how to read them out of a reference text."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import chain

DOCUMENTED_ON = date(2026, 11, 22)


def _span(first: int, last: int) -> range:
    return range(first, last + 1)


DOCUMENTED: frozenset[int] = frozenset(
    chain(
        (0, 1, 2, 3, 4, 10, 33, 100, 104, 190, 368, 80007),
        _span(200, 299),
        (130403, 130429, 130472, 130497),
        (131000, 131005, 131008, 131009, 131016, 131020, 131021, 131026, 131030, 131031, 131037),
        (131041, 131042, 131044, 131045, 131047, 131048, 131049, 131050, 131051, 131052, 131053),
        (131055, 131056, 131057, 131059, 131060, 131062, 131063, 131064),
        (131201, 131202, 131204, 131207, 131208),
        _span(131209, 131215),
        (132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132018, 132068, 132069),
        (133000, 133004, 133005, 133006, 133008, 133009, 133010, 133015, 133016),
        (134011, 134100, 134101, 134102, 135000, 136024, 137000),
        _span(138000, 138099),
        _span(139100, 139103),
        (141002, 141006),
        _span(147001, 147005),
        (200005, 200006, 200007, 1752041),
        (2388001, 2388012, 2388019, 2388024, 2388039, 2388040, 2388047, 2388072, 2388073),
        (2388091, 2388093, 2388103, 2388293, 2388299, 2494100),
        (2593079, 2593085, 2593107, 2593108),
    )
)

_RANGE = re.compile(r"(\d+)\s*–\s*(\d+)")
_WILD = re.compile(r"\b(\d{4})xx\b")
_SLASHED = re.compile(r"\b\d{6,7}(?:/\d{1,7})+\b")
_LONG = re.compile(r"(?<![\d.])\d{6,7}(?!\.?\d)")
_FIRST_CELL = re.compile(r"^\| (?P<cell>[*\d][^|]*) \|", re.MULTILINE)


def codes_in(section: str) -> set[int]:
    """Every code that the error section of the reference names as a code.

    In tables, what stands in the first column; in lists, whatever has six or seven digits, which no count or date
    there has. `200005/6/7` and `2388001/12` are short for codes that share their first digits; `1380xx` is a hundred.
    Subcodes (`131056/2494071`) are written the same way and are left out: they have as many digits as they like.
    """
    cells = "\n".join(match["cell"] for match in _FIRST_CELL.finditer(section))
    found = {int(number) for number in re.findall(r"\d+", _RANGE.sub("", cells))}
    listed = "\n".join(
        line for line in section.splitlines() if line.startswith("* ") and "ubcode" not in line
    )
    for text in (cells, listed):
        found |= {code for first, last in _RANGE.findall(text) for code in _span(int(first), int(last))}
    found |= {code for stem in _WILD.findall(listed) for code in _span(int(stem) * 100, int(stem) * 100 + 99)}
    found |= {code for slashed in _SLASHED.findall(listed) for code in _spelled_out(slashed)}
    return found | {int(number) for number in _LONG.findall(_SLASHED.sub("", listed))}


def _spelled_out(slashed: str) -> Iterator[int]:
    first, *rest = slashed.split("/")
    yield int(first)
    for short in rest:
        yield int(first[: max(0, len(first) - len(short))] + short)
