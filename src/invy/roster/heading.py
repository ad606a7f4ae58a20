"""Which column is which: by its heading in Hebrew, Arabic, English and some neighbours, else by what stands in it."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from invy.domain.errors import PhoneRefused
from invy.domain.phone import Caution, parse
from invy.roster import heading_words as vocabulary
from invy.roster.heading_words import plain

SAMPLE: Final = 50
"""How many rows are looked at to tell columns apart."""
_WIDEST: Final = 200
"""Columns further right are kept, but none of them is taken for a name or a number."""
_KNOWN_SCRIPTS: Final = frozenset({"LATIN", "HEBREW", "ARABIC", "CYRILLIC"})
_SOME_DIGITS: Final = 5
"""A single column with so many digits anywhere is meant as numbers, even if each is wrong."""
_HEADING_WITHIN: Final = 10
"""A heading may stand below this many rows of title."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions of the columns we understand, and the names of all. `phones` in the order in which to try them."""

    names: tuple[str, ...]
    phones: tuple[int, ...]
    full_name: int | None = None
    first_name: int | None = None
    last_name: int | None = None
    heading: tuple[str, ...] = ()
    """The heading row itself, empty when the file has none."""

    def name_of(self, position: int) -> str:
        return self.names[position] if position < len(self.names) else f"column {position + 1}"


def find(rows: Sequence[tuple[int, Sequence[str]]], region: str) -> tuple[Columns, tuple[int, ...]]:
    """The columns, and the numbers of the rows that hold headings or titles. `rows` are the first filled ones."""
    filled = [[cell.strip() for cell in cells[:_WIDEST]] for _, cells in rows[:SAMPLE]]
    for index, cells in enumerate(filled[:_HEADING_WITHIN]):
        if any(_is_phone(cell, region) for cell in cells):
            break
        roles = [_role(cell) for cell in cells]
        if "mobile" in roles or "phone" in roles or (any(roles) and len(cells) > 1):
            columns = _by_heading(cells, roles, filled[index + 1 :], region)
            return _named(columns, rows[index][1]), tuple(row for row, _ in rows[: index + 1])
    columns = _by_content(filled, region)
    if filled and columns.phones and _reads_like_a_heading(filled[0], columns.phones[0], len(filled)):
        return _named(columns, rows[0][1]), (rows[0][0],)
    return columns, ()


def _named(columns: Columns, heading: Sequence[str]) -> Columns:
    return replace(columns, names=_distinct(heading), heading=tuple(cell.strip() for cell in heading))


def _reads_like_a_heading(cells: Sequence[str], phone: int, rows: int) -> bool:
    """Words in a script of which we know no headings, above a column of numbers.

    In the scripts we know, a word there is rather a guest whose number is "none" or "אין".
    """
    word = cells[phone] if phone < len(cells) else ""
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word if letter.isalpha()}
    return rows > 1 and bool(scripts) and not scripts & _KNOWN_SCRIPTS and not any(map(str.isdigit, word))


def _role(heading: str) -> str | None:
    text = plain(heading)
    words = set(text.split())
    if not words or len(text) > 40:  # noqa: PLR2004 - a sentence, not a heading
        return None
    for role, names in (("full", vocabulary.FULL), ("first", vocabulary.FIRST), ("last", vocabulary.LAST)):
        if text in names:
            return role
    if words & vocabulary.NOT_PHONE:
        return None
    if words & vocabulary.MOBILE:
        return "mobile"
    if words & vocabulary.PHONE and not (words <= vocabulary.BARE_NUMBER and len(words) == 1):
        return "phone"
    return "bare number" if words <= vocabulary.BARE_NUMBER else None


def _by_heading(
    cells: Sequence[str], roles: Sequence[str | None], below: Sequence[Sequence[str]], region: str
) -> Columns:
    def first(role: str) -> int | None:
        return roles.index(role) if role in roles else None

    full, given, family = first("full"), first("first"), first("last")
    if (
        full is not None
        and given is None
        and family is not None
        and plain(cells[full]) in vocabulary.FIRST_BESIDE_LAST
    ):
        full, given = None, full
    if (
        full is not None
        and given is not None
        and family is None
        and plain(cells[full]) in vocabulary.LAST_BESIDE_FIRST
    ):
        full, family = None, full
    phones = [i for i, role in enumerate(roles) if role == "mobile"]
    phones += [i for i, role in enumerate(roles) if role == "phone"]
    if not phones:
        phones = [
            i for i, role in enumerate(roles) if role == "bare number" and _holds_phones(below, i, region)
        ]
    if not phones:
        unnamed = [i for i, role in enumerate(roles) if role is None]
        phones = sorted(
            (i for i in unnamed if _holds_phones(below, i, region)),
            key=lambda i: -phone_score(below, i, region),
        )
    if full is None and given is None and family is None:
        full = _most_words(below, set(phones))
    return Columns((), tuple(phones), full, given, family)


def _by_content(rows: Sequence[Sequence[str]], region: str) -> Columns:
    width = max(map(len, rows), default=0)
    names = tuple(f"column {i + 1}" for i in range(width))
    scores = {i: phone_score(rows, i, region) for i in range(width)}
    phones = sorted((i for i in scores if scores[i]), key=lambda i: -scores[i])
    if (
        not phones
        and width == 1
        and any(sum(map(str.isdecimal, cells[0])) >= _SOME_DIGITS for cells in rows if cells)
    ):
        phones = [0]
    return Columns(names, tuple(phones[:1]), _most_words(rows, set(phones[:1])))


def _distinct(cells: Sequence[str]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for i, cell in enumerate(cells):
        heading = name = " ".join(cell.split()) or f"column {i + 1}"
        number = 1
        while name in names:
            number += 1
            name = f"{heading} ({number})"
        names[name] = None
    return tuple(names)


def _is_phone(cell: str, region: str) -> bool:
    try:
        return Caution.UNKNOWN_RANGE not in parse(cell, region).warnings
    except PhoneRefused:
        return False


def _digits(cell: str) -> bool:
    digits = sum(map(str.isdecimal, cell))
    return 9 <= digits <= 15 and not any(map(str.isalpha, cell))  # noqa: PLR2004 - too few or many for a mobile number


def phone_score(rows: Sequence[Sequence[str]], i: int, region: str) -> int:
    """How much a column looks like phone numbers: most for real ones, a little for as many digits."""
    cells = [cells[i] for cells in rows if i < len(cells) and cells[i]]
    return sum(4 if _is_phone(cell, region) else 1 if _digits(cell) else 0 for cell in cells)


def _holds_phones(rows: Sequence[Sequence[str]], i: int, region: str) -> bool:
    return phone_score(rows, i, region) > 0


def _most_words(rows: Sequence[Sequence[str]], without: set[int]) -> int | None:
    """The column with the most cells of letters; the leftmost of equals."""
    width = max(map(len, rows), default=0)
    counts = {
        i: sum(
            i < len(cells) and sum(map(str.isalpha, cells[i])) > 1 and "@" not in cells[i] for cells in rows
        )
        for i in range(width)
        if i not in without
    }
    best = max(counts, key=lambda i: (counts[i], -i), default=None)
    return best if best is not None and counts[best] else None
