"""Guests who do not exist, as many as asked for, the same for the same seed.

Every number is reserved for fiction: Ofcom's 07700 900000–900999 and 555-0100–0199 of every North American area code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_GIVEN = (
    "איילה", "נועם", "תמר", "יונתן", "שירה", "אורי", "מאיה", "עומר", "הילה", "דניאל",
    "ليلى", "أحمد", "مريم", "سمير", "نور", "فاطمة",
    "Emma", "Oliver", "Zoë", "José", "Sophia", "Noah", "Иван", "Grace",
)  # fmt: skip
_FAMILY = (
    "חורב", "כהן", "לוי", "מזרחי", "פרידמן", "אזולאי", "ברק", "שגב",
    "حداد", "منصور", "خوري", "عيسى",
    "Hughes", "O'Connor", "Müller", "García", "Williams", "Петров",
)  # fmt: skip
_AREAS = (
    "212",
    "305",
    "312",
    "415",
    "617",
    "702",
    "713",
    "206",
    "303",
    "404",
    "503",
    "602",
    "615",
    "718",
    "808",
)


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    phone: str


MOST = 1000 + 100 * len(_AREAS)
"""How many different numbers there are."""


def people(count: int, seed: int) -> Iterator[Person]:
    """`count` people with different numbers, at most `MOST`."""
    random = Random(seed)  # noqa: S311 - a guest list, not a secret
    numbers = [f"+447700900{n:03d}" for n in range(1000)]
    numbers += [f"+1{area}55501{n:02d}" for area in _AREAS for n in range(100)]
    for phone in random.sample(numbers, count):
        yield Person(f"{random.choice(_GIVEN)} {random.choice(_FAMILY)}", phone)
